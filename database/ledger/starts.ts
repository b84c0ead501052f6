/** How each start of a migration ended, also where it opened no run: read by people, and by whoever watches schedules. */
import type { TargetQueries } from '../target/session';
import type { Owner } from './owner';

export type StartOutcome = 'opened' | 'resumed' | 'took_over' | 'restarted' | 'missed' | 'refused';

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
