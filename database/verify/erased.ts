/**
 * Rows that are on neither side any more, though the ledger counts them: erased in the source and in the target. No comparison of
 * the two sides meets them; what the batches of a range count, and the keys that were written, tells of them.
 */
import { hasIntegerKey } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import type { Sql } from '../converters/converter';
import { lastUnloaded } from '../ledger/settled-keys';
import { targetKeyText } from '../target/legacy-key';
import type { TargetQueries } from '../target/session';
import { sha256Hex } from '../target/canonical';
import { targetTable } from './whole-table';

/** Condition that a key, as a text, lies in a range `r` of a verification. */
export const inRange = (key: Sql): Sql => `(
  (r.after_key IS NULL OR carryover.key_numbers(${key}) > carryover.key_numbers(r.after_key::text))
  AND (r.to_key IS NULL OR carryover.key_numbers(${key}) <= carryover.key_numbers(r.to_key::text)))`;

/** Keys that some run of the migration wrote. */
const WRITTEN: Sql = `
  SELECT key, max(run_id) AS run_id FROM (
    SELECT u.key, k.run_id FROM carryover.inserted_keys k CROSS JOIN LATERAL unnest(k.legacy_keys) AS u (key)
    UNION ALL SELECT i.legacy_key, i.run_id FROM carryover.before_images i) k
  JOIN carryover.runs USING (run_id) WHERE migration = $1 GROUP BY key`;

/** Whether the run `$3` can have met a key `n` that an earlier one wrote: it lies within its bounds. */
const withinRun = (mapping: Mapping): Sql =>
  hasIntegerKey(mapping)
    ? `EXISTS (SELECT FROM carryover.runs b WHERE b.run_id = $3 AND carryover.key_numbers(n.key)
         BETWEEN carryover.key_numbers(b.lower_key::text) AND carryover.key_numbers(b.upper_key::text))`
    : 'true';

/**
 * Names, in `pg_temp.named`, as many keys of a range as it counts rows too many: keys that were written, that the target has no row
 * of, nor the quarantine, and of which the comparison told nothing, as it does of whatever the source has. Which of them a run
 * had met before they went nobody knows of keys that an earlier one wrote: those that it wrote itself come first.
 *
 * @param short a query of ranges, with `after_key`, `to_key` and the `rows` that they count too many
 * @param bound migration, verification and its run
 */
export async function nameErased(
  session: TargetQueries,
  mapping: Mapping,
  short: Sql,
  bound: readonly unknown[],
): Promise<void> {
  await session.query(
    'verify.nameErased',
    `INSERT INTO pg_temp.named (kind, key, columns, evidence)
     WITH short AS MATERIALIZED (${short}),
     nowhere AS MATERIALIZED (
       SELECT w.key, w.run_id FROM (${WRITTEN}) w
       WHERE NOT EXISTS (SELECT FROM ${targetTable(mapping)} t WHERE ${targetKeyText(mapping, 't')} = w.key)
         AND NOT EXISTS (SELECT FROM carryover.quarantine q
           WHERE q.migration = $1 AND q.legacy_key = w.key AND q.state IN ('open', 'dismissed'))
         AND NOT EXISTS (SELECT FROM carryover.findings f WHERE f.verification_id = $2 AND f.legacy_key = w.key)),
     placed AS (
       SELECT n.key, r.rows, row_number() OVER (PARTITION BY r.range ORDER BY n.run_id >= $3 DESC, n.key) AS place
       FROM nowhere n JOIN short r ON ${inRange('n.key')} WHERE n.run_id > ${lastUnloaded('n.key', '$1')}
         AND (n.run_id >= $3 OR ${withinRun(mapping)}))
     SELECT 'gone', key, '{}', ${sha256Hex("concat_ws(' ', '-', '-')")} FROM placed WHERE place <= rows`,
    bound,
  );
}
