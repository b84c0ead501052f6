/** Cuts the key space into the ranges that a verification looks at, from the batches of the latest run. */
import type { LegacyKey } from '../source/expressions';
import { compareKeys } from './range';
import type { OpenRange } from './range';

/** What is to be found in a range: rows that have their fate, rows that somebody left out, or rows not yet done. */
export type Fate = 'settled' | 'excluded' | 'pending';

export interface PlannedRange extends OpenRange {
  readonly fate: Fate;
  /** Numbers of the first and the last of its batches; null where no batch reaches into it. */
  readonly batches: readonly [first: number, last: number] | null;
}

/** A batch as the ledger has it; batches come in the order of their keys and touch. */
export interface LedgerBatch {
  readonly batch: number;
  readonly to: LegacyKey;
  /** True where a load of its rows has been committed, whatever its state is now. */
  readonly loaded: boolean;
  /** True where a person skipped it, and no later run has taken its rows. */
  readonly leftOut: boolean;
  readonly rows: number;
}

function fateOf({ leftOut, loaded }: LedgerBatch): Fate {
  if (leftOut) return 'excluded';
  return loaded ? 'settled' : 'pending';
}

/**
 * Batches of one fate are taken together up to a number of rows. What lies above the last batch belongs to it where the
 * run was cut to its end, since whatever appears there is new; otherwise it is pending.
 */
export function planRanges(batches: readonly LedgerBatch[], cutToEnd: boolean, rowsPerRange: number): PlannedRange[] {
  const ranges: PlannedRange[] = [];
  let after: LegacyKey | null = null;
  let open: { fate: Fate; rows: number; to: LegacyKey; batches: [number, number] } | undefined;
  const close = (): void => {
    if (open === undefined) return;
    ranges.push({ after, to: open.to, fate: open.fate, batches: open.batches });
    after = open.to;
    open = undefined;
  };
  for (const batch of batches) {
    const fate = fateOf(batch);
    if (open !== undefined && (open.fate !== fate || open.rows + batch.rows > rowsPerRange)) close();
    const first = open?.batches[0] ?? batch.batch;
    open = { fate, rows: (open?.rows ?? 0) + batch.rows, to: batch.to, batches: [first, batch.batch] };
  }
  const last = open?.fate;
  close();
  if (!cutToEnd) return [...ranges, { after, to: null, fate: 'pending', batches: null }];
  if (last === 'settled') {
    const range = ranges.pop()!;
    return [...ranges, { ...range, to: null }];
  }
  return [...ranges, { after, to: null, fate: 'settled', batches: null }];
}

/** The parts of ranges that lie within another; of a part nobody knows what its batches count. */
export function within(ranges: readonly PlannedRange[], only: OpenRange): PlannedRange[] {
  return ranges.flatMap(({ after, to, fate }): PlannedRange[] => {
    const low = after === null || (only.after !== null && compareKeys(only.after, after) > 0) ? only.after : after;
    const high = to === null || (only.to !== null && compareKeys(only.to, to) < 0) ? only.to : to;
    const isEmpty = low !== null && high !== null && compareKeys(low, high) >= 0;
    return isEmpty ? [] : [{ after: low, to: high, fate, batches: null }];
  });
}
