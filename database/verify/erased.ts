/**
 * Rows that are on neither side any more, though the ledger counts them: erased in the source and in the target. No comparison of
 * the two sides meets them; what the batches of a range count, and the keys that were written, tells of them.
 */
import type { Sql, TimedMapping } from '../converters/converter';
import { JOIN_COUNTED, countedAs, countedTables, numbersOf } from '../ledger/counted';
import { lastUnloaded } from '../ledger/settled-keys';
import { sha256Hex } from '../target/canonical';
import { targetKeyText } from '../target/legacy-key';
import { andPresent } from '../target/present';
import type { TargetQueries } from '../target/session';
import { targetTable } from './whole-table';

/** Keys that some run of the migration wrote. */
const WRITTEN: Sql = `
  SELECT key, max(run_id) AS run_id FROM (
    SELECT u.key, k.run_id FROM carryover.inserted_keys k CROSS JOIN LATERAL unnest(k.legacy_keys) AS u (key)
    UNION ALL SELECT i.legacy_key, i.run_id FROM carryover.before_images i) k
  JOIN carryover.runs USING (run_id) WHERE migration = $1 GROUP BY key`;

/**
 * Names, in `pg_temp.named`, as many keys of a range as it counts rows too many: keys that were written and count as loaded, that
 * the target has no row of, nor the quarantine, and of which the comparison told nothing, as it does of whatever the source has.
 * Which of them a full run had met before they went nobody knows of keys that an earlier one wrote: those that it wrote itself, or a
 * later one, come first.
 *
 * @param short a query of ranges, with `range`, `after_key`, `to_key` and the `rows` that they count too many
 * @param bound migration, verification and its run
 */
export async function nameErased(
  session: TargetQueries,
  mapping: TimedMapping,
  short: Sql,
  bound: readonly unknown[],
): Promise<void> {
  const numbers = numbersOf(mapping);
  await session.query(
    'verify.nameErased',
    // Numbers of keys and of bounds are computed once each, and not for each pair.
    `INSERT INTO pg_temp.named (kind, key, columns, evidence, range)
     WITH short AS MATERIALIZED (
       SELECT s.range, s.rows, ${numbers('s.after_key::text')} AS low, ${numbers('s.to_key::text')} AS high FROM (${short}) s),
     nowhere AS MATERIALIZED (
       SELECT w.key, w.run_id, ${numbers('w.key')} AS numbers FROM (${WRITTEN}) w
       WHERE NOT EXISTS (
           SELECT FROM ${targetTable(mapping)} t WHERE ${targetKeyText(mapping, 't')} = w.key${andPresent(mapping, 't')})
         AND NOT EXISTS (SELECT FROM carryover.quarantine q
           WHERE q.migration = $1 AND q.legacy_key = w.key AND q.state IN ('open', 'dismissed'))
         AND NOT EXISTS (SELECT FROM carryover.findings f WHERE f.verification_id = $2 AND f.legacy_key = w.key)),
     own AS MATERIALIZED (SELECT $3::bigint AS base_run),
     ${countedTables(mapping, 'SELECT key FROM nowhere')},
     -- What its load will say that it counted as.
     counted AS MATERIALIZED (
       SELECT k.key, k.numbers, k.run_id, coalesce(
           (SELECT s.now FROM carryover.settled_keys s WHERE s.base_run = own.base_run AND s.legacy_key = k.key
            ORDER BY s.run_id DESC, s.settled_at DESC LIMIT 1), ${countedAs(mapping)}) AS fate
       FROM own CROSS JOIN nowhere k ${JOIN_COUNTED}
       WHERE k.run_id > ${lastUnloaded('k.key', '$1')}),
     placed AS (
       SELECT n.key, r.range, r.rows, row_number() OVER (PARTITION BY r.range ORDER BY n.run_id >= $3 DESC, n.key) AS place
       FROM counted n JOIN short r ON (r.low IS NULL OR n.numbers > r.low) AND (r.high IS NULL OR n.numbers <= r.high)
       WHERE n.fate = 'loaded')
     SELECT 'gone', key, '{}', ${sha256Hex("concat_ws(' ', '-', '-')")}, range FROM placed WHERE place <= rows`,
    bound,
  );
}
