/** Fills the port of forecasts from `database/`: nothing but wiring. */
import type { Forecasts } from '../activities/dependencies';
import { forecastBatches } from '../database/forecast/batches';
import { planForecast } from '../database/forecast/plan';
import { endForecast, sweepForecasts } from '../database/forecast/sweep';
import type { Source } from '../database/source/open-source';
import type { Target } from '../database/target/session';
import { handsOf } from './hands';
import type { Timed } from './timed';

export interface ForecastParts {
  readonly source: Source;
  readonly target: Target;
}

export function createForecasts({ source, target }: ForecastParts, timed: Timed): Forecasts {
  return {
    plan: async (mapping, input, { workflowRun }, signal) => {
      await sweepForecasts(target);
      return planForecast(target, source, mapping, input, workflowRun, await handsOf(mapping, source), signal);
    },
    batches: async (mapping, ref, signal) =>
      forecastBatches(target, source, await timed(mapping), await handsOf(mapping, source), ref, signal),
    end: (forecast) => endForecast(target, forecast),
  };
}
