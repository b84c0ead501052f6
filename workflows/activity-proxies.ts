/** The only proxies of activities: one per timeout profile, each with its reason. */
import { proxyActivities } from '@temporalio/workflow';
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
export const ledger = proxyActivities<Pick<Activities, 'cut' | 'remaining' | 'park'>>({
  startToCloseTimeout: '2m',
  heartbeatTimeout: '15s',
  retry,
});

/** The steps of a batch: minutes for the largest, with heartbeats every three seconds that notice a dead worker. */
export const steps = proxyActivities<
  Pick<Activities, 'extract' | 'mapCases' | 'mapActors' | 'transform' | 'load' | 'validate'>
>({
  startToCloseTimeout: '30m',
  heartbeatTimeout: '15s',
  retry,
});

/** Work on whole tables, once per run: planning counts the source, finishing checks the target, the report groups it. */
export const run = proxyActivities<Pick<Activities, 'plan' | 'finish' | 'report'>>({
  startToCloseTimeout: '2h',
  heartbeatTimeout: '15s',
  retry,
});
