/** Tests on the text of days and times, for casts that must never fail. */
import type { Sql } from './converter';

/** True for the zero date and the zero time. */
export const isZeroDate = (text: Sql): Sql => `${text} LIKE '0000-00-00%'`;

/**
 * True where the text names no day of the calendar: a partial date (month or day zero), a year zero, or a day beyond
 * the month's end, which MySQL can store under some modes. The month's length is computed for late days only.
 */
export const isNoDay = (text: Sql): Sql =>
  `(left(${text}, 4) = '0000' OR substr(${text}, 6, 2) NOT BETWEEN '01' AND '12' OR substr(${text}, 9, 2) NOT ` +
  `BETWEEN '01' AND '31' OR CASE WHEN left(${text}, 4) = '0000' OR substr(${text}, 6, 2) NOT BETWEEN '01' AND '12' ` +
  `OR substr(${text}, 9, 2) <= '28' THEN false ELSE substr(${text}, 9, 2)::integer > date_part('day', ` +
  `(left(${text}, 8) || '01')::date + interval '1 month' - interval '1 day') END)`;

/** Tests for a column that may or may not turn zero dates into NULL. */
export const invalidDay = (text: Sql, zero: 'null' | 'quarantine'): Sql =>
  zero === 'null' ? `(NOT ${isZeroDate(text)} AND ${isNoDay(text)})` : isNoDay(text);
