/**
 * Undoes the load of a batch, in one transaction under the row lock of its own batch: rows that it inserted go, rows that it
 * changed or took away are as they were, and so is the quarantine. What somebody else touched since, or refers to, is kept.
 */
import { markColumn } from '../../mappings/mapping';
import type { TimedMapping } from '../converters/converter';
import type { BatchRef, LoadResult } from '../../shared/messages';
import { isDone } from '../ledger/attempts';
import type { Attempt } from '../ledger/attempts';
import { restoreQuarantine } from '../ledger/quarantine-images';
import { settleUndone } from '../ledger/settle-undone';
import { targetOfBatch } from './batch-keys';
import { deletedBeforeUndone } from './deleted';
import { isOurs, targetValues } from './expressions';
import { keysOf } from './extract';
import { targetKeyText } from './legacy-key';
import { resultOf } from './load';
import { andPresent, isMarked } from './present';
import { quotePg, quotePgTable } from './quote';
import { referrersOf } from './referrers';
import type { TargetSession } from './session';

export async function undoBatch(attempt: Attempt, mapping: TimedMapping, ref: BatchRef): Promise<LoadResult> {
  if (isDone(attempt.batch)) return resultOf(attempt.batch);
  return attempt.fenced('undo', async (batch) => {
    if (isDone(batch)) return resultOf(batch);
    const { session } = attempt;
    const target = quotePgTable(mapping.target.schema, mapping.target.table);
    const ofBatch = targetOfBatch(mapping, keysOf(batch), 't') ?? 'true';
    await session.query('undo.immediate', 'SET CONSTRAINTS ALL IMMEDIATE');
    await session.query('undo.forgetFindings', 'DELETE FROM carryover.findings WHERE run_id = $1 AND batch = $2', [
      ref.run,
      ref.batch,
    ]);
    await findRows(session, mapping, ref, target, ofBatch);
    const columns = writtenColumns(mapping);
    await keepReferenced(session, target, columns);
    await remember(session, ref, target);
    const { removed, restored } = await writeBack(session, target, columns.map(quotePg));
    const returned = await returnTaken(session, ref, target);
    await session.query(
      'undo.kept',
      `INSERT INTO carryover.findings (run_id, batch, kind, legacy_key)
       SELECT $1, $2, kept, key FROM undone_rows WHERE kept IS NOT NULL`,
      [ref.run, ref.batch],
    );
    await restoreQuarantine(session, mapping, ref);
    await settleUndone(
      session,
      mapping,
      ref,
      `SELECT ${targetKeyText(mapping, 't')} FROM ${target} t WHERE ${ofBatch}${andPresent(mapping, 't')}`,
      isMarked(mapping, 't.key'),
      deletedBeforeUndone(ref),
    );
    await session.query('undo.drop', 'DROP TABLE undone_keys, undone_rows');
    const result = {
      source: restored + returned,
      inserted: returned,
      updated: restored,
      unchanged: 0,
      quarantined: 0,
      excluded: 0,
      takenAway: removed,
    };
    await session.query(
      'undo.record',
      `UPDATE carryover.batches SET state = 'loaded', loaded_at = now(), ever_loaded = true, source = $3, inserted = $4, updated = $5,
         pending = 0, cause = NULL, taken_away = $6
       WHERE run_id = $1 AND batch = $2`,
      [ref.run, ref.batch, result.source, returned, restored, removed],
    );
    // Each row was put in its place by this transaction, from its image: there is nothing to compare it with but that.
    await session.query(
      'undo.validated',
      `UPDATE carryover.batches SET state = 'validated', validated_at = now(), compared = source, differences = 0
       WHERE run_id = $1 AND batch = $2`,
      [ref.run, ref.batch],
    );
    return result;
  });
}

/**
 * `undone_keys`: keys that the undone batch inserted, or of which it kept an `image`; `undone_rows`: those of which the target has a
 * row, locked, with why it is `kept`, or those that are missed.
 */
async function findRows(
  session: TargetSession,
  mapping: TimedMapping,
  ref: BatchRef,
  target: string,
  ofBatch: string,
): Promise<void> {
  const key = targetKeyText(mapping, 't');
  await session.query(
    'undo.keys',
    // A batch that was loaded twice may have inserted a row and changed it then; one of rows that are gone took it away first.
    `CREATE TEMP TABLE undone_keys ON COMMIT DROP AS
     SELECT k.key, b.gone, bool_or(k.inserted) AND NOT (b.gone AND bool_or(NOT k.inserted)) AS inserted,
       (array_agg(k.image) FILTER (WHERE k.image IS NOT NULL))[1] AS image
     FROM carryover.batches own JOIN carryover.runs r USING (run_id)
     JOIN carryover.batches b ON b.run_id = r.undoes AND b.batch = own.undoes
     CROSS JOIN LATERAL (
       SELECT u.key, true AS inserted, NULL::jsonb AS image FROM carryover.inserted_keys i CROSS JOIN LATERAL unnest(i.legacy_keys) AS u (key)
       WHERE i.run_id = b.run_id AND i.batch = b.batch
       UNION ALL SELECT i.legacy_key, false, i.target_row FROM carryover.before_images i WHERE i.run_id = b.run_id AND i.batch = b.batch) k
     WHERE own.run_id = ${BigInt(ref.run)} AND own.batch = ${Math.trunc(ref.batch)} GROUP BY k.key, b.gone`,
  );
  await session.query('undo.analyzeKeys', 'ANALYZE undone_keys');
  // Locked first: what another writer does meanwhile waits, or is seen below.
  await session.query(
    'undo.lock',
    `SELECT FROM ${target} t WHERE ${ofBatch} AND ${key} IN (SELECT key FROM undone_keys) FOR UPDATE`,
  );
  await session.query(
    'undo.rows',
    // A place is one within a partition.
    `CREATE TEMP TABLE undone_rows ON COMMIT DROP AS
     SELECT t.tableoid AS part, t.ctid AS place, k.key, k.inserted, CASE WHEN NOT ${isOurs(mapping, 't')} THEN 'changed_in_target' END AS kept
     FROM ${target} t JOIN undone_keys k ON k.key = ${key} WHERE ${ofBatch}`,
  );
  await session.query(
    'undo.missed',
    `INSERT INTO undone_rows (key, inserted, kept)
     SELECT key, false, 'deleted_in_target' FROM undone_keys k
     WHERE NOT inserted AND NOT gone AND NOT EXISTS (SELECT FROM undone_rows r WHERE r.key = k.key)`,
  );
}

const LEAVING = 'SELECT part, place FROM undone_rows WHERE inserted AND kept IS NULL';
const RESTORED = 'SELECT part, place FROM undone_rows WHERE NOT inserted AND kept IS NULL';

/** What something refers to stays. Rows that go do not count, nor do those that get what they referred to before. */
async function keepReferenced(session: TargetSession, target: string, columns: readonly string[]): Promise<void> {
  const referred = await referrersOf(session, target, 't', { leaving: LEAVING, rewritten: RESTORED, columns });
  if (referred.length === 0) return;
  // What a row that stays refers to stays as well.
  for (;;) {
    const held = await session.query(
      'undo.referenced',
      `UPDATE undone_rows r SET kept = 'referenced' FROM ${target} t
       WHERE (t.tableoid, t.ctid) = (r.part, r.place) AND r.inserted AND r.kept IS NULL AND (${referred.join(' OR ')})`,
    );
    if (held.rowCount === 0) return;
  }
}

/** Images of what is about to be changed: an undo is a writing like any other. Rows that are kept have none. */
async function remember(session: TargetSession, ref: BatchRef, target: string): Promise<void> {
  await session.query(
    'undo.images',
    `INSERT INTO carryover.before_images (run_id, batch, legacy_key, target_row)
     SELECT $1, $2, r.key, to_jsonb(t) FROM ${target} t JOIN undone_rows r ON (r.part, r.place) = (t.tableoid, t.ctid) WHERE r.kept IS NULL
     ON CONFLICT DO NOTHING`,
    [ref.run, ref.batch],
  );
}

/** What a load writes, and no more: the other columns are those of whoever else writes them. */
function writtenColumns(mapping: TimedMapping): string[] {
  const mark = markColumn(mapping);
  const written = [...targetValues(mapping).map(({ column }) => column), mapping.lineage.target];
  return [...new Set([...written, ...(mark === null ? [] : [mark])])];
}

/**
 * Takes out what was inserted, and gives what was changed its former values. Both in one statement: a value that goes is free
 * then for a row that had it before, and foreign keys are checked when both are done.
 */
async function writeBack(
  session: TargetSession,
  target: string,
  columns: readonly string[],
): Promise<{ removed: number; restored: number }> {
  const written = await session.query<{ removed: string; restored: string }>(
    'undo.write',
    `WITH removed AS (DELETE FROM ${target} t WHERE (t.tableoid, t.ctid) IN (${LEAVING}) RETURNING 1),
     -- Read by the other, so that it is done first.
     counted AS MATERIALIZED (SELECT count(*) AS rows FROM removed),
     restored AS (
       UPDATE ${target} t SET ${columns.map((column) => `${column} = i.${column}`).join(', ')}
       FROM undone_rows r JOIN undone_keys k ON k.key = r.key CROSS JOIN LATERAL jsonb_populate_record(NULL::${target}, k.image) i
       WHERE (t.tableoid, t.ctid) = (r.part, r.place) AND NOT r.inserted AND r.kept IS NULL
         AND (SELECT rows FROM counted) >= 0 RETURNING 1)
     SELECT (SELECT rows FROM counted) AS removed, (SELECT count(*) FROM restored) AS restored`,
  );
  const [line] = written.rows;
  return { removed: Number(line!.removed), restored: Number(line!.restored) };
}

/** Columns of the target that can be written, quoted, as far as images have them: others came later, and have their defaults. */
async function columnsOf(session: TargetSession, target: string): Promise<string[]> {
  const found = await session.query<{ name: string }>(
    'undo.columns',
    `SELECT attname AS name FROM pg_attribute
     WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
       AND attname IN (SELECT jsonb_object_keys(image) FROM undone_keys WHERE image IS NOT NULL) ORDER BY attnum`,
    [target],
  );
  return found.rows.map(({ name }) => quotePg(name));
}

/** Rows that the undone batch had deleted, since the source had them no more. */
async function returnTaken(session: TargetSession, ref: BatchRef, target: string): Promise<number> {
  const columns = await columnsOf(session, target);
  if (columns.length === 0) return 0;
  const gone = `FROM undone_keys k WHERE k.gone AND NOT k.inserted AND NOT EXISTS (SELECT FROM undone_rows r WHERE r.key = k.key)`;
  const returned = await session.query(
    'undo.return',
    `INSERT INTO ${target} (${columns.join(', ')}) OVERRIDING SYSTEM VALUE
     SELECT ${columns.map((column) => `i.${column}`).join(', ')}
     FROM (SELECT k.image ${gone}) k CROSS JOIN LATERAL jsonb_populate_record(NULL::${target}, k.image) i`,
  );
  await session.query(
    'undo.returnedKeys',
    `INSERT INTO carryover.inserted_keys (run_id, batch, legacy_keys)
     SELECT $1, $2, keys FROM (SELECT array_agg(k.key ORDER BY k.key) AS keys ${gone}) k WHERE keys IS NOT NULL
     ON CONFLICT (run_id, batch) DO UPDATE SET legacy_keys = excluded.legacy_keys`,
    [ref.run, ref.batch],
  );
  return returned.rowCount ?? 0;
}
