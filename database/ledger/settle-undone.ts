/** What rows count as once a batch was undone: what they are by then, and where they are nothing else, pending. */
import type { Mapping } from '../../mappings/mapping';
import type { BatchRef } from '../../shared/messages';
import type { TargetQueries } from '../target/session';
import { JOIN_COUNTED, countedAs, countedTables, numbersOf } from './counted';

/**
 * @param present a query of the keys that the target has rows of, of the batch, but for those that are marked as gone
 * @param isMarked whether it has such a row of the key `t.key`
 * @param deleted a query of the keys that counted as loaded before, and of which another writer had deleted the row
 */
export async function settleUndone(
  session: TargetQueries,
  mapping: Mapping,
  ref: BatchRef,
  present: string,
  isMarked: string,
  deleted: string,
): Promise<void> {
  const numbers = numbersOf(mapping);
  await session.query(
    'undo.settle',
    `INSERT INTO carryover.settled_keys (run_id, batch, legacy_key, base_run, base_batch, was, now)
     WITH own AS MATERIALIZED (
       SELECT r.base_run, r.undoes AS run_id, b.undoes AS batch FROM carryover.batches b JOIN carryover.runs r USING (run_id)
       WHERE b.run_id = $1 AND b.batch = $2),
     touched AS MATERIALIZED (
       SELECT key, bool_or(loaded) AS loaded FROM (
         SELECT key, true AS loaded FROM undone_keys
         UNION ALL SELECT o.legacy_key, false FROM carryover.quarantine_occurrences o JOIN own USING (run_id, batch)
         UNION ALL SELECT m.legacy_key, false FROM carryover.quarantine_images m JOIN own USING (run_id, batch)) k
       WHERE key NOT IN (SELECT key FROM undone_rows WHERE kept IS NOT NULL) GROUP BY key),
     fates AS MATERIALIZED (
       SELECT t.key, ${numbers('t.key')} AS numbers,
         (SELECT s.now FROM carryover.settled_keys s JOIN own ON s.base_run = own.base_run
          WHERE s.legacy_key = t.key AND s.run_id < $1 ORDER BY s.run_id DESC, s.settled_at DESC LIMIT 1) AS settled,
         t.loaded,
         CASE WHEN q.state = 'open' THEN 'quarantined'
              -- A row in the place of one that the undone run sent to quarantine, and that was nowhere before, is another writer's.
              WHEN p.key IS NOT NULL AND (t.loaded OR coalesce(
                (SELECT s.was FROM carryover.settled_keys s JOIN own ON s.run_id = own.run_id AND s.base_run = own.base_run
                 WHERE s.legacy_key = t.key ORDER BY s.settled_at LIMIT 1), 'loaded') = 'loaded') THEN 'loaded'
              WHEN d.key IS NOT NULL THEN 'loaded'
              WHEN ${isMarked} THEN 'nothing'
              WHEN q.state = 'dismissed' THEN 'excluded'
              WHEN q.state = 'gone' THEN 'nothing'
              ELSE 'pending' END AS now
       FROM touched t LEFT JOIN (${present}) p (key) ON p.key = t.key LEFT JOIN (${deleted}) d (key) ON d.key = t.key
       LEFT JOIN carryover.quarantine q ON q.migration = $3 AND q.legacy_key = t.key),
     ${countedTables(mapping, 'SELECT key FROM touched')}
     SELECT $1, $2, key, base_run, batch, was, now FROM (
       SELECT k.key, own.base_run, b.batch, k.loaded, k.now,
         -- What no later run settled counts as the full run has it.
         coalesce(k.settled, ${countedAs(mapping)}) AS was
       FROM own CROSS JOIN fates k ${JOIN_COUNTED}) s
     -- Also of what counts as it did it is noted that we took it out of the target: it is not missed.
     WHERE was <> now OR loaded AND now <> 'loaded'`,
    [ref.run, ref.batch, mapping.name],
  );
}
