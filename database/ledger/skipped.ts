/** Skipped batches of a full run that a replay takes back: each is a batch of the replay, over the same keys. */
import { CarryoverError } from '../../shared/errors';
import { hasIntegerKey } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import type { BatchRef } from '../../shared/messages';
import type { LegacyKey } from '../source/expressions';
import { stagedKey } from '../target/expressions';
import type { TargetQueries } from '../target/session';
import type { StageTables } from '../target/stage';
import type { SomeRows } from './some-rows';

/** SQL condition that a batch with an alias is left out still: it was skipped, and no later run has taken its rows. */
export const isLeftOut = (alias: string): string => `${alias}.state = 'skipped' AND NOT EXISTS (
  SELECT FROM carryover.taken_back k WHERE k.base_run = ${alias}.run_id AND k.base_batch = ${alias}.batch)`;

/**
 * Of keys that are no integers nobody can tell which are those of a skipped batch: what is taken beside it would count for it.
 *
 * @param nothing `Nothing was repaired`, as the refusal begins
 * @throws CarryoverError `InputRefused` where a batch is left out
 */
export async function requireNoneLeftOut(
  session: TargetQueries,
  migration: string,
  base: string,
  mapping: Mapping,
  nothing: string,
): Promise<void> {
  if (hasIntegerKey(mapping)) return;
  const found = await session.query<{ any: boolean }>(
    'again.leftOut',
    `SELECT EXISTS (SELECT FROM carryover.batches b WHERE b.run_id = $1 AND ${isLeftOut('b')}) AS any`,
    [base],
  );
  if (!found.rows[0]!.any) return;
  throw new CarryoverError(
    'InputRefused',
    `${nothing}: run ${base} of ${migration} has batches that somebody skipped, and of keys that are no numbers ` +
      `nobody can tell which rows are theirs. Take them back with "takeSkipped" of replay, or start migrate.`,
  );
}

/** @throws CarryoverError `InputRefused` where no batch is left out */
export async function readSkippedBatches(session: TargetQueries, migration: string, base: string): Promise<SomeRows> {
  const counted = await session.query<{
    batches: string;
    rows: string;
    lower_key: LegacyKey | null;
    upper_key: LegacyKey | null;
    taken_by: string | null;
  }>(
    'skipped.count',
    `SELECT count(b.batch) AS batches, coalesce(sum(b.source), 0) AS rows, r.lower_key, r.upper_key,
       (SELECT max(k.run_id) FROM carryover.taken_back k WHERE k.base_run = r.run_id) AS taken_by
     FROM carryover.runs r LEFT JOIN carryover.batches b ON b.run_id = r.run_id AND ${isLeftOut('b')}
     WHERE r.run_id = $1 GROUP BY r.run_id`,
    [base],
  );
  const { batches, rows, lower_key: lower, upper_key: upper, taken_by: takenBy } = counted.rows[0]!;
  if (Number(batches) === 0) {
    const by = takenBy === null ? 'no batch of it is skipped' : `run ${takenBy} took its skipped batches back`;
    throw new CarryoverError('InputRefused', `Nothing was replayed: of run ${base} of ${migration}, ${by}.`);
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
 * one by one, each of which has a line that says so. Of these, what the batch does not find, since the source lost it or a
 * rule leaves it out by now, counts by that line no more: a full run would not count it either.
 */
export async function recordTakenBack(
  session: TargetQueries,
  mapping: Mapping,
  { run, batch }: BatchRef,
  tables: StageTables,
): Promise<void> {
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
  await session.query(
    'skipped.settle',
    `INSERT INTO carryover.settled_keys (run_id, batch, legacy_key, base_run, base_batch, was, now)
     SELECT $1, $2, l.legacy_key, l.base_run, l.base_batch, l.now, 'nothing' FROM (
       SELECT DISTINCT ON (s.legacy_key) s.* FROM carryover.settled_keys s
       JOIN carryover.runs r ON r.base_run = s.base_run JOIN carryover.batches t ON t.run_id = r.run_id AND t.takes_back = s.base_batch
       WHERE t.run_id = $1 AND t.batch = $2 ORDER BY s.legacy_key, s.run_id DESC, s.settled_at DESC) l
     WHERE l.now <> 'nothing' AND l.legacy_key NOT IN (SELECT ${stagedKey(mapping)} FROM ${tables.rows} r)
     ON CONFLICT (run_id, coalesce(batch, 0), legacy_key) DO UPDATE SET now = 'nothing', settled_at = excluded.settled_at`,
    [run, batch],
  );
}
