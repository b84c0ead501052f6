/**
 * Part of a whole in percent, rounded to two decimals, halves away from zero as PostgreSQL's `round(numeric, 2)` does.
 *
 * @returns null where there is no whole to take a part of
 */
export function percent(part: number, whole: number): number | null {
  if (whole === 0) return null;
  const hundredths = Math.round((Math.abs(part) * 10_000) / Math.abs(whole));
  // No negative zero: it would print as -0.
  return hundredths === 0 ? 0 : (Math.sign(part) * Math.sign(whole) * hundredths) / 100;
}
