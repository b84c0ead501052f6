/** What names a server and its schema whatever its address: recorded with a run, compared when it goes on. */
import type { Source } from './source/open-source';
import type { TargetQueries } from './target/session';

export type Identity = Readonly<Record<string, string>>;

/** `server_uuid` on MySQL, `server_id` on MariaDB, and the schema. */
export async function sourceIdentity(source: Source): Promise<Identity> {
  const rows = await source.query(
    'source.identity',
    "SHOW VARIABLES WHERE Variable_name IN ('server_uuid', 'server_id')",
  );
  const variables = new Map(rows.map(([name, value]) => [name!, value!]));
  const uuid = variables.get('server_uuid');
  const server = uuid === undefined || uuid === '' ? `server_id ${variables.get('server_id') ?? '?'}` : uuid;
  return { server, schema: source.database };
}

/** The cluster's `system_identifier` and the database. */
export async function targetIdentity(target: TargetQueries): Promise<Identity> {
  const found = await target.query<{ server: string; database: string }>(
    'target.identity',
    'SELECT system_identifier::text AS server, current_database() AS database FROM pg_control_system()',
  );
  return { server: found.rows[0]!.server, database: found.rows[0]!.database };
}

/** Rows of a target table as they are now. */
export async function countTarget(target: TargetQueries, table: string): Promise<number> {
  const counted = await target.query<{ rows: string }>('target.count', `SELECT count(*) AS rows FROM ${table}`);
  return Number(counted.rows[0]!.rows);
}
