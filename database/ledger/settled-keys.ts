/** What became of rows that a run took again, key by key: the lines of the full run are history, the difference is here. */
import { hasIntegerKey } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import type { BatchRef } from '../../shared/messages';
import { isDismissed } from '../quarantine/left-out';
import { stagedKey } from '../target/expressions';
import type { TargetQueries } from '../target/session';
import type { StageTables } from '../target/stage';

/**
 * Notes of each row of a batch what it counted as before, and what it counts as now. Before: what the latest run that took
 * it again made of it, else what the full run did: nothing of a key beyond its batches, and what became of the batch of the
 * others, where every row that neither went to quarantine nor was dismissed is loaded. A row that is gone from the source has no line, and
 * counts as it did. A batch that is loaded again keeps what its rows counted as before.
 */
export async function settleKeys(
  session: TargetQueries,
  mapping: Mapping,
  ref: BatchRef,
  tables: StageTables,
): Promise<void> {
  // Keys that are no integers may be sorted otherwise by the source: nobody knows here which batch held them.
  const isPlaced = hasIntegerKey(mapping);
  const numbers = (key: string): string => (isPlaced ? `carryover.key_numbers(${key})` : 'NULL::numeric[]');
  await session.query(
    'load.settle',
    // Numbers of keys and of bounds are computed once each, and not for each pair.
    `INSERT INTO carryover.settled_keys (run_id, batch, legacy_key, base_run, base_batch, was, now)
     WITH own AS MATERIALIZED (SELECT base_run FROM carryover.runs WHERE run_id = $1),
     keys AS MATERIALIZED (
       SELECT k.key, ${numbers('k.key')} AS numbers, k.now
       FROM (SELECT ${stagedKey(mapping)} AS key,
               CASE WHEN u.n IS NULL THEN 'loaded' WHEN ${isDismissed('u')} THEN 'excluded' ELSE 'quarantined' END AS now
             FROM ${tables.rows} r LEFT JOIN ${tables.unfit} u ON u.n = r.n) k),
     bounds AS MATERIALIZED (
       SELECT b.batch, b.state, b.ever_loaded, ${numbers('b.after_key::text')} AS low, ${numbers('b.to_key::text')} AS high
       FROM carryover.batches b JOIN own ON b.run_id = own.base_run),
     held AS MATERIALIZED (
       SELECT DISTINCT o.legacy_key FROM carryover.quarantine_occurrences o JOIN own ON o.run_id = own.base_run
       WHERE o.legacy_key IN (SELECT key FROM keys)),
     left_out AS MATERIALIZED (
       SELECT DISTINCT o.legacy_key FROM carryover.dismissal_occurrences o JOIN own ON o.run_id = own.base_run
       WHERE o.legacy_key IN (SELECT key FROM keys))
     SELECT $1, $2, k.key, own.base_run, b.batch,
       coalesce(
         (SELECT s.now FROM carryover.settled_keys s
          WHERE s.base_run = own.base_run AND s.legacy_key = k.key AND s.run_id < $1 ORDER BY s.run_id DESC, s.settled_at DESC LIMIT 1),
         CASE WHEN ${isPlaced} AND b.batch IS NULL THEN 'nothing'
              WHEN b.state = 'skipped' THEN 'excluded'
              WHEN NOT b.ever_loaded THEN 'pending'
              WHEN h.legacy_key IS NOT NULL THEN 'quarantined'
              WHEN d.legacy_key IS NOT NULL THEN 'excluded'
              ELSE 'loaded' END),
       k.now
     FROM own CROSS JOIN keys k
     LEFT JOIN bounds b ON k.numbers <= b.high AND (b.low IS NULL OR k.numbers > b.low)
     LEFT JOIN held h ON h.legacy_key = k.key
     LEFT JOIN left_out d ON d.legacy_key = k.key
     ON CONFLICT (run_id, coalesce(batch, 0), legacy_key) DO UPDATE SET now = excluded.now, settled_at = excluded.settled_at`,
    [ref.run, ref.batch],
  );
}
