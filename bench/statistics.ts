/** Medians and ranges: with three rounds on a busy machine, nothing finer is honest. */

export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Median and range of at least one value, rounded to `digits`. */
export function spread(values: readonly number[], digits = 3): Spread {
  if (values.length === 0) throw new Error('no values to take the median of');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median: round(median, digits), low: round(sorted[0]!, digits), high: round(sorted.at(-1)!, digits) };
}

/** Rounds for the result file: more digits than were measured say nothing. */
export function round(value: number, digits = 3): number {
  return Number(value.toFixed(digits));
}
