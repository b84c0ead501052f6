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
 */
export async function inSnapshot<T>(pool: Pool, read: (db: Queryable) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
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
