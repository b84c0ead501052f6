/** Text of wall clocks, as the source writes them. */
import type { Sql } from './converter';

/** Wall clock text with the source's fractional digits; digits beyond them are shown, since they are a difference. */
export function clockText(clock: Sql, precision: number): Sql {
  // Under DateStyle ISO a timestamp without a fraction reads exactly so, at half the price of to_char.
  if (precision === 0) return `${clock}::text`;
  const micros = `to_char(${clock}, 'YYYY-MM-DD HH24:MI:SS.US')`;
  const more = 6 - precision;
  return more === 0
    ? micros
    : `(CASE WHEN right(${micros}, ${more}) = '${'0'.repeat(more)}' THEN left(${micros}, -${more}) ELSE ${micros} END)`;
}

/** Pads the fraction of a text such as `12:00:01.5`, which leaves out zeros at its end; digits beyond are shown. */
export function padFraction(text: Sql, precision: number): Sql {
  if (precision === 0) return text;
  const zeros = `'${'0'.repeat(precision)}'`;
  return (
    `(CASE WHEN strpos(${text}, '.') = 0 THEN ${text} || '.' || ${zeros} ` +
    `ELSE ${text} || left(${zeros}, greatest(0, ${precision} - length(split_part(${text}, '.', 2)))) END)`
  );
}
