import { activityInfo } from '@temporalio/activity';
import { CHECKS, checkAbandonInput } from '../shared/input';
import { CarryoverError, listProblems } from '../shared/errors';
import type { Planned, RunMode } from '../shared/messages';
import type { Dependencies, Starter } from './dependencies';
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
      const { input, given, problems } = CHECKS[request.mode ?? 'full'](request.input, mappings.names());
      if (input === null) throw new CarryoverError('InputRefused', listProblems('The run was not started:', problems));
      const mapping = mappings.get(input.migration);
      // An undo takes rows out, whatever the mapping has become of those that are gone.
      const found = await runs.preflight(
        request.mode === 'undo' ? { ...mapping, gone: { policy: 'delete' } } : mapping,
      );
      if (found.length > 0) {
        throw new CarryoverError(
          'PreflightFailed',
          listProblems(`${mapping.name} cannot run; nothing was changed:`, found),
        );
      }
      return runs.open(mapping, request.mode ?? 'full', input, given, starterOf(request.firstRun, request.schedule));
    }),

  /** Closes an open run that has no living owner. */
  abandon: (request: AbandonRequest): Promise<string> =>
    guarded(async () => {
      const { input, problems } = checkAbandonInput(request.input);
      if (input === null) throw new CarryoverError('InputRefused', listProblems('No run was abandoned:', problems));
      return runs.abandon(input, starterOf(request.firstRun, null));
    }),
});

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
