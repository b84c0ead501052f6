/** What names a server and its schema whatever its address: recorded with a run, compared when it goes on. */
import type pg from 'pg';
import { classified } from './sql-errors';
import type { Source } from './source/open-source';

export type Identity = Readonly<Record<string, string>>;

/** `server_uuid` on MySQL, `server_id` on MariaDB, and the schema. */
export async function sourceIdentity(source: Source): Promise<Identity> {
  const rows = await source.query("SHOW VARIABLES WHERE Variable_name IN ('server_uuid', 'server_id')");
  const variables = new Map(rows.map(([name, value]) => [name!, value!]));
  const uuid = variables.get('server_uuid');
  const server = uuid === undefined || uuid === '' ? `server_id ${variables.get('server_id') ?? '?'}` : uuid;
  return { server, schema: source.database };
}

/** The cluster's `system_identifier` and the database. */
export async function targetIdentity(pool: pg.Pool): Promise<Identity> {
  const found = await classified(
    'target',
    pool.query<{ server: string; database: string }>(
      'SELECT system_identifier::text AS server, current_database() AS database FROM pg_control_system()',
    ),
  );
  return { server: found.rows[0]!.server, database: found.rows[0]!.database };
}

/** Rows of a target table as they are now. */
export async function countTarget(pool: pg.Pool, table: string): Promise<number> {
  const counted = await classified('target', pool.query<{ rows: string }>(`SELECT count(*) AS rows FROM ${table}`));
  return Number(counted.rows[0]!.rows);
}
