import { activityInfo } from '@temporalio/activity';
import { checkMigrateInput } from '../shared/input';
import { CarryoverError, listProblems } from '../shared/errors';
import type { RunPlan } from '../shared/messages';
import type { Dependencies } from './dependencies';
import { guarded } from './guarded';

export interface PlanRequest {
  /** Whatever the workflow was started with. */
  readonly input: unknown;
  /** Run id of the first run of the workflow's chain. */
  readonly firstRun: string;
}

/**
 * Plans a run: refuses an input, a mapping or a server that will not do, with all problems and before anything is
 * changed; then opens the run in the ledger, or goes on with the one that is open.
 */
export const createPlan = ({ mappings, runs }: Pick<Dependencies, 'mappings' | 'runs'>) => ({
  plan: (request: PlanRequest): Promise<RunPlan> =>
    guarded(async () => {
      const { input, problems } = checkMigrateInput(request.input, mappings.names());
      if (input === null) throw new CarryoverError('InputRefused', listProblems('The run was not started:', problems));
      const mapping = mappings.get(input.migration);
      const found = await runs.preflight(mapping);
      if (found.length > 0) {
        throw new CarryoverError(
          'PreflightFailed',
          listProblems(`${mapping.name} cannot run; nothing was changed:`, found),
        );
      }
      const { workflowExecution, workflowNamespace } = activityInfo();
      return runs.open(mapping, input, {
        namespace: workflowNamespace ?? 'default',
        workflow: workflowExecution!.workflowId,
        firstRun: request.firstRun,
        currentRun: workflowExecution!.runId,
      });
    }),
});
