import { activityInfo } from '@temporalio/activity';
import { CarryoverError, listProblems } from '../shared/errors';
import type { ForecastCounts, ForecastPlan, ForecastRef } from '../shared/forecast';
import { checkForecastInput } from '../shared/forecast-input';
import type { Dependencies } from './dependencies';
import { guarded } from './guarded';

export interface ForecastRequest {
  /** Whatever the workflow was started with. */
  readonly input: unknown;
}

/** What a run would do, by its own rules; nothing of it stays. */
export const createForecast = ({
  mappings,
  runs,
  forecasts,
}: Pick<Dependencies, 'mappings' | 'runs' | 'forecasts'>) => ({
  /** Refuses what a run would refuse, and cuts the batches; or tells again what this run of the workflow has planned. */
  planForecast: (request: ForecastRequest): Promise<ForecastPlan> =>
    guarded(async (signal) => {
      const { input, problems } = checkForecastInput(request.input, mappings.names());
      if (input === null) throw new CarryoverError('InputRefused', listProblems('Nothing was forecast:', problems));
      const mapping = mappings.get(input.migration);
      const found = await runs.preflight(mapping);
      if (found.length > 0) {
        throw new CarryoverError(
          'PreflightFailed',
          listProblems(`${mapping.name} cannot run; nothing was changed:`, found),
        );
      }
      const { workflowId, runId } = activityInfo().workflowExecution!;
      return forecasts.plan(mapping, input, { workflow: workflowId, workflowRun: runId }, signal);
    }),

  /** Looks at batches in order. */
  forecastBatches: (ref: ForecastRef): Promise<ForecastCounts> =>
    guarded((signal) => forecasts.batches(mappings.get(ref.migration), ref, signal)),

  /** Drops the stage. */
  endForecast: (request: { forecast: string }): Promise<void> => guarded(() => forecasts.end(request.forecast)),
});
