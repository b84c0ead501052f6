/**
 * Wall clocks of Europe/Berlin as seconds since 1970 "as if there were no zone": what a DATETIME column holds. The
 * two hours a year that are no ordinary hours (missing in spring, there twice in autumn) are computed here.
 */

// Taken once: jest's sandbox makes every look at a global slow.
const { floor } = Math;

export const MINUTE = 60;
export const HOUR = 3600;
export const DAY = 86_400;

const TWO_DIGITS = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));

/** The wall clock of a date, month from 1. */
export function wallClock(year: number, month: number, day: number, hour = 0, minute = 0, second = 0): number {
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}

const transitions = new Map<number, { gap: number; fold: number }>();

/** Where a year's missing hour (spring) and double hour (autumn) begin: 02:00 on the last Sunday of the month. */
export function transitionsOf(year: number): { gap: number; fold: number } {
  let found = transitions.get(year);
  if (found === undefined) {
    const lastSunday = (month: number): number => {
      const last = wallClock(year, month, 31);
      return last - new Date(last * 1000).getUTCDay() * DAY;
    };
    found = { gap: lastSunday(3) + 2 * HOUR, fold: lastSunday(10) + 2 * HOUR };
    transitions.set(year, found);
  }
  return found;
}

/** Days since 1970 to year, month and day (Howard Hinnant's civil_from_days). */
function civil(days: number): [number, number, number] {
  const shifted = days + 719_468;
  const era = floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = floor(
    (dayOfEra - floor(dayOfEra / 1460) + floor(dayOfEra / 36_524) - floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + floor(yearOfEra / 4) - floor(yearOfEra / 100));
  const part = floor((5 * dayOfYear + 2) / 153);
  const month = part < 10 ? part + 3 : part - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return [year, month, dayOfYear - floor((153 * part + 2) / 5) + 1];
}

let knownDay = Number.NaN;
let knownYear = 0;
let knownDate = '';

function remember(days: number): void {
  if (days === knownDay) return; // neighbours mostly share their day
  const [year, month, day] = civil(days);
  knownDay = days;
  knownYear = year;
  knownDate = `${year}-${TWO_DIGITS[month]!}-${TWO_DIGITS[day]!}`;
}

/** The year on the calendar. */
export function yearOf(time: number): number {
  remember(floor(time / DAY));
  return knownYear;
}

/** `2024-03-31`. */
export function dateText(time: number): string {
  remember(floor(time / DAY));
  return knownDate;
}

/** `2024-03-31 01:59:59`. */
export function datetimeText(time: number): string {
  const days = floor(time / DAY);
  remember(days);
  const seconds = time - days * DAY;
  const hour = TWO_DIGITS[floor(seconds / HOUR)]!;
  const minute = TWO_DIGITS[floor((seconds % HOUR) / MINUTE)]!;
  return `${knownDate} ${hour}:${minute}:${TWO_DIGITS[seconds % MINUTE]!}`;
}

/** Moves a time out of the hour that never was, to its nearer edge; times stay in order. */
export function outsideGap(time: number): number {
  const { gap } = transitionsOf(yearOf(time));
  if (time < gap || time >= gap + HOUR) return time;
  return time < gap + HOUR / 2 ? gap - 1 : gap + HOUR;
}

/** Moves a time out of the missing and the double hour. */
export function unambiguous(time: number): number {
  const { gap, fold } = transitionsOf(yearOf(time));
  return (time >= gap && time < gap + HOUR) || (time >= fold && time < fold + HOUR) ? time + HOUR : time;
}
