/** Skipped batches of a full run that a replay takes back: each is a batch of the replay, over the same keys. */
import { CarryoverError } from '../../shared/errors';
import type { BatchRef } from '../../shared/messages';
import type { LegacyKey } from '../source/expressions';
import type { TargetQueries } from '../target/session';
import type { SomeRows } from './some-rows';

/** SQL condition that a batch with an alias is left out still: it was skipped, and no later run has taken its rows. */
export const isLeftOut = (alias: string): string => `${alias}.state = 'skipped' AND NOT EXISTS (
  SELECT FROM carryover.taken_back k WHERE k.base_run = ${alias}.run_id AND k.base_batch = ${alias}.batch)`;

/** @throws CarryoverError `InputRefused` where no batch is left out */
export async function readSkippedBatches(session: TargetQueries, migration: string, base: string): Promise<SomeRows> {
  const counted = await session.query<{
    batches: string;
    rows: string;
    lower_key: LegacyKey | null;
    upper_key: LegacyKey | null;
  }>(
    'skipped.count',
    `SELECT count(b.batch) AS batches, coalesce(sum(b.source), 0) AS rows, r.lower_key, r.upper_key
     FROM carryover.runs r LEFT JOIN carryover.batches b ON b.run_id = r.run_id AND ${isLeftOut('b')}
     WHERE r.run_id = $1 GROUP BY r.run_id`,
    [base],
  );
  const { batches, rows, lower_key: lower, upper_key: upper } = counted.rows[0]!;
  if (Number(batches) === 0) {
    throw new CarryoverError(
      'InputRefused',
      `Nothing was replayed: no batch of run ${base} of ${migration} is skipped, or all were taken back already.`,
    );
  }
  const none = { query: '', values: [], held: 0, kept: {} };
  return { mode: 'replay', base, takesSkipped: true, bounds: { lower, upper }, keys: Number(rows), ...none };
}

/** Cuts the batches of a replay: the keys of each that is left out. */
export async function cutSkipped(session: TargetQueries, run: string, base: string): Promise<void> {
  await session.query(
    'skipped.cut',
    `INSERT INTO carryover.batches (run_id, batch, takes_back, after_key, to_key, source, pending)
     SELECT $1, row_number() OVER (ORDER BY b.batch), b.batch, b.after_key, b.to_key, b.source, b.source
     FROM carryover.batches b WHERE b.run_id = $2 AND ${isLeftOut('b')}`,
    [run, base],
  );
}

/**
 * Notes how many rows a skipped batch still leaves out, as it is taken back: all that it counted but for those which a later run took
 * one by one, each of which has a line that says so.
 */
export async function recordTakenBack(session: TargetQueries, { run, batch }: BatchRef): Promise<void> {
  await session.query(
    'skipped.record',
    `UPDATE carryover.batches t SET taken_back = b.excluded_by_decision - (
       SELECT count(*) FROM (
         SELECT DISTINCT ON (s.legacy_key) s.was FROM carryover.settled_keys s
         WHERE s.base_run = b.run_id AND s.base_batch = b.batch AND s.run_id < t.run_id
         ORDER BY s.legacy_key, s.run_id, s.settled_at) first WHERE was = 'excluded')
     FROM carryover.runs r, carryover.batches b
     WHERE t.run_id = $1 AND t.batch = $2 AND r.run_id = t.run_id AND b.run_id = r.base_run AND b.batch = t.takes_back`,
    [run, batch],
  );
}
