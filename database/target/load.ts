/**
 * The load of a batch: ONE transaction under the batch's row lock. Upsert by legacy key that writes only where something
 * differs, before-images of what it changes, keys of what it inserts, quarantine, lookups and the ledger's line.
 * Committed means done; not committed means nothing happened.
 */
import { LINEAGE_HASHES, hasIntegerKey, namedColumns, referencesOf, targetKey } from '../../mappings/mapping';
import type { TimedMapping } from '../converters/converter';
import type { LoadResult, StagedBatchRef } from '../../shared/messages';
import { isDone } from '../ledger/attempts';
import type { Attempt, BatchRow } from '../ledger/attempts';
import { recordLookups, recordQuarantine, settleReplayed } from '../ledger/outcomes';
import { hashOfValues, isOurs, stagedKey, stagedLineage, targetKeyText, targetValues } from './expressions';
import { targetInRange } from './key-range';
import { quotePg, quotePgTable } from './quote';
import type { TargetQueries } from './session';
import { requireStage, requireTable } from './stage';
import type { StageTables } from './stage';
import { joinReferences } from './transform';

interface Written {
  readonly inserted: number;
  readonly updated: number;
}

export async function loadBatch(attempt: Attempt, mapping: TimedMapping, ref: StagedBatchRef): Promise<LoadResult> {
  if (isDone(attempt.batch)) return resultOf(attempt.batch);
  const tables = await requireStage(attempt, ref);
  for (const position of referencesOf(mapping).keys()) await requireTable(attempt, tables.reference(position));
  await requireTable(attempt, tables.unfit);
  return attempt.fenced('load', async (batch) => {
    // Another attempt may have committed while this one waited for the lock: its outcome is the batch's.
    if (isDone(batch)) return resultOf(batch);
    const { session } = attempt;
    await forgetEarlierLoad(session, ref);
    const fit = (batch.staged ?? 0) - (await countUnfit(attempt, tables));
    const fresh = await isFresh(attempt, mapping, batch, tables);
    const written = fresh ? await insertAll(attempt, mapping, tables) : await upsert(attempt, mapping, tables);
    await settleReplayed(session, ref, stagedKey(mapping), tables);
    const quarantined = await recordQuarantine(session, mapping, ref, tables);
    await recordLookups(session, mapping, ref, tables);
    const unchanged = fit - written.inserted - written.updated;
    // The ledger's CHECK compares these with `source`, as the source server counted it: rows that got lost on the way
    // cannot be committed.
    await session.query(
      'load.record',
      `UPDATE carryover.batches
       SET state = 'loaded', loaded_at = now(), ever_loaded = true, inserted = $3, updated = $4, unchanged = $5, quarantined = $6,
           pending = 0, cause = NULL
       WHERE run_id = $1 AND batch = $2`,
      [ref.run, ref.batch, written.inserted, written.updated, unchanged, quarantined],
    );
    return { source: batch.source, ...written, unchanged, quarantined, excluded: batch.excluded };
  });
}

const resultOf = ({ source, inserted, updated, unchanged, quarantined, excluded }: BatchRow): LoadResult => ({
  source,
  inserted,
  updated,
  unchanged,
  quarantined,
  excluded,
});

/** A batch that was parked after its load is loaded anew: its lines are written again, its images stay. */
async function forgetEarlierLoad(session: TargetQueries, ref: StagedBatchRef): Promise<void> {
  const batch = [ref.run, ref.batch];
  await session.query(
    'load.forgetQuarantine',
    'DELETE FROM carryover.quarantine_occurrences WHERE run_id = $1 AND batch = $2',
    batch,
  );
  await session.query('load.forgetLookups', 'DELETE FROM carryover.lookups WHERE run_id = $1 AND batch = $2', batch);
  await session.query('load.forgetFindings', 'DELETE FROM carryover.findings WHERE run_id = $1 AND batch = $2', batch);
}

async function countUnfit(attempt: Attempt, tables: StageTables): Promise<number> {
  const counted = await attempt.session.query<{ rows: string }>(
    'load.countUnfit',
    `SELECT count(*) AS rows FROM ${tables.unfit}`,
  );
  return Number(counted.rows[0]!.rows);
}

/** True where the target holds no row of the batch yet, so that a plain INSERT will do. */
async function isFresh(
  attempt: Attempt,
  mapping: TimedMapping,
  batch: BatchRow,
  tables: StageTables,
): Promise<boolean> {
  const target = quotePgTable(mapping.target.schema, mapping.target.table);
  const range = hasIntegerKey(mapping)
    ? targetInRange(mapping, { after: batch.afterKey, from: batch.lowerKey, to: batch.toKey }, 't')
    : `EXISTS (SELECT FROM ${tables.rows} r WHERE ${stagedKey(mapping)} = ${targetKeyText(mapping, 't')})`;
  const found = await attempt.session.query<{ any: boolean }>(
    'load.isFresh',
    `SELECT EXISTS (SELECT FROM ${target} t WHERE ${range}) AS any`,
  );
  return !found.rows[0]!.any;
}

/**
 * Values of the fit rows, each computed once: OFFSET 0 keeps the planner from copying the expressions into the hash of
 * the target row.
 */
function fitRows(mapping: TimedMapping, tables: StageTables): { columns: string[]; query: string } {
  const values = targetValues(mapping);
  const lineage = quotePg(mapping.lineage.target);
  const kept = ['n', 'sha256', ...namedColumns(mapping).map((_name, index) => `c${index}`)];
  const inner = [...kept.map((column) => `r.${column}`), ...values.map(({ sql }, index) => `${sql} AS t${index}`)];
  const hash = hashOfValues(values.map((_value, index) => `r.t${index}`));
  const query =
    `SELECT ${values.map(({ column }, index) => `r.t${index} AS ${quotePg(column)}`).join(', ')}, ` +
    `jsonb_build_object(${stagedLineage(mapping)}, '${LINEAGE_HASHES.target}', ${hash}) AS ${lineage}, r.n AS staged_row ` +
    `FROM (SELECT ${inner.join(', ')} FROM ${tables.rows} r ${joinReferences(mapping, tables)} ` +
    `LEFT JOIN ${tables.unfit} u ON u.n = r.n WHERE u.n IS NULL OFFSET 0) r`;
  return { columns: [...values.map(({ column }) => quotePg(column)), lineage], query };
}

async function insertAll(attempt: Attempt, mapping: TimedMapping, tables: StageTables): Promise<Written> {
  const target = quotePgTable(mapping.target.schema, mapping.target.table);
  const { columns, query } = fitRows(mapping, tables);
  const list = columns.join(', ');
  // Sorted by id: random ids in index order touch each page of the primary key once.
  const inserted = await attempt.session.query(
    'load.insertFresh',
    `INSERT INTO ${target} (${list}) SELECT ${list} FROM (${query}) fit ORDER BY ${quotePg(mapping.id.target)}`,
  );
  if ((inserted.rowCount ?? 0) > 0) {
    await attempt.session.query(
      'load.recordFresh',
      `INSERT INTO carryover.inserted_keys (run_id, batch, legacy_keys)
       SELECT $1, $2, array_agg(${stagedKey(mapping)} ORDER BY r.n) FROM ${tables.rows} r
       WHERE NOT EXISTS (SELECT FROM ${tables.unfit} u WHERE u.n = r.n)
       ON CONFLICT (run_id, batch) DO UPDATE SET legacy_keys = inserted_keys.legacy_keys || excluded.legacy_keys`,
      [attempt.ref.run, attempt.ref.batch],
    );
  }
  return { inserted: inserted.rowCount ?? 0, updated: 0 };
}

async function upsert(attempt: Attempt, mapping: TimedMapping, tables: StageTables): Promise<Written> {
  const { session, ref } = attempt;
  const target = quotePgTable(mapping.target.schema, mapping.target.table);
  const { columns, query } = fitRows(mapping, tables);
  const key = targetKey(mapping).map(quotePg);
  const sameKey = key.map((column) => `t.${column} = c.${column}`).join(' AND ');
  const tuple = (alias: string): string => `(${columns.map((column) => `${alias}.${column}`).join(', ')})`;
  await session.query(
    'load.changes',
    `CREATE TEMP TABLE changes ON COMMIT DROP AS
     SELECT c.*, t.ctid IS NOT NULL AS existed FROM (${query}) c LEFT JOIN ${target} t ON ${sameKey}
     WHERE t.ctid IS NULL OR ${tuple('t')} IS DISTINCT FROM ${tuple('c')}`,
  );
  // Locked before they are judged: what another writer does meanwhile is seen, or waits.
  await session.query(
    'load.lockRows',
    `SELECT FROM ${target} t JOIN changes c ON ${sameKey} WHERE c.existed FOR UPDATE OF t`,
  );
  const ours = isOurs(mapping, 't');
  const legacyKey = targetKeyText(mapping, 't');
  await session.query(
    'load.beforeImages',
    `INSERT INTO carryover.before_images (run_id, batch, legacy_key, target_row)
     SELECT $1, $2, ${legacyKey}, to_jsonb(t) FROM ${target} t JOIN changes c ON ${sameKey} WHERE c.existed AND ${ours}
     ON CONFLICT DO NOTHING`,
    [ref.run, ref.batch],
  );
  // A row that is not as we wrote it was changed by somebody else: it is kept, and told of.
  await session.query(
    'load.kept',
    `INSERT INTO carryover.findings (run_id, batch, kind, legacy_key)
     SELECT $1, $2, 'changed_in_target', ${legacyKey} FROM ${target} t JOIN changes c ON ${sameKey}
     WHERE c.existed AND NOT ${ours}`,
    [ref.run, ref.batch],
  );
  const updated = await session.query(
    'load.update',
    `UPDATE ${target} t SET ${columns.map((column) => `${column} = c.${column}`).join(', ')}
     FROM changes c WHERE ${sameKey} AND c.existed AND ${ours}`,
  );
  const list = columns.join(', ');
  const inserted = await session.query(
    'load.insert',
    `INSERT INTO ${target} (${list}) SELECT ${list} FROM changes WHERE NOT existed ORDER BY ${quotePg(mapping.id.target)}`,
  );
  await session.query(
    'load.recordKeys',
    `INSERT INTO carryover.inserted_keys (run_id, batch, legacy_keys)
     SELECT $1, $2, keys FROM (SELECT array_agg(${stagedKey(mapping)} ORDER BY r.n) AS keys
       FROM changes c JOIN ${tables.rows} r ON r.n = c.staged_row WHERE NOT c.existed) k WHERE keys IS NOT NULL
     ON CONFLICT (run_id, batch) DO UPDATE SET legacy_keys = inserted_keys.legacy_keys || excluded.legacy_keys`,
    [ref.run, ref.batch],
  );
  return { inserted: inserted.rowCount ?? 0, updated: updated.rowCount ?? 0 };
}
