/**
 * Why a row is in quarantine, proved again from the row itself: for each reason and column a predicate over the raw text.
 * Written for this alone: what sent the row to quarantine is not asked.
 */
import { referencesOf } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import type { ConverterSpec } from '../../mappings/converter-spec';
import type { Reason } from '../../shared/reasons';
import type { Sql } from '../converters/converter';
import { literalPg } from '../target/quote';

export interface Proof {
  readonly reason: Reason;
  readonly column: string;
  /** PostgreSQL predicate over `text` (the raw value as text) and `value` (as jsonb); NULL where it says nothing. */
  readonly holds: Sql;
}

const LIMITS = {
  smallint: '-32768 AND 32767',
  integer: '-2147483648 AND 2147483647',
  bigint: '-9223372036854775808 AND 9223372036854775807',
} as const;

const NUMBER = `text ~ '^-?[0-9]+(\\.[0-9]+)?$'`;

/** True where year, month and day are those of the day that they name; days are added, so that none can fail. */
const IS_DAY = `(CASE WHEN text ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])' AND left(text, 4) <> '0000'
  THEN to_char(make_date(left(text, 4)::integer, substr(text, 6, 2)::integer, 1) + (substr(text, 9, 2)::integer - 1),
               'YYYY-MM-DD') = left(text, 10) ELSE false END)`;

/** True for a double that no real has: too large, too small, or with more digits. */
const NO_REAL = `(CASE WHEN text = '0' THEN false
  WHEN abs(text::numeric) > 3.4028235e38 OR abs(text::numeric) < 1.4e-45 THEN true
  ELSE text::float8 <> text::float8::float4::float8 END)`;

const IS_ZERO = `text LIKE '0000-00-00%'`;

/** Whether a text cannot be a value of a kind. */
function invalid(spec: ConverterSpec): Sql | null {
  switch (spec.kind) {
    case 'integer':
      return `(CASE WHEN text ~ '^-?[0-9]+$' THEN text::numeric NOT BETWEEN ${LIMITS[spec.type]} ELSE true END)`;
    case 'decimal':
      return `(CASE WHEN ${NUMBER} THEN abs(text::numeric) >= 1e${spec.precision - spec.scale} ELSE true END)`;
    case 'boolean':
      return `text NOT IN ('0', '1')`;
    case 'timeOfDay':
      return `(text !~ '^[0-9]{2}:' OR substr(text, 1, 2) > '23')`;
    case 'float':
      return spec.type === 'real' ? NO_REAL : null;
    case 'json':
      return `NOT carryover.is_json(text, ${spec.type === 'jsonb'})`;
    case 'date':
    case 'instant':
    case 'timestamp':
    case 'wallClock':
      return spec.zero === 'null' ? `NOT (${IS_DAY} OR ${IS_ZERO})` : `NOT ${IS_DAY}`;
    case 'text':
    case 'code':
    case 'duration':
    case 'bytes':
    case 'set':
      return null;
  }
}

/** The wall clock read in the zone does not come back: no instant has it. */
function inGap(zone: Sql): Sql {
  const wall = 'text::timestamp';
  return `(CASE WHEN ${IS_DAY} THEN ((${wall} AT TIME ZONE ${zone}) AT TIME ZONE ${zone}) <> ${wall} ELSE false END)`;
}

const SHIFTS = ['30 minutes', '1 hour', '2 hours', '3 hours'];

/** An instant shortly before or after has the same wall clock. */
function inFold(zone: Sql): Sql {
  const wall = 'text::timestamp';
  const twins = SHIFTS.flatMap((shift) =>
    ['+', '-'].map(
      (sign) => `(((${wall} AT TIME ZONE ${zone}) ${sign} interval '${shift}') AT TIME ZONE ${zone}) = ${wall}`,
    ),
  );
  return `(CASE WHEN ${IS_DAY} THEN ${twins.join(' OR ')} ELSE false END)`;
}

/** Every reason that the values of a row can give, but for those of lookups. */
export function proofsOf(mapping: Mapping): Proof[] {
  const zone = literalPg(mapping.time.zone);
  const named: { source: string; convert: ConverterSpec; nullable: boolean }[] = [
    ...mapping.columns.map(({ source, convert, nullable }) => ({ source, convert, nullable: nullable === true })),
    ...referencesOf(mapping).map(({ reference }) => ({ ...reference, nullable: true })),
    ...mapping.lineage.values.map(({ source, convert }) => ({ source, convert, nullable: true })),
  ];
  const columns = [...new Set(named.map(({ source }) => source))];
  return columns.flatMap((column): Proof[] => {
    const rules = named.filter(({ source }) => source === column);
    const specs = rules.map(({ convert }) => convert);
    const unfit = [
      // Bytes that are no text are kept as such.
      `jsonb_typeof(value) = 'object'`,
      ...(rules.some(({ nullable }) => !nullable) ? ['text IS NULL'] : []),
      ...specs.flatMap((spec) => invalid(spec) ?? []),
    ];
    const lengths = specs.flatMap((spec) => (spec.kind === 'text' && spec.max !== undefined ? [spec.max] : []));
    const codes = specs.flatMap((spec) =>
      spec.kind === 'code' && spec.unknown === 'quarantine' ? [Object.keys(spec.codes)] : [],
    );
    const hasClock = specs.some(({ kind }) => kind === 'instant');
    return [
      { reason: 'value_invalid', column, holds: unfit.map((test) => `coalesce(${test}, false)`).join(' OR ') },
      ...lengths.map((max) => ({ reason: 'value_too_long' as const, column, holds: `char_length(text) > ${max}` })),
      ...codes.map((known) => ({
        reason: 'code_unknown' as const,
        column,
        holds: `text NOT IN (${known.map(literalPg).join(', ')})`,
      })),
      ...(hasClock ? [{ reason: 'time_gap' as const, column, holds: inGap(zone) }] : []),
      ...(hasClock && mapping.time.fold === 'quarantine'
        ? [{ reason: 'time_ambiguous' as const, column, holds: inFold(zone) }]
        : []),
    ];
  });
}
