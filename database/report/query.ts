import type { Point, Transaction } from '../points';
import { literalPg } from '../target/quote';
import type { Target, TargetQueries, TargetSession } from '../target/session';
import { withTransaction } from '../target/transaction';

/** Rows of one statement. */
export async function rowsOf<R extends object>(
  db: TargetQueries,
  point: Point,
  sql: string,
  values: readonly unknown[],
): Promise<R[]> {
  return (await db.query<R>(point, sql, values)).rows;
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
 * Reads in one snapshot, so that all figures belong to the same moment, and without the right to write. Sorts get enough
 * memory for the one window over the whole target table, and scans are told that helpers cost little: the planner cannot
 * know that millions of rows fall into a handful of groups.
 */
function inSnapshot<T>(target: Target, name: Transaction, read: (session: TargetSession) => Promise<T>): Promise<T> {
  return withTransaction(target, name, read, 'ISOLATION LEVEL REPEATABLE READ READ ONLY');
}

async function prepare(session: TargetQueries): Promise<void> {
  await session.query('report.memory', "SET LOCAL work_mem = '64MB'");
  await session.query('report.setupCost', 'SET LOCAL parallel_setup_cost = 0');
  await session.query('report.tupleCost', 'SET LOCAL parallel_tuple_cost = 0');
}

/** Runs two readings at once over one and the same snapshot. */
export async function inSharedSnapshot<A, B>(
  target: Target,
  first: (db: TargetQueries) => Promise<A>,
  second: (db: TargetQueries) => Promise<B>,
): Promise<[A, B]> {
  return inSnapshot(target, 'report.ledger', async (session) => {
    await prepare(session);
    const [exported] = await rowsOf<{ name: string }>(
      session,
      'report.export',
      'SELECT pg_export_snapshot() AS name',
      [],
    );
    const other = inSnapshot(target, 'report.target', async (own) => {
      await own.query('report.snapshot', `SET TRANSACTION SNAPSHOT ${literalPg(exported!.name)}`);
      await prepare(own);
      return second(own);
    });
    return Promise.all([first(session), other]);
  });
}
