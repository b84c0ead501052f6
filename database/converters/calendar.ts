/** Tests on the text of days and times, for casts that must never fail. */
import type { ReadBack, Sql } from './converter';

/** True for the zero date and the zero time. */
export const isZeroDate = (text: Sql): Sql => `${text} LIKE '0000-00-00%'`;

const plainDay = (text: Sql): Sql =>
  `left(${text}, 4) > '0000' AND substr(${text}, 6, 2) BETWEEN '01' AND '12' AND substr(${text}, 9, 2) BETWEEN '01' AND '28'`;

const lateDay = (text: Sql): Sql =>
  `left(${text}, 4) > '0000' AND substr(${text}, 6, 2) BETWEEN '01' AND '12' AND substr(${text}, 9, 2) IN ('29', '30', '31')`;

/**
 * True where the text names no day of the calendar: a partial date (month or day zero), a year zero, or a day beyond
 * the month's end, which MySQL can store under some modes. The month's length is computed for late days only.
 */
export const isNoDay = (text: Sql): Sql =>
  `(CASE WHEN ${plainDay(text)} THEN false WHEN ${lateDay(text)} THEN substr(${text}, 9, 2)::integer > ` +
  `date_part('day', (left(${text}, 8) || '01')::date + interval '1 month' - interval '1 day') ELSE true END)`;

/** Tests for a column that may or may not turn zero dates into NULL. */
export const invalidDay = (text: Sql, zero: 'null' | 'quarantine'): Sql =>
  zero === 'null' ? `(NOT ${isZeroDate(text)} AND ${isNoDay(text)})` : isNoDay(text);

/**
 * Reads a day or an instant back. Where zero dates became NULL, a NULL says only that the source had a zero date or none:
 * which, is what the lineage keeps.
 *
 * @param text of a value that is not NULL
 * @param kept null where zero dates did not become NULL
 */
export const readBackDay = (value: Sql, text: Sql, kept: Sql | null, impossible?: Sql): ReadBack => {
  if (kept === null) return { text, ...(impossible === undefined ? {} : { impossible }) };
  const noZero = `(${value} IS NULL AND coalesce(NOT ${isZeroDate(kept)}, false))`;
  return {
    text: `(CASE WHEN ${value} IS NULL THEN ${kept} ELSE ${text} END)`,
    impossible: impossible === undefined ? noZero : `(${noZero} OR ${impossible})`,
  };
};
