import type { ConverterSpec } from '../../mappings/converter-spec';
import type { ConverterForms, Sql } from './converter';

/*
 * Both servers write the shortest digits that lead back to the same binary number, and each in a notation of its own: 1e15
 * and 1e+15, 0.00001 and 1e-05. The canonical text has the digits and one notation, `-0.15e2` for -15, which both
 * can make of theirs, and which reads as the number again.
 */

/** MySQL: FLOAT is widened by the addition, which its own text of six digits would not survive; -0 becomes 0. */
function sourceCanonical(column: Sql): Sql {
  const text = `CAST((${column} + 0e0) AS CHAR)`;
  const unsigned = `TRIM(LEADING '-' FROM ${text})`;
  const mantissa = `SUBSTRING_INDEX(${unsigned}, 'e', 1)`;
  const power = `IF(LOCATE('e', ${text}) > 0, SUBSTRING_INDEX(${text}, 'e', -1) + 0, 0)`;
  const digits = `REPLACE(${mantissa}, '.', '')`;
  const short = `TRIM(LEADING '0' FROM ${digits})`;
  const exponent = `(${power} + LENGTH(SUBSTRING_INDEX(${mantissa}, '.', 1)) - (LENGTH(${digits}) - LENGTH(${short})))`;
  return (
    `IF(${column} = 0, '0', CONCAT(IF(${column} < 0, '-', ''), '0.', TRIM(TRAILING '0' FROM ${short}), 'e', ` +
    `CAST(${exponent} AS SIGNED)))`
  );
}

/** So many significant digits, rounded from the exact value. */
const rounded = (value: Sql, digits: Sql): Sql =>
  `to_char(${value}, CASE WHEN ${digits} = 1 THEN '9EEEE' ELSE '9.' || repeat('9', ${digits} - 1) || 'EEEE' END)`;

/**
 * The digits that the source writes: PostgreSQL passes over a text that lies just between two numbers, though it leads back by
 * the rounding of both servers, and writes more digits: 9.999999999999999e+22 for 1e23. Only of 16 digits and more is there one.
 */
function shortest(value: Sql): Sql {
  const digits = `length(trim('0' FROM translate(split_part(${value}::text, 'e', 1), '-.', '')))`;
  return (
    // Rounded up, the greatest of all would be none any more.
    `(CASE WHEN abs(${value}) > 1.79e308 THEN ${value}::text ` +
    `WHEN ${digits} >= 16 AND ${rounded(value, `(${digits} - 1)`)}::float8 = ${value} THEN (` +
    `SELECT trim(${rounded(value, 'n')}) FROM generate_series(1, ${digits} - 1) AS n ` +
    `WHERE ${rounded(value, 'n')}::float8 = ${value} ORDER BY n LIMIT 1) ELSE ${value}::text END)`
  );
}

/** The same of a double precision value, from PostgreSQL's text of it. */
function targetCanonical(value: Sql): Sql {
  const text = shortest(`${value}::float8`);
  const mantissa = `ltrim(split_part(${text}, 'e', 1), '-')`;
  const power = `coalesce(nullif(split_part(${text}, 'e', 2), ''), '0')::integer`;
  const digits = `replace(${mantissa}, '.', '')`;
  const short = `ltrim(${digits}, '0')`;
  const exponent = `(${power} + length(split_part(${mantissa}, '.', 1)) - (length(${digits}) - length(${short})))`;
  return (
    `(CASE WHEN ${value} = 0 THEN '0' WHEN ${value} IS NOT NULL THEN ` +
    `CASE WHEN ${value} < 0 THEN '-' ELSE '' END || '0.' || rtrim(${short}, '0') || 'e' || ${exponent} END)`
  );
}

export const float: ConverterForms<Extract<ConverterSpec, { kind: 'float' }>> = {
  sourceText: (_spec, column) => sourceCanonical(column),
  plainBytes: true,
  // What does not fit into the narrower type would be an error, or another number; the wider one takes every value.
  unfit: (spec, text) =>
    spec.type === 'double'
      ? []
      : [
          {
            reason: 'value_invalid',
            when:
              `(CASE WHEN abs(${text}::float8) > 3.4028234663852886e38 OR (${text} <> '0' AND abs(${text}::float8) < 1.401298464324817e-45) ` +
              `THEN true ELSE ${text}::float8::float4::float8 <> ${text}::float8 END)`,
          },
        ],
  toTarget: (spec, text) => (spec.type === 'double' ? `${text}::float8` : `${text}::float8::float4`),
  readBack: (_spec, value) => ({
    text: targetCanonical(value),
    // No number of the source, or one that is written otherwise: a zero has no sign there.
    impossible: `coalesce(${value}::text IN ('NaN', 'Infinity', '-Infinity', '-0'), false)`,
  }),
  toLineage: (_spec, text) => text,
  lineageText: (_spec, json) => json,
};
