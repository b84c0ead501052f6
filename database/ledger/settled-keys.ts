/** What became of rows that a run took again, key by key: the lines of the full run are history, the difference is here. */
import type { Mapping } from '../../mappings/mapping';
import type { BatchRef } from '../../shared/messages';
import { stagedKey } from '../target/expressions';
import type { TargetQueries } from '../target/session';
import type { StageTables } from '../target/stage';

/**
 * Notes of each row of a batch what it counted as before, and what it counts as now. Before: what the latest run that took
 * it again made of it, else what the full run did, which loaded whatever it did not send to quarantine. A row that is gone
 * from the source has no line, and counts as it did.
 */
export async function settleKeys(
  session: TargetQueries,
  mapping: Mapping,
  ref: BatchRef,
  tables: StageTables,
): Promise<void> {
  await session.query(
    'load.settle',
    `INSERT INTO carryover.settled_keys (run_id, batch, legacy_key, base_run, base_batch, was, now)
     SELECT $1, $2, k.key, x.base_run, b.batch,
       coalesce(
         (SELECT s.now FROM carryover.settled_keys s
          WHERE s.base_run = x.base_run AND s.legacy_key = k.key AND s.run_id < $1 ORDER BY s.run_id DESC LIMIT 1),
         CASE WHEN EXISTS (SELECT FROM carryover.quarantine_occurrences o
                           WHERE o.run_id = x.base_run AND (b.batch IS NULL OR o.batch = b.batch) AND o.legacy_key = k.key)
              THEN 'quarantined' ELSE 'loaded' END),
       CASE WHEN k.is_fit THEN 'loaded' ELSE 'quarantined' END
     FROM (SELECT ${stagedKey(mapping)} AS key, NOT EXISTS (SELECT FROM ${tables.unfit} u WHERE u.n = r.n) AS is_fit
           FROM ${tables.rows} r) k
     CROSS JOIN (SELECT base_run FROM carryover.runs WHERE run_id = $1) x
     LEFT JOIN carryover.batches b ON b.run_id = x.base_run
       AND carryover.key_numbers(k.key) <= carryover.key_numbers(b.to_key::text)
       AND (b.after_key IS NULL OR carryover.key_numbers(k.key) > carryover.key_numbers(b.after_key::text))`,
    [ref.run, ref.batch],
  );
}
