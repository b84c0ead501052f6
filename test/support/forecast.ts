/** A forecast over the engine, batch by batch without Temporal. */
import { randomUUID } from 'node:crypto';
import type { Mapping } from '../../mappings/mapping';
import { NO_COUNTS, addCounts } from '../../shared/forecast';
import type { ForecastCounts, ForecastPlan } from '../../shared/forecast';
import { never } from './engine';
import type { Engine } from './engine';

export const planForecast = (
  engine: Engine,
  mapping: Mapping,
  batchRows: number,
  workflowRun: string = randomUUID(),
): Promise<ForecastPlan> => {
  const input = { migration: mapping.name, batchRows, concurrency: 2 };
  return engine.ports.forecasts.plan(mapping, input, { workflow: 'forecasts', workflowRun }, never());
};

/** Looks at batches of a plan; one by one where they do not belong together. */
export async function lookAt(engine: Engine, mapping: Mapping, plan: ForecastPlan): Promise<ForecastCounts> {
  const { forecast, migration, basis, batches, together } = plan;
  let counts = NO_COUNTS;
  for (let from = 1; from <= batches; from = together ? batches + 1 : from + 1) {
    const ref = { forecast, migration, basis, from, to: together ? batches : from };
    counts = addCounts(counts, await engine.ports.forecasts.batches(mapping, ref, never()));
  }
  return counts;
}

/** A whole forecast, from its plan to the end of its stage. */
export async function forecast(engine: Engine, mapping: Mapping, batchRows = 50_000): Promise<ForecastCounts> {
  const plan = await planForecast(engine, mapping, batchRows);
  const counts = await lookAt(engine, mapping, plan);
  await engine.ports.forecasts.end(plan.forecast);
  return counts;
}
