/** What a run would do with every row of the source as it is now, by the run's own rules; nothing of it stays. */
import {
  CancellationScope,
  ContinueAsNew,
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { DEFAULT_MAX_PARKED, DEFAULT_MAX_QUARANTINE, brakeOf } from '../shared/brakes';
import { NO_COUNTS, addCounts } from '../shared/forecast';
import type { ForecastCounts, ForecastInput, ForecastPlan, ForecastProgress, ForecastResult } from '../shared/forecast';
import { STATUS_QUERY } from '../shared/names';
import { farewell, forecasting } from './activity-proxies';
import { asOwnFailure } from './run-control';

const statusQuery = defineQuery<ForecastProgress>(STATUS_QUERY);

/** What a forecast carries into its next history; the batches that its counts hold are the first ones. */
interface ForecastContinued {
  readonly plan: ForecastPlan;
  readonly counts: ForecastCounts;
  /** Milliseconds, by the workflow's clock, at which the first batch began. */
  readonly began: number;
}

/**
 * Workflow type `forecast`. It owns nothing: it may run at any time, beside a run too.
 *
 * @param input one JSON object, such as `{"migration": "case-states", "batchRows": 50000}`
 * @param continued set by continue-as-new alone
 */
export async function forecast(input?: ForecastInput, continued?: ForecastContinued): Promise<ForecastResult> {
  let state = continued;
  setHandler(statusQuery, (): ForecastProgress => ({
    migration: state?.plan.migration ?? null,
    batches: state?.plan.batches ?? 0,
    batchesDone: state?.counts.batches ?? 0,
    rows: state?.plan.rows ?? 0,
    rowsDone: state?.counts.source ?? 0,
  }));
  try {
    state ??= begin(await forecasting.planForecast.executeWithOptions({ summary: 'plan' }, [{ input }]));
    await lookAtAll(state, (counts) => (state = { ...state!, counts }));
    const { plan, counts, began } = state;
    if (counts.batches < plan.batches) await continueAsNew<typeof forecast>(input, state);
    await drop(plan);
    return resultOf(plan, counts, (Date.now() - began) / 1_000);
  } catch (error) {
    if (!(error instanceof ContinueAsNew)) await drop(state?.plan);
    throw asOwnFailure(error, 'ForecastFailed');
  } finally {
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  }
}

const begin = (plan: ForecastPlan): ForecastContinued => ({ plan, counts: NO_COUNTS, began: Date.now() });

/** Batches in order, so many at once as was asked for; ends between two where the history has grown. */
async function lookAtAll({ plan, counts }: ForecastContinued, tell: (counts: ForecastCounts) => void): Promise<void> {
  const { forecast: name, migration, basis, batches, together } = plan;
  let sum = counts;
  let next = counts.batches + 1;
  let failure: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    while (failure === undefined && next <= batches && !workflowInfo().continueAsNewSuggested) {
      const from = next;
      const to = together ? batches : from;
      next = to + 1;
      const summary = `${migration}: ${together ? `all ${batches} batches` : `batch ${from}`}`;
      try {
        const found = await forecasting.forecastBatches.executeWithOptions({ summary }, [
          { forecast: name, migration, basis, from, to },
        ]);
        sum = addCounts(sum, found);
        tell(sum);
      } catch (error) {
        failure ??= { error };
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: together ? 1 : plan.concurrency }, work));
  // Not before all have ended: the stage goes with the forecast.
  if (failure !== undefined) throw failure.error;
}

/** Where it cannot be dropped, it is swept when it is a day old. */
async function drop(plan: ForecastPlan | undefined): Promise<void> {
  if (plan === undefined) return;
  try {
    await CancellationScope.nonCancellable(() =>
      farewell.endForecast.executeWithOptions({ summary: `${plan.migration}: end` }, [{ forecast: plan.forecast }]),
    );
  } catch {
    // The forecast itself is done, or has failed for a better reason.
  }
}

function resultOf(plan: ForecastPlan, counts: ForecastCounts, seconds: number): ForecastResult {
  const { migration, batchRows, together, otherUnique, triggers, earlierRate } = plan;
  const brakes = { maxParked: DEFAULT_MAX_PARKED, maxQuarantine: DEFAULT_MAX_QUARANTINE };
  return {
    migration,
    batchRows,
    counts,
    brake: brakeOf(brakes, counts.parkedBatches, counts, true),
    // Within one transaction nothing is unseen.
    unseenUnique: together || plan.batches <= 1 ? [] : otherUnique,
    triggers,
    together,
    seconds,
    rate: seconds > 0 ? counts.source / seconds : 0,
    earlierRate,
  };
}
