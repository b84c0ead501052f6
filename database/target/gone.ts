/**
 * Rows that are gone from the source, within the load of a list of such keys: marked or deleted, where the mapping has that; those
 * that the target does not have either count as nothing from then on.
 */
import { markColumn } from '../../mappings/mapping';
import type { TimedMapping } from '../converters/converter';
import type { Attempt, BatchRow } from '../ledger/attempts';
import { settleGone } from '../ledger/settle-gone';
import { targetOfBatch } from './batch-keys';
import { hasOrigin, isOurs, stagedKey } from './expressions';
import { keysOf } from './extract';
import { targetKeyText } from './legacy-key';
import { andPresent } from './present';
import { quotePg, quotePgTable } from './quote';
import { referrersOf } from './referrers';
import type { StageTables } from './stage';

/**
 * Deletes or marks the rows of a batch's keys that its extract did not find. What another writer changed is kept, and so is
 * what rows of other tables refer to, where it would be deleted; both are noted as findings of the run.
 *
 * @returns rows that were deleted or marked
 */
export async function takeGone(
  attempt: Attempt,
  mapping: TimedMapping,
  batch: BatchRow,
  tables: StageTables,
): Promise<number> {
  const { session, ref } = attempt;
  const target = quotePgTable(mapping.target.schema, mapping.target.table);
  const key = targetKeyText(mapping, 't');
  const ofBatch = targetOfBatch(mapping, keysOf(batch), 't') ?? 'true';
  const part = batch.list?.[0]?.length === 1 ? 'e.keys ->> 0' : 'e.keys::text';
  const mark = markColumn(mapping);
  const isReported = batch.gone === 'report';
  await session.query(
    'gone.keys',
    `CREATE TEMP TABLE gone_keys ON COMMIT DROP AS
     SELECT ${part} AS key FROM carryover.batches b CROSS JOIN LATERAL jsonb_array_elements(b.legacy_keys) AS e (keys)
     WHERE b.run_id = ${BigInt(ref.run)} AND b.batch = ${Math.trunc(ref.batch)}
       AND ${part} NOT IN (SELECT ${stagedKey(mapping)} FROM ${tables.rows} r)`,
  );
  // Locked first: whoever would change a row, or have another refer to it, waits, or is seen below.
  await session.query(
    'gone.lock',
    `SELECT FROM ${target} t WHERE ${ofBatch} AND ${key} IN (SELECT key FROM gone_keys) FOR UPDATE`,
  );
  await session.query(
    'gone.absent',
    `CREATE TEMP TABLE gone_absent ON COMMIT DROP AS
     SELECT key FROM gone_keys WHERE key NOT IN (
       SELECT ${key} FROM ${target} t WHERE ${ofBatch} AND ${key} IN (SELECT key FROM gone_keys)${andPresent(mapping, 't')})`,
  );
  const referred = mark === null && !isReported ? (await referrersOf(session, target, 't')).join(' OR ') : '';
  const ours = batch.overwrites ? hasOrigin(mapping, 't') : isOurs(mapping, 't');
  await session.query(
    'gone.rows',
    `CREATE TEMP TABLE gone_rows ON COMMIT DROP AS
     SELECT t.ctid AS place, ${key} AS key, to_jsonb(t) AS image,
       CASE WHEN NOT ${ours} THEN 'changed_in_target' ${referred === '' ? '' : `WHEN ${referred} THEN 'referenced'`} END AS kept
     FROM ${target} t WHERE ${ofBatch} AND ${key} IN (SELECT key FROM gone_keys)
       AND ${isReported ? 'false' : 'true'} ${mark === null ? '' : `AND t.${quotePg(mark)} IS NULL`}`,
  );
  await session.query(
    'gone.kept',
    `INSERT INTO carryover.findings (run_id, batch, kind, legacy_key)
     SELECT $1, $2, kept, key FROM gone_rows WHERE kept IS NOT NULL`,
    [ref.run, ref.batch],
  );
  await session.query(
    'gone.beforeImages',
    `INSERT INTO carryover.before_images (run_id, batch, legacy_key, target_row)
     SELECT $1, $2, key, image FROM gone_rows WHERE kept IS NULL ON CONFLICT DO NOTHING`,
    [ref.run, ref.batch],
  );
  const which = `${ofBatch} AND (t.ctid, ${key}) IN (SELECT place, key FROM gone_rows WHERE kept IS NULL)`;
  // Where they are reported only, the login need not be allowed to.
  const taken = isReported
    ? null
    : await session.query(
        'gone.take',
        mark === null
          ? `DELETE FROM ${target} t WHERE ${which}`
          : `UPDATE ${target} t SET ${quotePg(mark)} = now() WHERE ${which}`,
      );
  await settleGone(session, mapping, ref);
  await session.query('gone.drop', 'DROP TABLE gone_keys, gone_absent, gone_rows');
  return taken?.rowCount ?? 0;
}
