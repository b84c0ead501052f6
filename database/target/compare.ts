/**
 * Validates a batch: reads its rows again on both servers and compares it row for row by checksum. Never the stage:
 * the target's rows, mapped back into the source's form, and the raw rows of the quarantine must add up to the source.
 */
import type { TimedMapping } from '../converters/converter';
import type { ValidateResult } from '../../shared/messages';
import type { Attempt } from '../ledger/attempts';
import { streamHashes, sumSource } from '../source/checksum';
import type { RangeSum } from '../source/checksum';
import type { BatchKeys } from '../source/expressions';
import type { Source } from '../source/open-source';
import { hashSlice, heldRowHash, targetRowHashes } from '../verify/row-hashes';
import { targetOfBatch } from './batch-keys';
import { legacyKey, targetKeyText } from './legacy-key';
import type { TargetQueries } from './session';

/** Differences that a live source explains: counted, and no defect. */
export const MOVED = ['moved', 'new', 'gone', 'referenced'];

export async function compareBatch(
  attempt: Attempt,
  source: Source,
  mapping: TimedMapping,
  keys: BatchKeys,
  signal: AbortSignal,
): Promise<ValidateResult> {
  const ofBatch = targetOfBatch(mapping, keys, 't');
  if (ofBatch !== null) {
    const [there, here] = await Promise.all([
      sumSource(source, mapping, keys, signal),
      sumTarget(attempt, mapping, ofBatch),
    ]);
    if (there.rows === here.rows && there.sum === here.sum && here.torn === 0) {
      await attempt.fenced('validate.equal', () => forgetDifferences(attempt));
      return { compared: there.rows, differences: 0 };
    }
  }
  return compareRows(attempt, source, mapping, keys, ofBatch, signal);
}

/** What the load has told of: what another writer did. */
const TOLD_BY_LOAD = `'changed_in_target', 'deleted_in_target', 'referenced'`;

/** What an earlier validation found; what the load told of stays. */
async function forgetDifferences({ session, ref }: Attempt): Promise<void> {
  await session.query(
    'validate.forget',
    `DELETE FROM carryover.findings WHERE run_id = $1 AND batch = $2 AND kind NOT IN (${TOLD_BY_LOAD})`,
    [ref.run, ref.batch],
  );
}

/** Rows that the quarantine holds for this batch, dismissed ones among them: `key`, `hash` of the row, and the hash `extracted` beside it. */
const quarantinedRows = (mapping: TimedMapping): string =>
  `SELECT q.legacy_key AS key, ${heldRowHash(mapping, 'q')} AS hash, q.source_row_sha256 AS extracted
   FROM (SELECT migration, legacy_key FROM carryover.quarantine_occurrences WHERE run_id = $1 AND batch = $2
         UNION ALL SELECT migration, legacy_key FROM carryover.dismissal_occurrences WHERE run_id = $1 AND batch = $2) o
   JOIN carryover.quarantine q USING (migration, legacy_key)`;

interface TargetSum extends RangeSum {
  /** Rows that are not what the hash beside them says. */
  readonly torn: number;
}

async function sumTarget(attempt: Attempt, mapping: TimedMapping, ofBatch: string): Promise<TargetSum> {
  const sums =
    `SELECT count(*) AS rows, coalesce(sum(${hashSlice('hash')}), 0) AS sum, ` +
    `count(*) FILTER (WHERE extracted IS DISTINCT FROM hash) AS torn`;
  const result = await attempt.session.query<{ rows: string; sum: string; torn: string }>(
    'validate.sum',
    `SELECT sum(rows) AS rows, sum(sum) AS sum, sum(torn) AS torn FROM (
       ${sums} FROM (${targetRowHashes(mapping, ofBatch)}) t
       UNION ALL
       ${sums} FROM (${quarantinedRows(mapping)}) q) s`,
    [attempt.ref.run, attempt.ref.batch],
  );
  const { rows, sum, torn } = result.rows[0]!;
  return { rows: Number(rows), sum, torn: Number(torn) };
}

/** Names the rows that differ: joins key and hash of both sides in the target, and writes findings. */
async function compareRows(
  attempt: Attempt,
  source: Source,
  mapping: TimedMapping,
  keys: BatchKeys,
  ofBatch: string | null,
  signal: AbortSignal,
): Promise<ValidateResult> {
  const { session, ref } = attempt;
  const parts = mapping.source.key.map((_column, index) => `k${index} text`);
  await session.query('validate.dropEarlier', 'DROP TABLE IF EXISTS pg_temp.source_rows');
  await session.query('validate.create', `CREATE TEMP TABLE source_rows (${parts.join(', ')}, hash text)`);
  try {
    await session.copyFrom('validate.copy', 'COPY pg_temp.source_rows FROM STDIN', (open) =>
      streamHashes(source, mapping, keys, open, signal),
    );
    return await attempt.fenced('validate.differing', async () => {
      await forgetDifferences(attempt);
      await session.query(
        'validate.findings',
        `INSERT INTO carryover.findings (run_id, batch, kind, legacy_key) ${differences(mapping, ofBatch)}`,
        [ref.run, ref.batch],
      );
      return countDifferences(session, ref.run, ref.batch);
    });
  } finally {
    await session.query('validate.drop', 'DROP TABLE IF EXISTS pg_temp.source_rows').catch(() => undefined);
  }
}

function differences(mapping: TimedMapping, ofBatch: string | null): string {
  const key = targetKeyText(mapping, 't');
  const sourceKey = legacyKey(mapping.source.key.map((_column, index) => `k${index}`));
  // Without a range of its own the target is read by the keys of the source and of the batch's ledger lines.
  const rows =
    ofBatch ??
    `${key} IN (SELECT key FROM there UNION ALL SELECT unnest(legacy_keys) FROM carryover.inserted_keys WHERE run_id = $1 AND batch = $2)`;
  return `
    WITH there AS MATERIALIZED (SELECT ${sourceKey} AS key, hash FROM pg_temp.source_rows),
    here AS MATERIALIZED (
      SELECT t.*, false AS quarantined FROM (${targetRowHashes(mapping, rows)}) t
      UNION ALL
      SELECT q.key, q.hash, q.extracted, true FROM (${quarantinedRows(mapping)}) q),
    known AS (
      SELECT unnest(i.legacy_keys) AS key
      FROM carryover.inserted_keys i JOIN carryover.runs r USING (run_id)
      WHERE r.migration = (SELECT migration FROM carryover.runs WHERE run_id = $1))
    SELECT $1::bigint, $2::integer, kind, key FROM (
      SELECT coalesce(there.key, here.key) AS key,
        CASE
          WHEN here.key IS NULL AND there.key IN (SELECT key FROM known) THEN 'missing'
          WHEN here.key IS NULL THEN 'new'
          WHEN there.key IS NULL AND here.extracted = here.hash THEN 'gone'
          WHEN there.key IS NULL THEN 'extra'
          WHEN here.extracted = here.hash THEN 'moved'
          ELSE 'changed'
        END AS kind
      FROM there FULL JOIN here ON there.key = here.key
      WHERE there.hash IS DISTINCT FROM here.hash OR here.extracted IS DISTINCT FROM here.hash) d
    -- The load has told of these rows already, and a row is told of once.
    WHERE key NOT IN (SELECT legacy_key FROM carryover.findings
                      WHERE run_id = $1 AND batch = $2 AND kind IN (${TOLD_BY_LOAD}))
    UNION ALL
    -- Loaded by an earlier run, and unfit by today's lookups, source or mapping.
    SELECT $1::bigint, $2::integer, CASE WHEN bool_or(quarantined) THEN 'stale' ELSE 'duplicate' END, key
    FROM here GROUP BY key HAVING count(*) > 1`;
}

/** A finding `f` of a row that a person has accepted: whether it still is what was accepted, the run's verification judges. */
export const IS_ACCEPTED = `EXISTS (
  SELECT FROM carryover.accepted_findings a JOIN carryover.runs r ON r.migration = a.migration
  WHERE r.run_id = f.run_id AND a.legacy_key = f.legacy_key)`;

async function countDifferences(session: TargetQueries, run: string, batch: number): Promise<ValidateResult> {
  const counted = await session.query<{ compared: string; differences: string }>(
    'validate.count',
    `SELECT (SELECT count(*) FROM pg_temp.source_rows) AS compared,
            (SELECT count(*) FROM carryover.findings f
             WHERE run_id = $1 AND batch = $2 AND kind <> ALL ($3) AND NOT ${IS_ACCEPTED}) AS differences`,
    [run, batch, MOVED],
  );
  return { compared: Number(counted.rows[0]!.compared), differences: Number(counted.rows[0]!.differences) };
}
