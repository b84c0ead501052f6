/** Ends what is still at work for a run's batches: backends of steps whose worker died, or was stopped. */
import type { TargetQueries } from '../target/session';

const END_BACKENDS = `
SELECT pg_terminate_backend(a.pid)
FROM carryover.batches b JOIN pg_stat_activity a ON a.pid = b.backend_pid AND a.backend_start = b.backend_start
WHERE b.run_id = $1 AND a.pid <> pg_backend_pid()`;

export async function endBackends(session: TargetQueries, run: string): Promise<void> {
  await session.query('run.endBackends', END_BACKENDS, [run]);
}

/**
 * Locks a run's line against every load of it: those that are under way are ended, those that come later see the run as
 * the caller leaves it. So nothing can commit under an owner that was replaced.
 */
export async function lockAgainstLoads(session: TargetQueries, run: string): Promise<void> {
  await endBackends(session, run);
  await session.query('run.lockLine', 'SELECT FROM carryover.runs WHERE run_id = $1 FOR UPDATE', [run]);
}
