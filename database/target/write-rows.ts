/** Writes the fit rows of a batch, or of a part of it, into the target, with images and keys of what it changes. */
import { LINEAGE_HASHES, markColumn, namedColumns, targetKey } from '../../mappings/mapping';
import type { TimedMapping } from '../converters/converter';
import type { Attempt } from '../ledger/attempts';
import { hasOrigin, hashOfValues, isOurs, stagedLineage, targetValues } from './expressions';
import { targetKeyText } from './legacy-key';
import type { LoadNotes } from './load-notes';
import { quotePg, quotePgTable } from './quote';
import type { StageTables } from './stage';
import { joinReferences } from './transform';

export interface Written {
  readonly inserted: number;
  readonly updated: number;
}

/** Numbers of staged rows, both included; null for all. */
export type Part = { readonly from: number; readonly to: number } | null;

/** The condition that a staged row `r` is of the part. */
export const within = (part: Part): string =>
  part === null ? '' : ` AND r.n BETWEEN ${Math.trunc(part.from)} AND ${Math.trunc(part.to)}`;

/** @param fresh true where the target holds no row of the batch, so that a plain INSERT will do */
export function writeRows(
  attempt: Attempt,
  mapping: TimedMapping,
  tables: StageTables,
  notes: LoadNotes,
  fresh: boolean,
  part: Part,
): Promise<Written> {
  return (fresh ? insertAll : upsert)(attempt, mapping, tables, notes, part);
}

/**
 * Values of the fit rows, each computed once: OFFSET 0 keeps the planner from copying the expressions into the hash of
 * the target row.
 */
function fitRows(mapping: TimedMapping, tables: StageTables, part: Part): { columns: string[]; query: string } {
  const values = targetValues(mapping);
  const lineage = quotePg(mapping.lineage.target);
  const kept = ['n', 'sha256', ...namedColumns(mapping).map((_name, index) => `c${index}`)];
  const inner = [...kept.map((column) => `r.${column}`), ...values.map(({ sql }, index) => `${sql} AS t${index}`)];
  const hash = hashOfValues(values.map((_value, index) => `r.t${index}`));
  const query =
    `SELECT ${values.map(({ column }, index) => `r.t${index} AS ${quotePg(column)}`).join(', ')}, ` +
    `jsonb_build_object(${stagedLineage(mapping)}, '${LINEAGE_HASHES.target}', ${hash}) AS ${lineage}, r.n AS staged_row ` +
    `FROM (SELECT ${inner.join(', ')} FROM ${tables.rows} r ${joinReferences(mapping, tables)} ` +
    `LEFT JOIN ${tables.unfit} u ON u.n = r.n WHERE u.n IS NULL${within(part)} OFFSET 0) r`;
  return { columns: [...values.map(({ column }) => quotePg(column)), lineage], query };
}

/** Writes a part of the batch into a target that holds no row of the batch. */
async function insertAll(
  attempt: Attempt,
  mapping: TimedMapping,
  tables: StageTables,
  notes: LoadNotes,
  part: Part,
): Promise<Written> {
  const target = quotePgTable(mapping.target.schema, mapping.target.table);
  const { columns, query } = fitRows(mapping, tables, part);
  const list = columns.join(', ');
  // Sorted by id: random ids in index order touch each page of the primary key once.
  const inserted = await attempt.session.query(
    'load.insertFresh',
    `INSERT INTO ${target} (${list}) SELECT ${list} FROM (${query}) fit ORDER BY ${quotePg(mapping.id.target)}`,
  );
  if ((inserted.rowCount ?? 0) > 0) await notes.freshKeys(part);
  return { inserted: inserted.rowCount ?? 0, updated: 0 };
}

/** Writes a part of the batch where something differs; what it changes leaves an image, what is another's is kept. */
async function upsert(
  attempt: Attempt,
  mapping: TimedMapping,
  tables: StageTables,
  notes: LoadNotes,
  part: Part,
): Promise<Written> {
  const { session } = attempt;
  const target = quotePgTable(mapping.target.schema, mapping.target.table);
  const { columns, query } = fitRows(mapping, tables, part);
  const key = targetKey(mapping).map(quotePg);
  const sameKey = key.map((column) => `t.${column} = c.${column}`).join(' AND ');
  // What was marked as gone is there again.
  const mark = markColumn(mapping);
  const wasMarked = mark === null ? '' : ` OR t.${quotePg(mark)} IS NOT NULL`;
  const tuple = (alias: string): string => `(${columns.map((column) => `${alias}.${column}`).join(', ')})`;
  await session.query(
    'load.changes',
    `CREATE TEMP TABLE changes ON COMMIT DROP AS
     SELECT c.*, t.ctid IS NOT NULL AS existed FROM (${query}) c LEFT JOIN ${target} t ON ${sameKey}
     WHERE t.ctid IS NULL OR ${tuple('t')} IS DISTINCT FROM ${tuple('c')}${wasMarked}`,
  );
  if (!attempt.batch.overwrites) await notes.keepDeleted();
  // Locked before they are judged: what another writer does meanwhile is seen, or waits.
  await session.query(
    'load.lockRows',
    `SELECT FROM ${target} t JOIN changes c ON ${sameKey} WHERE c.existed FOR UPDATE OF t`,
  );
  // Where the run was told to overwrite, what we wrote once is as good as ours.
  const ours = attempt.batch.overwrites ? hasOrigin(mapping, 't') : isOurs(mapping, 't');
  const changed = { target, sameKey, ours, legacyKey: targetKeyText(mapping, 't') };
  await notes.beforeImages(changed);
  await notes.kept(changed);
  const list = columns.join(', ');
  const written = await session.query<{ inserted: string; updated: string }>(
    'load.write',
    // One statement: foreign keys are checked at its end, so that a row may come to refer to one that comes with it. Changed
    // first, so that a value that only one row may have is free for a row that comes.
    `WITH updated AS (
       UPDATE ${target} t SET ${columns.map((column) => `${column} = c.${column}`).join(', ')}${mark === null ? '' : `, ${quotePg(mark)} = NULL`}
       FROM changes c WHERE ${sameKey} AND c.existed AND ${ours} RETURNING 1),
     counted AS MATERIALIZED (SELECT count(*) AS rows FROM updated),
     inserted AS (
       INSERT INTO ${target} (${list})
       SELECT ${list} FROM changes WHERE NOT existed AND (SELECT rows FROM counted) >= 0 ORDER BY ${quotePg(mapping.id.target)} RETURNING 1)
     SELECT (SELECT count(*) FROM inserted) AS inserted, (SELECT rows FROM counted) AS updated`,
  );
  await notes.insertedKeys();
  await session.query('load.dropChanges', 'DROP TABLE changes');
  const [line] = written.rows;
  return { inserted: Number(line!.inserted), updated: Number(line!.updated) };
}
