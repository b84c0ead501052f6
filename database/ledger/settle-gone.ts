/** Rows that are gone from the source count as nothing from now on: where the full run had counted them, the balance loses them. */
import { hasIntegerKey } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import type { BatchRef } from '../../shared/messages';
import type { TargetQueries } from '../target/session';
import { numbersOf } from './settled-keys';

/**
 * CTEs that say of `gone_keys` what the full run made of them, which went on beside a source that lives: a row may have gone before
 * its batch, which has not counted it then, or after it. `placed`: the key and its batch; `left_aside`: what the run itself sent to
 * quarantine, or left out as dismissed; `uncounted`: rows of the target that it has not counted.
 *
 * What it inserted or changed, it has counted. Of rows that it left as they were, and found gone at its end, nobody can tell one by one;
 * but of each range it is known how many rows were there and how many its batches had counted: as many of them, in the order of
 * their keys, are uncounted.
 */
function countedBefore(mapping: Mapping): string {
  const numbers = numbersOf(mapping);
  const isPlaced = hasIntegerKey(mapping);
  return `
  own AS MATERIALIZED (
    SELECT r.base_run, b.verification_id FROM carryover.runs r JOIN carryover.runs b ON b.run_id = r.base_run WHERE r.run_id = $1),
  bounds AS MATERIALIZED (
    SELECT b.batch, b.state, ${numbers('b.after_key::text')} AS low, ${numbers('b.to_key::text')} AS high
    FROM carryover.batches b JOIN own ON b.run_id = own.base_run),
  placed AS MATERIALIZED (
    SELECT g.key, b.batch, b.state FROM (SELECT key, ${numbers('key')} AS numbers FROM gone_keys) g
    LEFT JOIN bounds b ON g.numbers <= b.high AND (b.low IS NULL OR g.numbers > b.low)),
  left_aside AS MATERIALIZED (
    SELECT o.legacy_key AS key, 'quarantined' AS fate FROM carryover.quarantine_occurrences o JOIN own ON o.run_id = own.base_run
    WHERE o.legacy_key IN (SELECT key FROM gone_keys)
    UNION ALL SELECT o.legacy_key, 'excluded' FROM carryover.dismissal_occurrences o JOIN own ON o.run_id = own.base_run
    WHERE o.legacy_key IN (SELECT key FROM gone_keys)),
  found_gone AS MATERIALIZED (
    SELECT f.legacy_key AS key, f.range FROM carryover.findings f JOIN own USING (verification_id)
    WHERE f.kind = 'gone' AND NOT EXISTS (
      SELECT FROM carryover.quarantine q WHERE q.migration = $4 AND q.legacy_key = f.legacy_key AND q.state <> 'replayed')
      AND EXISTS (SELECT FROM carryover.findings g WHERE g.verification_id = f.verification_id AND g.range = f.range
        AND g.kind = 'gone' AND g.legacy_key IN (SELECT key FROM gone_keys))),
  written AS MATERIALIZED (
    SELECT u.key FROM carryover.inserted_keys i JOIN own ON i.run_id = own.base_run CROSS JOIN LATERAL unnest(i.legacy_keys) AS u (key)
    WHERE u.key IN (SELECT key FROM found_gone)
    UNION SELECT i.legacy_key FROM carryover.before_images i JOIN own ON i.run_id = own.base_run
    WHERE i.legacy_key IN (SELECT key FROM found_gone)),
  ranges AS MATERIALIZED (
    SELECT r.range, r.loaded - f.over + f.under - (
        SELECT coalesce(sum(b.loaded), 0) FROM carryover.batches b
        WHERE b.run_id = own.base_run AND b.batch BETWEEN r.first_batch AND r.last_batch) AS uncounted
    FROM own JOIN carryover.verified_ranges r USING (verification_id) CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE f.kind IN ('extra', 'stale', 'duplicate')) AS over,
        count(*) FILTER (WHERE f.kind IN ('missing', 'deleted_in_target')) AS under
      FROM carryover.findings f WHERE f.verification_id = r.verification_id AND f.range = r.range) f
    WHERE r.range IN (SELECT range FROM found_gone)),
  uncounted AS MATERIALIZED (
    SELECT key FROM (
      SELECT g.key, r.uncounted, row_number() OVER (PARTITION BY g.range ORDER BY ${isPlaced ? numbers('g.key') : 'g.key'}) AS place
      FROM found_gone g JOIN ranges r USING (range) WHERE g.key NOT IN (SELECT key FROM written)) g
    WHERE place <= uncounted)`;
}

/**
 * Notes that rows are nothing of the source any more, and takes them out of quarantine: keys of `gone_keys` of which no row is
 * kept in the target. Of a key that counted as nothing already nothing is noted.
 */
export async function settleGone(session: TargetQueries, mapping: Mapping, ref: BatchRef): Promise<void> {
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
     WITH ${countedBefore(mapping)}
     SELECT $1, $2, k.key, own.base_run, k.batch, k.was, 'nothing'
     FROM own CROSS JOIN (
       SELECT p.key, p.batch, coalesce(
         (SELECT s.now FROM carryover.settled_keys s JOIN own ON s.base_run = own.base_run
          WHERE s.legacy_key = p.key AND s.run_id < $1 ORDER BY s.run_id DESC, s.settled_at DESC LIMIT 1),
         CASE WHEN h.held IS NOT NULL THEN coalesce(o.fate, 'nothing')
              WHEN p.state = 'skipped' OR u.key IS NOT NULL THEN 'nothing'
              ELSE 'loaded' END) AS was
       FROM placed p LEFT JOIN unnest($3::text[]) AS h (held) ON h.held = p.key
       LEFT JOIN left_aside o ON o.key = p.key LEFT JOIN uncounted u ON u.key = p.key
       WHERE h.held IS NOT NULL OR p.key IN (SELECT key FROM gone_rows WHERE kept IS NULL)) k
     WHERE k.was <> 'nothing'
     ON CONFLICT (run_id, coalesce(batch, 0), legacy_key) DO UPDATE SET now = excluded.now, settled_at = excluded.settled_at`,
    [ref.run, ref.batch, held.rows.map(({ key }) => key), mapping.name],
  );
}
