import { escapeLiteral } from 'pg';
import type { ClientBase, Pool, QueryResultRow } from 'pg';

/** What the report's statements need of a connection. */
export type Queryable = Pick<ClientBase, 'query'>;

/** Rows of one statement. */
export async function rowsOf<R extends QueryResultRow>(db: Queryable, sql: string, values: unknown[]): Promise<R[]> {
  return (await db.query<R>(sql, values)).rows;
}

/**
 * A bigint as the driver gives it (text) as a number.
 *
 * @throws RangeError beyond 2^53: a rounded figure in a report would be a wrong one
 */
export function toNumber(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new RangeError('a count of the ledger is no whole number below 2^53');
  return number;
}

/**
 * Runs the statements of `read` in one snapshot, so that all figures belong to the same moment, and without the right
 * to write. Sorts get enough memory for the one window over the whole target table, and scans are told that helpers
 * cost little: the planner cannot know that millions of rows fall into a handful of groups.
 *
 * @param shared name of a snapshot that another transaction has exported and still holds
 */
export async function inSnapshot<T>(pool: Pool, read: (db: Queryable) => Promise<T>, shared?: string): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    if (shared !== undefined) await client.query(`SET TRANSACTION SNAPSHOT ${escapeLiteral(shared)}`);
    await client.query("SET LOCAL work_mem = '64MB'");
    await client.query('SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0');
    const result = await read(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // A connection that cannot even roll back must not go back to the pool.
    await client.query('ROLLBACK').catch((cause: unknown) => (broken = cause as Error));
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Runs two readings at once over one and the same snapshot. */
export async function inSharedSnapshot<A, B>(
  pool: Pool,
  first: (db: Queryable) => Promise<A>,
  second: (db: Queryable) => Promise<B>,
): Promise<[A, B]> {
  return inSnapshot(pool, async (db) => {
    const [exported] = await rowsOf<{ name: string }>(db, 'SELECT pg_export_snapshot() AS name', []);
    return Promise.all([first(db), inSnapshot(pool, second, exported!.name)]);
  });
}
