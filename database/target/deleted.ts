/** Rows that an earlier run loaded and that are now nowhere: another writer deleted them, and they are not inserted again. */
import type { TimedMapping } from '../converters/converter';
import type { Attempt } from '../ledger/attempts';
import { lastUnloaded } from '../ledger/settled-keys';
import { stagedKey } from './expressions';
import type { StageTables } from './stage';

/**
 * Lines of `inserted_keys` of earlier runs, `k`, that may hold keys of the batch `$2` of run `$1`. What the run itself has loaded is
 * not asked about: a batch that is tried again is loaded as the run means it.
 */
export const loadedBefore = (): string => `
  SELECT k.legacy_keys, k.run_id, own.migration FROM carryover.runs own
  JOIN carryover.batches o ON o.run_id = own.run_id AND o.batch = $2
  JOIN carryover.runs r ON r.migration = own.migration AND r.run_id <> own.run_id
  JOIN carryover.inserted_keys k ON k.run_id = r.run_id
  JOIN carryover.batches b ON b.run_id = k.run_id AND b.batch = k.batch
  WHERE own.run_id = $1
    -- Ranges of keys that are no integers are not known to be apart.
    AND (carryover.key_numbers(b.to_key::text) > carryover.key_numbers(o.after_key::text)) IS NOT FALSE
    AND (carryover.key_numbers(b.after_key::text) < carryover.key_numbers(o.to_key::text)) IS NOT FALSE`;

/** Takes such rows out of `changes`, and tells of them: they count as they did, and are found by every verification. */
export async function keepDeleted(
  { session, ref }: Attempt,
  mapping: TimedMapping,
  tables: StageTables,
): Promise<void> {
  await session.query(
    'load.deleted',
    `WITH absent AS MATERIALIZED (
       SELECT c.staged_row, ${stagedKey(mapping)} AS key FROM changes c JOIN ${tables.rows} r ON r.n = c.staged_row
       WHERE NOT c.existed),
     known AS MATERIALIZED (
       SELECT key FROM (${loadedBefore()} AND EXISTS (SELECT FROM absent)) k CROSS JOIN LATERAL unnest(k.legacy_keys) AS u (key)
       WHERE key IN (SELECT key FROM absent) AND k.run_id > ${lastUnloaded('u.key', 'k.migration')}),
     kept AS (
       DELETE FROM changes c USING absent a
       WHERE c.staged_row = a.staged_row AND a.key IN (SELECT key FROM known) RETURNING a.key)
     INSERT INTO carryover.findings (run_id, batch, kind, legacy_key) SELECT $1, $2, 'deleted_in_target', key FROM kept`,
    [ref.run, ref.batch],
  );
}
