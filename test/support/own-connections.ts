/** Connections of a test's own, around the product. */
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { Pool } from 'pg';

export type SourceRow = Record<string, string | null>;

/** Shows instants in UTC, as the product's sessions do. */
export function ownPool(connectionString: string): Pool {
  const pool = new Pool({ connectionString, options: '-c TimeZone=UTC' });
  // Tests end backends, and drop databases under their own connections.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

export async function queryText(admin: Connection, sql: string, values: readonly unknown[] = []): Promise<SourceRow[]> {
  const [rows] = await admin.query<RowDataPacket[]>({
    sql,
    values: [...values],
    typeCast: (field) => field.string('utf8'),
  });
  return rows;
}
