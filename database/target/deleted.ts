/** Rows that an earlier run loaded and that are now nowhere: another writer deleted them, and they are not inserted again. */
import type { TimedMapping } from '../converters/converter';
import type { Attempt } from '../ledger/attempts';
import { lastUnloaded } from '../ledger/settled-keys';
import type { BatchRef } from '../../shared/messages';
import { stagedKey } from './expressions';
import type { StageTables } from './stage';

/** The batch `$2` of run `$1`: migration, run and bounds. */
const OF_RUN = `
  SELECT o.run_id, r.migration, o.after_key, o.to_key FROM carryover.batches o JOIN carryover.runs r USING (run_id)
  WHERE o.run_id = $1 AND o.batch = $2`;

/**
 * Lines of `inserted_keys` of earlier runs, `k`, that may hold keys of a batch. What the run itself has loaded is not asked
 * about: a batch that is tried again is loaded as the run means it.
 *
 * @param batch query of one row that says which; a run's unless given
 */
export const loadedBefore = (batch = OF_RUN): string => `
  SELECT k.legacy_keys, k.run_id, own.migration FROM (${batch}) own
  JOIN carryover.runs r ON r.migration = own.migration AND r.run_id IS DISTINCT FROM own.run_id
  JOIN carryover.inserted_keys k ON k.run_id = r.run_id
  JOIN carryover.batches b ON b.run_id = k.run_id AND b.batch = k.batch
  -- Ranges of keys that are no integers are not known to be apart.
  WHERE (carryover.key_numbers(b.to_key::text) > carryover.key_numbers(own.after_key::text)) IS NOT FALSE
    AND (carryover.key_numbers(b.after_key::text) < carryover.key_numbers(own.to_key::text)) IS NOT FALSE`;

/** Begins a statement that takes such rows out of `changes`, and has them as `kept`: key and number in the stage. */
export const takeDeleted = (mapping: TimedMapping, tables: StageTables, before: string): string => `
  WITH absent AS MATERIALIZED (
    SELECT c.staged_row, ${stagedKey(mapping)} AS key FROM changes c JOIN ${tables.rows} r ON r.n = c.staged_row
    WHERE NOT c.existed),
  known AS MATERIALIZED (
    SELECT key FROM (${before} AND EXISTS (SELECT FROM absent)) k CROSS JOIN LATERAL unnest(k.legacy_keys) AS u (key)
    WHERE key IN (SELECT key FROM absent) AND k.run_id > ${lastUnloaded('u.key', 'k.migration')}),
  kept AS (
    DELETE FROM changes c USING absent a
    WHERE c.staged_row = a.staged_row AND a.key IN (SELECT key FROM known) RETURNING a.key, c.staged_row)`;

/** Takes such rows out of `changes`, and tells of them: they count as they did, and are found by every verification. */
export async function keepDeleted(
  { session, ref }: Attempt,
  mapping: TimedMapping,
  tables: StageTables,
): Promise<void> {
  await session.query(
    'load.deleted',
    `${takeDeleted(mapping, tables, loadedBefore())}
     INSERT INTO carryover.findings (run_id, batch, kind, legacy_key) SELECT $1, $2, 'deleted_in_target', key FROM kept`,
    [ref.run, ref.batch],
  );
}

/**
 * A query of the keys of `undone_keys` that the undone batch inserted though an earlier run had loaded them: another writer
 * had deleted these rows by then. What a run makes of such a row is taken back, and not that.
 */
export const deletedBeforeUndone = (ref: BatchRef): string => `
  SELECT DISTINCT u.key FROM (${loadedBefore(`
    SELECT o.run_id, r.migration, o.after_key, o.to_key FROM carryover.batches own JOIN carryover.runs x ON x.run_id = own.run_id
    JOIN carryover.runs r ON r.run_id = x.undoes JOIN carryover.batches o ON o.run_id = r.run_id AND o.batch = own.undoes
    WHERE own.run_id = ${BigInt(ref.run)} AND own.batch = ${Math.trunc(ref.batch)}`)}) k
  CROSS JOIN LATERAL unnest(k.legacy_keys) AS u (key)
  CROSS JOIN (SELECT undoes FROM carryover.runs WHERE run_id = ${BigInt(ref.run)}) x
  WHERE k.run_id < x.undoes AND u.key IN (SELECT key FROM undone_keys WHERE inserted)
    AND k.run_id > ${lastUnloaded('u.key', 'k.migration', 'x.undoes')}`;
