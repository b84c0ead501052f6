/** A session whose statements end on the server when somebody cancels the work. */
import type { Target, TargetSession } from './session';

/** Runs `work` on a connection of its own; after a failure, or a cancellation, the connection is closed. */
export async function withCancellable<T>(
  target: Target,
  signal: AbortSignal,
  work: (session: TargetSession) => Promise<T>,
): Promise<T> {
  const session = await target.connect();
  let cancel: (() => void) | undefined;
  let failed = true;
  try {
    const found = await session.query<{ pid: string }>('session.backend', 'SELECT pg_backend_pid() AS pid');
    const { pid } = found.rows[0]!;
    cancel = () => void target.query('session.cancel', 'SELECT pg_cancel_backend($1)', [pid]).catch(() => undefined);
    signal.addEventListener('abort', cancel);
    const result = await work(abortable(session, signal));
    // A cancellation that is still on its way must not meet whoever gets the connection next.
    failed = signal.aborted;
    return result;
  } finally {
    if (cancel !== undefined) signal.removeEventListener('abort', cancel);
    session.release(failed);
  }
}

/** Cancelling ends the statement that runs; here none is begun after it either. */
export function abortable(session: TargetSession, signal: AbortSignal): TargetSession {
  return {
    query: async (point, sql, values) => {
      signal.throwIfAborted();
      return session.query(point, sql, values);
    },
    copyFrom: async (point, sql, fill) => {
      signal.throwIfAborted();
      return session.copyFrom(point, sql, fill);
    },
    release: (broken) => session.release(broken),
  };
}
