/**
 * The mark by which a sample is known. Only a database that bears it, or that holds no table at all, is touched:
 * nobody's data is dropped by a wrong address. It is set before the first table, so that an interrupted sample can be
 * made again.
 */
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Client } from 'pg';
import { SampleError } from './errors';

export const MARK = 'carryover_sample';

export interface Mark {
  readonly seed: number;
  readonly rows: number;
  readonly dirty: boolean;
}

const SHOWN = 10;

function refuse(side: string, variable: string, tables: readonly string[]): void {
  if (tables.length === 0 || tables.includes(MARK)) return;
  const shown = tables.slice(0, SHOWN).join(', ');
  const more = tables.length > SHOWN ? ` and ${tables.length - SHOWN} more` : '';
  throw new SampleError(
    `The ${side} holds tables that are not the sample's: ${shown}${more}. Nothing was changed. ` +
      `Name an empty database in ${variable}, or drop these tables if nobody needs them.`,
  );
}

/** Throws if the source holds tables and no mark. */
export async function refuseForeignSource(source: Connection): Promise<void> {
  const [rows] = await source.query<RowDataPacket[]>(
    'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_name',
  );
  refuse(
    'source',
    'CARRYOVER_SOURCE_URL',
    rows.map((row) => row.name as string),
  );
}

/** Throws if the target holds tables, in whatever schema, and no mark. */
export async function refuseForeignTarget(target: Client): Promise<void> {
  const { rows } = await target.query<{ name: string }>(`
    SELECT CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    ORDER BY n.nspname <> 'public', 1`);
  refuse(
    'target',
    'CARRYOVER_TARGET_URL',
    rows.map((row) => row.name),
  );
}

const DEFINITION = `(
  seed      bigint NOT NULL,
  row_count bigint NOT NULL,
  dirty     boolean NOT NULL,
  complete  boolean NOT NULL
)`;

/** Marks the source as a sample in the making. */
export async function markSource(source: Connection, mark: Mark): Promise<void> {
  await source.query(`CREATE TABLE IF NOT EXISTS ${MARK} ${DEFINITION} ENGINE=InnoDB`);
  await source.query(`DELETE FROM ${MARK}`);
  await source.query(`INSERT INTO ${MARK} VALUES (?, ?, ?, false)`, [mark.seed, mark.rows, mark.dirty]);
}

/** Marks the target as a sample in the making. */
export async function markTarget(target: Client, mark: Mark): Promise<void> {
  await target.query(`CREATE TABLE IF NOT EXISTS public.${MARK} ${DEFINITION}`);
  await target.query(`DELETE FROM public.${MARK}`);
  await target.query(`INSERT INTO public.${MARK} VALUES ($1, $2, $3, false)`, [mark.seed, mark.rows, mark.dirty]);
}

/** Says on both sides that the sample is whole. */
export async function markComplete(source: Connection, target: Client): Promise<void> {
  await source.query(`UPDATE ${MARK} SET complete = true`);
  await target.query(`UPDATE public.${MARK} SET complete = true`);
}
