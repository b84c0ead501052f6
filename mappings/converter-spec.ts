/** The converters that a mapping may name, with their settings. Their SQL forms live in `database/converters/`. */

export type IntegerType = 'smallint' | 'integer' | 'bigint';

export type ConverterSpec =
  /** Whole numbers; a value outside the target type's range is `value_invalid`. */
  | { readonly kind: 'integer'; readonly type: IntegerType }
  /** 0 and 1; anything else is `value_invalid`. */
  | { readonly kind: 'boolean' }
  /** Text; `max` counts characters, a longer value is `value_too_long`. */
  | { readonly kind: 'text'; readonly max?: number }
  /** Exact decimals of the same scale on both sides. */
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  /** Calendar days; a zero date becomes NULL by rule or is `value_invalid`, a partial or impossible one always is. */
  | { readonly kind: 'date'; readonly zero: 'null' | 'quarantine' }
  /** Wall clocks of the mapping's zone as instants; `precision` is the source column's fractional digits, 0 to 6. */
  | { readonly kind: 'instant'; readonly precision: number; readonly zero: 'null' | 'quarantine' }
  /** Codes to labels of an enum type; a code that is not listed is `code_unknown`, or becomes `unknown.value`. */
  | {
      readonly kind: 'code';
      readonly type: string;
      readonly codes: Readonly<Record<string, string>>;
      readonly unknown: 'quarantine' | { readonly value: string };
    };
