/** The converters that a mapping may name, with their settings. Their SQL forms live in `database/converters/`. */

export type IntegerType = 'smallint' | 'integer' | 'bigint';

export type ConverterSpec =
  /** Whole numbers, years and bits; a value outside the target type's range is `value_invalid`. */
  | { readonly kind: 'integer'; readonly type: IntegerType }
  /** 0 and 1; anything else is `value_invalid`. */
  | { readonly kind: 'boolean' }
  /** Text, and what reads as one; `max` counts characters, a longer value is `value_too_long`. */
  | { readonly kind: 'text'; readonly max?: number }
  /** Exact decimals of the same scale on both sides; with scale 0 also whole numbers of 64 bits without a sign. */
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  /** Calendar days; a zero date becomes NULL by rule or is `value_invalid`, a partial or impossible one always is. */
  | { readonly kind: 'date'; readonly zero: 'null' | 'quarantine' }
  /** Wall clocks of the mapping's zone as instants; `precision` is the source column's fractional digits, 0 to 6. */
  | { readonly kind: 'instant'; readonly precision: number; readonly zero: 'null' | 'quarantine' }
  /** TIMESTAMP, an instant whatever the mapping's zone is; `precision` and `zero` as above. */
  | { readonly kind: 'timestamp'; readonly precision: number; readonly zero: 'null' | 'quarantine' }
  /** DATETIME as the wall clock that it is, in a column without time zone. */
  | { readonly kind: 'wallClock'; readonly precision: number; readonly zero: 'null' | 'quarantine' }
  /** TIME as a span of time, negative and beyond a day as well, in a column of intervals. */
  | { readonly kind: 'duration'; readonly precision: number }
  /** TIME as a time of day; a negative one, or one of 24 hours and more, is `value_invalid`. */
  | { readonly kind: 'timeOfDay'; readonly precision: number }
  /** Binary floating point numbers, to the bit; one that a `real` does not hold exactly is `value_invalid`. */
  | { readonly kind: 'float'; readonly type: 'real' | 'double' }
  /** Bytes as they are. */
  | { readonly kind: 'bytes' }
  /** SET as an array of text, in the order of its definition. */
  | { readonly kind: 'set' }
  /** JSON: as `json` to the letter, as `jsonb` by what it says; text that is none is `value_invalid`. */
  | { readonly kind: 'json'; readonly type: 'json' | 'jsonb' }
  /** Codes to labels of an enum type; a code that is not listed is `code_unknown`, or becomes `unknown.value`. */
  | {
      readonly kind: 'code';
      readonly type: string;
      readonly codes: Readonly<Record<string, string>>;
      readonly unknown: 'quarantine' | { readonly value: string };
    };
