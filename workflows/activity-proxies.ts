/** The only proxies of activities: one per timeout profile, each with its reason. */
import { ActivityCancellationType, ActivityFailure, ApplicationFailure, proxyActivities } from '@temporalio/workflow';
import type { RetryPolicy } from '@temporalio/common';
import type { Activities } from '../activities';
import { NON_RETRYABLE } from '../shared/errors';

// How often a failure is tried again is decided where it is classified (activities/guarded.ts): lost connections
// without limit, anything else a few times. So there is no maximum here; ten seconds bound the wait after an outage.
const retry: RetryPolicy = {
  initialInterval: '1s',
  backoffCoefficient: 2,
  maximumInterval: '10s',
  nonRetryableErrorTypes: [...NON_RETRYABLE],
};

/** Short questions to the ledger and the source: a statement of seconds, so that a dead worker is noticed soon. */
export const ledger = proxyActivities<
  Pick<Activities, 'cut' | 'remaining' | 'park' | 'decide' | 'hold' | 'acceptFindings'>
>({
  startToCloseTimeout: '2m',
  heartbeatTimeout: '15s',
  retry,
});

/** The last act of a cancelled run, or of a forecast: it must not keep the workflow open while a server is away. */
export const farewell = proxyActivities<Pick<Activities, 'release' | 'endForecast'>>({
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '1m',
  heartbeatTimeout: '15s',
  retry,
});

/** The steps of a batch: minutes for the largest, with heartbeats every three seconds that notice a dead worker. */
export const steps = proxyActivities<
  Pick<Activities, 'extract' | 'mapCases' | 'mapActors' | 'transform' | 'load' | 'validate' | 'undo'>
>({
  startToCloseTimeout: '30m',
  heartbeatTimeout: '15s',
  // A cancelled run must not end before its steps have: what they had in hand is rolled back, or committed, by then.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry,
});

const whole = { startToCloseTimeout: '2h', heartbeatTimeout: '15s', retry } as const;

/** Work on whole tables, once per run: planning counts the source; so is a decision about all that is in quarantine. */
export const run = proxyActivities<Pick<Activities, 'plan' | 'abandon' | 'decideQuarantine'>>({
  ...whole,
  // Whoever cancels a start need not wait: a run that is opened nevertheless has no owner, and the next start goes on.
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});

/** Work on whole tables at a run's end: the report, which groups them. */
export const closing = proxyActivities<Pick<Activities, 'finish' | 'report'>>({
  ...whole,
  // A cancelled run must know whether its end was committed: it is over then, and its report is made.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** A verification's ranges and checks: minutes each; a range of a key that is no number is the whole table. */
export const verification =
  proxyActivities<
    Pick<
      Activities,
      | 'planVerification'
      | 'planClosing'
      | 'planComparison'
      | 'takeFound'
      | 'unverified'
      | 'verifyRange'
      | 'verifyCheck'
      | 'finishVerification'
    >
  >(whole);

/** A forecast's batches: minutes each; all of them at once where rows of the table point to each other. */
export const forecasting = proxyActivities<Pick<Activities, 'planForecast' | 'forecastBatches'>>({
  ...whole,
  // A cancelled forecast drops its stage, and must not do so while a batch is at work.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** The failure type of an activity's error, if that is what it is. */
export function failureType(error: unknown): string | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure ? (cause.type ?? undefined) : undefined;
}
