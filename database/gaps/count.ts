/** Counts of the source that are given up where they take long: a look for gaps must be cheap enough for every day. */
import { CarryoverError } from '../../shared/errors';
import type { Mapping } from '../../mappings/mapping';
import { compareKey, moved } from '../source/expressions';
import type { LegacyKey } from '../source/expressions';
import { quoteMy } from '../source/quote';
import type { SourceQueries, SourceRow } from '../source/session';

/** Milliseconds for each count. */
export const COUNT_LIMIT_MS = 10_000;

async function limited(ask: (signal: AbortSignal) => Promise<SourceRow[]>, limitMs: number): Promise<number | null> {
  const signal = limitMs <= 0 ? AbortSignal.abort() : AbortSignal.timeout(limitMs);
  try {
    return Number((await ask(signal))[0]![0]);
  } catch (error) {
    // Its statement was ended on the server as well.
    if (signal.aborted && !(error instanceof CarryoverError)) return null;
    throw error;
  }
}

/** Rows of a table; null where counting them takes too long. */
export const countTable = (source: SourceQueries, table: string, limitMs: number): Promise<number | null> =>
  limited((signal) => source.query('gaps.count', `SELECT COUNT(*) FROM ${quoteMy(table)}`, [], signal), limitMs);

/** Rows that the mapping moves; null likewise. */
export const countMoved = (source: SourceQueries, mapping: Mapping, limitMs: number): Promise<number | null> =>
  limited(
    (signal) =>
      source.query(
        'gaps.countMoved',
        `SELECT COUNT(*) FROM ${quoteMy(mapping.source.table)} WHERE ${moved(mapping)}`,
        [],
        signal,
      ),
    limitMs,
  );

/** Of these, rows whose key is above a bound; null likewise. */
export function countAbove(
  source: SourceQueries,
  mapping: Mapping,
  bound: LegacyKey,
  limitMs: number,
): Promise<number | null> {
  const above = compareKey(mapping, '>', bound);
  return limited(
    (signal) =>
      source.query(
        'gaps.countAbove',
        `SELECT COUNT(*) FROM ${quoteMy(mapping.source.table)} WHERE ${above.sql} AND ${moved(mapping)}`,
        above.values,
        signal,
      ),
    limitMs,
  );
}
