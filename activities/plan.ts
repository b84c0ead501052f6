import { activityInfo } from '@temporalio/activity';
import { CHECKS, checkAbandonInput } from '../shared/input';
import { CarryoverError, listProblems } from '../shared/errors';
import type { Planned, RunMode } from '../shared/messages';
import type { Dependencies, Starter } from './dependencies';
import { deadlineOf } from './deadline';
import { guarded } from './guarded';

export interface PlanRequest {
  /** What the run is to do; every row unless given. */
  readonly mode?: Exclude<RunMode, 'full'>;
  /** Whatever the workflow was started with. */
  readonly input: unknown;
  /** Run id of the first run of the workflow's chain. */
  readonly firstRun: string;
  /** The schedule that started the workflow; null where none did. */
  readonly schedule: string | null;
  /** When it was to start, in milliseconds since the epoch; a workflow that began under an earlier version gives none. */
  readonly due?: number;
  /** True where the run of this very start is planned anew: it has begun within its hours. */
  readonly again?: boolean;
}

export interface AbandonRequest {
  readonly input: unknown;
  readonly firstRun: string;
}

/** What opens a run, and what closes one that nobody goes on with. */
export const createPlan = ({ mappings, runs }: Pick<Dependencies, 'mappings' | 'runs'>) => ({
  /**
   * Plans a run: refuses an input, a mapping or a server that will not do, with all problems and before anything is
   * changed; then opens the run in the ledger, or goes on with the one that is open.
   */
  plan: (request: PlanRequest): Promise<Planned> =>
    guarded(async () => {
      const starter = starterOf(request.firstRun, request.schedule);
      try {
        return await planRun({ mappings, runs }, request, starter);
      } catch (error) {
        const migration = migrationOf(request.input, mappings.names());
        if (migration !== null && error instanceof CarryoverError && isRefusal(error)) {
          // A ledger that cannot be written is one more reason not to start; the first is told.
          await runs.vain(migration, 'refused', error.message, starter).catch(() => undefined);
        }
        throw error;
      }
    }),

  /** Closes an open run that has no living owner. */
  abandon: (request: AbandonRequest): Promise<string> =>
    guarded(async () => {
      const { input, problems } = checkAbandonInput(request.input);
      if (input === null) throw new CarryoverError('InputRefused', listProblems('No run was abandoned:', problems));
      return runs.abandon(input, starterOf(request.firstRun, null));
    }),
});

async function planRun(
  { mappings, runs }: Pick<Dependencies, 'mappings' | 'runs'>,
  { mode: some, input: whatever, due, again }: PlanRequest,
  starter: Starter,
): Promise<Planned> {
  const mode: RunMode = some ?? 'full';
  const { input, given, problems } = CHECKS[mode](whatever, mappings.names());
  if (input === null) throw new CarryoverError('InputRefused', listProblems('The run was not started:', problems));
  const mapping = mappings.get(input.migration);
  const { window } = input;
  const deadline = window && deadlineOf(window, due ?? Date.now());
  if (deadline !== undefined && deadline.at <= Date.now() && again !== true) {
    const missed = `it could not begin before ${deadline.until} ${deadline.zone}, when its hours ended`;
    await runs.vain(mapping.name, 'missed', missed, starter);
    return { missed };
  }
  // An undo takes rows out, whatever the mapping has become of those that are gone.
  const found = await runs.preflight(mode === 'undo' ? { ...mapping, gone: { policy: 'delete' } } : mapping);
  if (found.length > 0) {
    throw new CarryoverError(
      'PreflightFailed',
      listProblems(`${mapping.name} cannot run; nothing was changed:`, found),
    );
  }
  const planned = await runs.open(mapping, mode, input, given, starter);
  return deadline === undefined || !('run' in planned) ? planned : { ...planned, deadline };
}

/** The migration that an input names, whatever else is wrong with it. */
function migrationOf(input: unknown, known: readonly string[]): string | null {
  const { migration } = (input ?? {}) as { migration?: unknown };
  return typeof migration === 'string' && known.includes(migration) ? migration : null;
}

/** A start that was superseded had its run, and whoever opens runs writes down the other two itself. */
const NOT_OURS = ['Superseded', 'AlreadyRunning', 'MappingChanged'];

const isRefusal = ({ type, retry }: CarryoverError): boolean => retry === 'never' && !NOT_OURS.includes(type);

function starterOf(firstRun: string, schedule: string | null): Starter {
  const { workflowExecution, workflowNamespace } = activityInfo();
  return {
    namespace: workflowNamespace ?? 'default',
    workflow: workflowExecution!.workflowId,
    firstRun,
    currentRun: workflowExecution!.runId,
    schedule,
  };
}
