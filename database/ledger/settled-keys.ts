/** What became of rows that a run took again, key by key: the lines of the full run are history, the difference is here. */
import type { Mapping } from '../../mappings/mapping';
import type { BatchRef } from '../../shared/messages';
import { isDismissed } from '../quarantine/left-out';
import { stagedKey } from '../target/expressions';
import type { TargetQueries } from '../target/session';
import type { StageTables } from '../target/stage';
import { JOIN_COUNTED, countedAs, countedTables, numbersOf } from './counted';

/**
 * The run of a migration that settled a key as another fate than some, where that is the last that became of it, else 0: a row that
 * had one of these fates before is not missed.
 *
 * @param key SQL of the key
 * @param migration SQL of the migration's name
 * @param before SQL of a run: what was known before it; all that is known unless given
 */
const lastSettledOtherwise =
  (...fates: readonly string[]) =>
  (key: string, migration: string, before?: string): string =>
    `coalesce((SELECT CASE WHEN s.now NOT IN (${fates.map((fate) => `'${fate}'`).join(', ')}) THEN s.run_id ELSE 0 END
    FROM carryover.settled_keys s JOIN carryover.runs x ON x.run_id = s.run_id
    WHERE s.legacy_key = ${key} AND x.migration = ${migration}${before === undefined ? '' : ` AND s.run_id < ${before}`}
    ORDER BY s.run_id DESC, s.settled_at DESC LIMIT 1), 0)`;

/** Of a row that was loaded: what took it out of the target, or sent it to quarantine. */
export const lastUnloaded = lastSettledOtherwise('loaded');

/** Of a row that was in quarantine: what took it out of all that is known. */
export const lastForgotten = lastSettledOtherwise('loaded', 'quarantined', 'excluded');

/**
 * Notes of each row of a batch what it counted as before, and what it counts as now. Before: what the latest run that took
 * it again made of it, else what the full run did (`countedAs`), or nothing where the run's comparison found it to be new, or where
 * the batch takes back one that was skipped, which is taken off the balance as a whole. A row that is gone from the source has no
 * line, and counts as it did. A batch that is loaded again keeps what its rows counted as before.
 */
export async function settleKeys(
  session: TargetQueries,
  mapping: Mapping,
  ref: BatchRef,
  tables: StageTables,
): Promise<void> {
  await session.query(
    'load.settle',
    // Numbers of keys and of bounds are computed once each, and not for each pair.
    `INSERT INTO carryover.settled_keys (run_id, batch, legacy_key, base_run, base_batch, was, now)
     WITH own AS MATERIALIZED (
       SELECT r.base_run, r.compared_by, b.takes_back FROM carryover.runs r JOIN carryover.batches b USING (run_id) WHERE r.run_id = $1 AND b.batch = $2),
     keys AS MATERIALIZED (
       SELECT k.key, CASE WHEN own.takes_back IS NULL THEN ${numbersOf(mapping)('k.key')} END AS numbers, k.now
       FROM own CROSS JOIN (SELECT ${stagedKey(mapping)} AS key,
               CASE WHEN u.n IS NULL THEN 'loaded' WHEN ${isDismissed('u')} THEN 'excluded' ELSE 'quarantined' END AS now
             FROM ${tables.rows} r LEFT JOIN ${tables.unfit} u ON u.n = r.n) k),
     ${countedTables(mapping, 'SELECT key FROM keys')},
     unseen AS MATERIALIZED (
       SELECT f.legacy_key FROM carryover.findings f JOIN own ON f.verification_id = own.compared_by
       WHERE f.kind = 'new' AND f.legacy_key IN (SELECT key FROM keys))
     SELECT $1, $2, k.key, own.base_run, coalesce(own.takes_back, b.batch),
       coalesce(e.now, CASE WHEN u.legacy_key IS NOT NULL OR own.takes_back IS NOT NULL THEN 'nothing' ELSE ${countedAs(mapping)} END),
       k.now
     FROM own CROSS JOIN keys k
     LEFT JOIN LATERAL (
       SELECT s.now FROM carryover.settled_keys s
       WHERE s.base_run = own.base_run AND s.legacy_key = k.key AND s.run_id < $1 ORDER BY s.run_id DESC, s.settled_at DESC LIMIT 1) e ON true
     ${JOIN_COUNTED}
     LEFT JOIN unseen u ON u.legacy_key = k.key
     -- What a line says already is not said again each night.
     WHERE e.now IS DISTINCT FROM k.now OR EXISTS (
       SELECT FROM carryover.settled_keys s WHERE s.run_id = $1 AND coalesce(s.batch, 0) = $2 AND s.legacy_key = k.key)
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
