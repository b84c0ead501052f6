/** Rows that are gone from the source count as nothing from now on: where the full run had counted them, the balance loses them. */
import type { Mapping } from '../../mappings/mapping';
import type { BatchRef } from '../../shared/messages';
import type { TargetQueries } from '../target/session';
import { JOIN_COUNTED, countedAs, countedTables, numbersOf } from './counted';

/**
 * Notes that rows are nothing of the source any more, and takes them out of quarantine: keys of `gone_keys` of which no row is
 * kept in the target, those in `gone_absent` among them.
 */
export async function settleGone(session: TargetQueries, mapping: Mapping, ref: BatchRef): Promise<void> {
  const numbers = numbersOf(mapping);
  const away = `SELECT key FROM gone_keys WHERE key NOT IN (SELECT key FROM gone_rows WHERE kept IS NOT NULL)`;
  await session.query(
    'load.imagesOfGone',
    `INSERT INTO carryover.quarantine_images (run_id, batch, legacy_key, line)
     SELECT $2, $3, legacy_key, to_jsonb(q) FROM carryover.quarantine q
     WHERE migration = $1 AND state IN ('open', 'dismissed') AND legacy_key IN (${away}) ON CONFLICT DO NOTHING`,
    [mapping.name, ref.run, ref.batch],
  );
  const held = await session.query<{ key: string }>(
    'load.quarantineGone',
    `WITH before AS MATERIALIZED (
       SELECT legacy_key FROM carryover.quarantine
       WHERE migration = $1 AND state IN ('open', 'dismissed') AND legacy_key IN (${away}) FOR UPDATE),
     changed AS (
       UPDATE carryover.quarantine q SET state = 'gone', last_run = $2, last_batch = $3, last_seen = now()
       FROM before b WHERE q.migration = $1 AND q.legacy_key = b.legacy_key)
     SELECT legacy_key AS key FROM before`,
    [mapping.name, ref.run, ref.batch],
  );
  await session.query(
    'load.settleGone',
    `INSERT INTO carryover.settled_keys (run_id, batch, legacy_key, base_run, base_batch, was, now)
     WITH own AS MATERIALIZED (SELECT base_run FROM carryover.runs WHERE run_id = $1),
     ${countedTables(mapping, 'SELECT key FROM gone_keys')},
     keys AS MATERIALIZED (
       SELECT key, ${numbers('key')} AS numbers, l.key IS NOT NULL AS was_held,
         (SELECT s.now FROM carryover.settled_keys s JOIN own ON s.base_run = own.base_run
          WHERE s.legacy_key = key AND s.run_id < $1 ORDER BY s.run_id DESC, s.settled_at DESC LIMIT 1) AS settled
       FROM gone_keys LEFT JOIN unnest($3::text[]) AS l (key) USING (key)
       WHERE l.key IS NOT NULL OR key IN (SELECT key FROM gone_rows WHERE kept IS NULL)
         OR key IN (SELECT key FROM gone_absent))
     -- Of what counted as nothing already it is noted as well that we took it: a key that comes back is not missed.
     SELECT $1, $2, k.key, own.base_run, b.batch, coalesce(k.settled, ${countedAs(mapping, 'k.was_held')}), 'nothing'
     FROM own CROSS JOIN keys k ${JOIN_COUNTED}
     ON CONFLICT (run_id, coalesce(batch, 0), legacy_key) DO UPDATE SET now = excluded.now, settled_at = excluded.settled_at`,
    [ref.run, ref.batch, held.rows.map(({ key }) => key)],
  );
}
