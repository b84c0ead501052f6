/** How each start of a migration ended, also where it opened no run: read by people, and by whoever watches schedules. */
import { CarryoverError } from '../../shared/errors';
import type { TargetQueries } from '../target/session';
import type { Owner } from './owner';

/** Every way; `/metrics` shows each. */
export const START_OUTCOMES = [
  'opened',
  'resumed',
  'took_over',
  'restarted',
  'missed',
  'refused',
  'nothing_to_do',
] as const;

export type StartOutcome = (typeof START_OUTCOMES)[number];

/** A start that is tried again, since its answer was lost, is written down once. */
export async function recordStart(
  session: TargetQueries,
  migration: string,
  owner: Owner,
  outcome: StartOutcome,
  run: string | null,
  cause: string | null = null,
): Promise<void> {
  await session.query(
    'start.record',
    `INSERT INTO carryover.starts (migration, workflow, workflow_run, schedule, outcome, run_id, cause)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (workflow_run, outcome) DO NOTHING`,
    [migration, owner.workflow, owner.currentRun, owner.schedule, outcome, run, cause],
  );
}

/**
 * A start opens one run, or goes on with one, and no second after that one's end: an attempt that slept meanwhile, whose
 * worker was stopped or cut off, would leave an open run that nobody works on. So would one of a start that had nothing to do.
 *
 * @returns why it had nothing to do, to be answered again; null where it may open a run
 * @throws CarryoverError `Superseded`
 */
export async function requireUnspent(session: TargetQueries, { currentRun }: Owner): Promise<string | null> {
  const found = await session.query<{ run: string | null; state: string | null; cause: string }>(
    'start.spent',
    `SELECT s.run_id::text AS run, r.state, s.cause FROM carryover.starts s LEFT JOIN carryover.runs r USING (run_id)
     WHERE s.workflow_run = $1 AND (r.run_id IS NOT NULL OR s.outcome = 'nothing_to_do') ORDER BY s.start_id DESC LIMIT 1`,
    [currentRun],
  );
  const [last] = found.rows;
  if (last === undefined || last.state === 'open') return null;
  if (last.run === null) return last.cause;
  throw new CarryoverError(
    'Superseded',
    `this start had run ${last.run}, which is ${last.state} by now: an attempt that comes so late opens no other`,
  );
}
