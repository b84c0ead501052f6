/** Transactions of the target: BEGIN, COMMIT and ROLLBACK have points of their own, by the transaction's name. */
import type { Transaction } from '../points';
import type { Target, TargetQueries, TargetSession } from './session';

/**
 * Runs `work` in one transaction of a session.
 *
 * @param mode as BEGIN takes it, such as `READ ONLY`
 */
export async function inTransaction<T>(
  session: TargetQueries,
  name: Transaction,
  work: () => Promise<T>,
  mode = '',
): Promise<T> {
  await session.query(`${name}.begin`, `BEGIN ${mode}`);
  try {
    const result = await work();
    await session.query(`${name}.commit`, 'COMMIT');
    return result;
  } catch (error) {
    // The first error says what happened; a connection that cannot even roll back is lost, and with it the transaction.
    await session.query(`${name}.rollback`, 'ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** Runs `work` in one transaction of a session of its own, which is closed where anything failed. */
export async function withTransaction<T>(
  target: Target,
  name: Transaction,
  work: (session: TargetSession) => Promise<T>,
  mode?: string,
): Promise<T> {
  const session = await target.connect();
  let broken = true;
  try {
    const result = await inTransaction(session, name, () => work(session), mode);
    broken = false;
    return result;
  } finally {
    session.release(broken);
  }
}
