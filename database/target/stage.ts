/**
 * The stage: unlogged tables that hold a batch's rows between activities. Named by run, batch and the token of the
 * extract attempt that wrote them, so that a dead attempt's rows can never be taken for a live one's. Expendable.
 */
import { namedColumns } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import { CarryoverError } from '../../shared/errors';
import type { StagedBatchRef } from '../../shared/messages';
import type { Attempt } from '../ledger/attempts';
import { quotePgTable } from './quote';
import type { TargetQueries } from './session';

const SCHEMA = 'carryover_stage';

export interface StageTables {
  readonly prefix: string;
  readonly rows: string;
  readonly unfit: string;
  /** Lookup answers of the reference at a position of `referencesOf`. */
  reference(position: number): string;
}

export function stageTables(run: string, batch: number, token: string): StageTables {
  const prefix = `b_${BigInt(run)}_${batch}_${BigInt(token)}`;
  const table = (name: string): string => quotePgTable(SCHEMA, `${prefix}_${name}`);
  return { prefix, rows: table('rows'), unfit: table('unfit'), reference: (position) => table(`ref${position}`) };
}

/** Creates the table of an extract attempt's rows; its columns are text, so that no value can fail to be staged. */
export async function createStage(attempt: Attempt, mapping: Mapping): Promise<StageTables> {
  const tables = stageTables(attempt.ref.run, attempt.ref.batch, attempt.token);
  const columns = namedColumns(mapping).map((_name, index) => `c${index} text`);
  await attempt.session.query(
    'extract.createStage',
    `CREATE UNLOGGED TABLE ${tables.rows} (n integer NOT NULL, id uuid NOT NULL, sha256 text NOT NULL, bad text, ` +
      `extra text, ${columns.join(', ')}) WITH (autovacuum_enabled = off)`,
  );
  return tables;
}

/** Small statistics are enough for the joins of a batch, and take a tenth of the time; within a transaction. */
export async function analyze(attempt: Attempt, table: string): Promise<void> {
  await attempt.session.query('stage.smallStatistics', 'SET LOCAL default_statistics_target = 10');
  await attempt.session.query('stage.analyze', `ANALYZE ${table}`);
}

/**
 * Makes sure that the stage a step is to read is the one that its extract wrote, whole.
 *
 * @throws CarryoverError `StageLost` where it is gone, emptied by a crash of the database, or not the batch's any more
 */
export async function requireStage(attempt: Attempt, ref: StagedBatchRef): Promise<StageTables> {
  const tables = stageTables(ref.run, ref.batch, ref.stage);
  const lost = (what: string): CarryoverError =>
    new CarryoverError('StageLost', `the staged rows of batch ${ref.batch} are ${what}; it starts again at extract`);
  if (attempt.batch.extractToken !== ref.stage) throw lost('of an older attempt');
  const found = await attempt.session.query<{ known: boolean }>(
    'stage.known',
    'SELECT to_regclass($1) IS NOT NULL AS known',
    [tables.rows],
  );
  if (!found.rows[0]!.known) throw lost('gone');
  const counted = await attempt.session.query<{ rows: string }>(
    'stage.count',
    `SELECT count(*) AS rows FROM ${tables.rows}`,
  );
  const rows = Number(counted.rows[0]!.rows);
  if (rows !== attempt.batch.staged) throw lost(`${rows} instead of ${attempt.batch.staged ?? 0}`);
  return tables;
}

/** Writes down how many rows a step has left in its table: the catalog knows it also where the table is emptied. */
export async function sealTable(attempt: Attempt, table: string, rows: number): Promise<void> {
  await attempt.session.query('stage.seal', `COMMENT ON TABLE ${table} IS '${BigInt(rows)}'`);
}

/** As {@link requireStage}, for a table that a later step wrote and sealed. */
export async function requireTable(attempt: Attempt, table: string): Promise<void> {
  const lost = (what: string): CarryoverError =>
    new CarryoverError(
      'StageLost',
      `a staged table of batch ${attempt.ref.batch} is ${what}; it starts again at extract`,
    );
  const found = await attempt.session.query<{ known: boolean; rows: string | null }>(
    'stage.tableKnown',
    `SELECT to_regclass($1) IS NOT NULL AS known, obj_description(to_regclass($1), 'pg_class') AS rows`,
    [table],
  );
  const { known, rows } = found.rows[0]!;
  if (!known) throw lost('gone');
  const counted = await attempt.session.query<{ rows: string }>(
    'stage.tableCount',
    `SELECT count(*) AS rows FROM ${table}`,
  );
  if (counted.rows[0]!.rows !== rows) throw lost('emptied');
}

/** Drops every stage table of a batch, whichever attempt made it. */
export async function dropStage(session: TargetQueries, run: string, batch: number): Promise<void> {
  const found = await session.query<{ table: string }>(
    'stage.list',
    `SELECT format('%I.%I', n.nspname, c.relname) AS table
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relname LIKE $2`,
    [SCHEMA, `b\\_${BigInt(run)}\\_${batch}\\_%`],
  );
  if (found.rows.length > 0)
    await session.query('stage.drop', `DROP TABLE ${found.rows.map((row) => row.table).join(', ')}`);
}
