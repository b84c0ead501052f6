/** What became of rows that a run took again, key by key: the lines of the full run are history, the difference is here. */
import { hasIntegerKey } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import type { BatchRef } from '../../shared/messages';
import { isDismissed } from '../quarantine/left-out';
import { stagedKey } from '../target/expressions';
import type { TargetQueries } from '../target/session';
import type { StageTables } from '../target/stage';
import { JOIN_COUNTED, countedAs, countedTables, numbersOf, unmet } from './counted';

/**
 * The run of a migration that settled a key as another fate than some, where that is the last that became of it, else 0: a row that
 * had one of these fates before is not missed.
 *
 * @param key SQL of the key
 * @param migration SQL of the migration's name
 */
const lastSettledOtherwise =
  (...fates: readonly string[]) =>
  (key: string, migration: string): string =>
    `coalesce((SELECT CASE WHEN s.now NOT IN (${fates.map((fate) => `'${fate}'`).join(', ')}) THEN s.run_id ELSE 0 END
    FROM carryover.settled_keys s JOIN carryover.runs x ON x.run_id = s.run_id
    WHERE s.legacy_key = ${key} AND x.migration = ${migration} ORDER BY s.run_id DESC, s.settled_at DESC LIMIT 1), 0)`;

/** Of a row that was loaded: what took it out of the target, or sent it to quarantine. */
export const lastUnloaded = lastSettledOtherwise('loaded');

/** Of a row that was in quarantine: what took it out of all that is known. */
export const lastForgotten = lastSettledOtherwise('loaded', 'quarantined', 'excluded');

/**
 * Notes of each row of a batch what it counted as before, and what it counts as now. Before: what the latest run that took
 * it again made of it, else what the full run did: nothing of a key beyond its batches, or of one that the run's comparison found to
 * be new, and what became of the batch of the others, where every row that neither went to quarantine nor was dismissed is loaded. A row that is gone from the source has no line, and
 * counts as it did. A batch that is loaded again keeps what its rows counted as before.
 */
export async function settleKeys(
  session: TargetQueries,
  mapping: Mapping,
  ref: BatchRef,
  tables: StageTables,
): Promise<void> {
  const isPlaced = hasIntegerKey(mapping);
  const numbers = numbersOf(mapping);
  await session.query(
    'load.settle',
    // Numbers of keys and of bounds are computed once each, and not for each pair.
    `INSERT INTO carryover.settled_keys (run_id, batch, legacy_key, base_run, base_batch, was, now)
     WITH own AS MATERIALIZED (SELECT base_run, compared_by FROM carryover.runs WHERE run_id = $1),
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
     unseen AS MATERIALIZED (
       SELECT f.legacy_key FROM carryover.findings f JOIN own ON f.verification_id = own.compared_by
       WHERE f.kind = 'new' AND f.legacy_key IN (SELECT key FROM keys)),
     unmet AS MATERIALIZED (${unmet(mapping)}),
     left_out AS MATERIALIZED (
       SELECT DISTINCT o.legacy_key FROM carryover.dismissal_occurrences o JOIN own ON o.run_id = own.base_run
       WHERE o.legacy_key IN (SELECT key FROM keys))
     SELECT $1, $2, k.key, own.base_run, b.batch,
       coalesce(
         (SELECT s.now FROM carryover.settled_keys s
          WHERE s.base_run = own.base_run AND s.legacy_key = k.key AND s.run_id < $1 ORDER BY s.run_id DESC, s.settled_at DESC LIMIT 1),
         CASE WHEN u.legacy_key IS NOT NULL OR ${isPlaced} AND b.batch IS NULL OR k.key IN (SELECT legacy_key FROM unmet) THEN 'nothing'
              WHEN b.state = 'skipped' THEN 'excluded'
              WHEN NOT b.ever_loaded THEN 'pending'
              WHEN h.legacy_key IS NOT NULL THEN 'quarantined'
              WHEN d.legacy_key IS NOT NULL THEN 'excluded'
              ELSE 'loaded' END),
       k.now
     FROM own CROSS JOIN keys k
     LEFT JOIN bounds b ON k.numbers <= b.high AND (b.low IS NULL OR k.numbers > b.low)
     LEFT JOIN held h ON h.legacy_key = k.key
     LEFT JOIN unseen u ON u.legacy_key = k.key
     LEFT JOIN left_out d ON d.legacy_key = k.key
     ON CONFLICT (run_id, coalesce(batch, 0), legacy_key) DO UPDATE SET now = excluded.now, settled_at = excluded.settled_at`,
    [ref.run, ref.batch],
  );
}

/** Notes that rows which were pending are nothing any more: listed keys that the source does not have. */
export async function settleAbsent(
  session: TargetQueries,
  mapping: Mapping,
  ref: BatchRef,
  tables: StageTables,
): Promise<void> {
  await session.query(
    'load.settleAbsent',
    `INSERT INTO carryover.settled_keys (run_id, batch, legacy_key, base_run, base_batch, was, now)
     SELECT $1, $2, k.key, own.base_run, l.base_batch, 'pending', 'nothing'
     FROM (SELECT base_run FROM carryover.runs WHERE run_id = $1) own
     CROSS JOIN (
       SELECT CASE jsonb_array_length(e.keys) WHEN 1 THEN e.keys ->> 0 ELSE e.keys::text END AS key
       FROM carryover.batches b CROSS JOIN LATERAL jsonb_array_elements(b.legacy_keys) AS e (keys)
       WHERE b.run_id = $1 AND b.batch = $2) k
     CROSS JOIN LATERAL (
       SELECT s.now, s.base_batch FROM carryover.settled_keys s WHERE s.base_run = own.base_run AND s.legacy_key = k.key
       ORDER BY s.run_id DESC, s.settled_at DESC LIMIT 1) l
     WHERE l.now = 'pending' AND k.key NOT IN (SELECT ${stagedKey(mapping)} FROM ${tables.rows} r)
     ON CONFLICT (run_id, coalesce(batch, 0), legacy_key) DO UPDATE SET now = excluded.now, settled_at = excluded.settled_at`,
    [ref.run, ref.batch],
  );
}

/**
 * Notes that rows are nothing of the source any more, and takes them out of quarantine: keys of `gone_keys` of which no row is
 * kept in the target.
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
       WHERE l.key IS NOT NULL OR key IN (SELECT key FROM gone_rows WHERE kept IS NULL))
     -- Of what counted as nothing already it is noted as well that we took it: a key that comes back is not missed.
     SELECT $1, $2, k.key, own.base_run, b.batch, coalesce(k.settled, ${countedAs(mapping, 'k.was_held')}), 'nothing'
     FROM own CROSS JOIN keys k ${JOIN_COUNTED}
     ON CONFLICT (run_id, coalesce(batch, 0), legacy_key) DO UPDATE SET now = excluded.now, settled_at = excluded.settled_at`,
    [ref.run, ref.batch, held.rows.map(({ key }) => key)],
  );
}
