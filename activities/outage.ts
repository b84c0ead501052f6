/** Says that something is away that an activity waits for: in the worker's log each time, to the workflow ever rarer. */
import type { Context } from '@temporalio/activity';
import type { CarryoverError } from '../shared/errors';
import { OUTAGE_SIGNAL } from '../shared/names';

/** Milliseconds that telling the workflow may take: the wait for the server is the matter, not the word about it. */
const SIGNAL_MS = 3_000;

export interface Outage {
  readonly batch: number | undefined;
  /** How often it has been so, this time included. */
  readonly times: number;
  /** Milliseconds until the next try. */
  readonly wait: number;
  /** Milliseconds between tries, once it has lasted. */
  readonly longest: number;
}

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;

/** Never throws: what cannot be told must not hide what is away. */
export async function tellOutage(context: Context, error: CarryoverError, outage: Outage): Promise<void> {
  const { activityType, workflowExecution } = context.info;
  const what = outage.batch === undefined ? activityType : `${activityType} of batch ${outage.batch}`;
  context.log.warn(`${error.message}; tried again in ${seconds(outage.wait)}`, { waits: what, times: outage.times });
  // Powers of two: each signal is an event of the history, and an outage may last for days.
  if (!Number.isInteger(Math.log2(outage.times)) || workflowExecution === undefined) return;
  const cause = `${what} waits, tried again every ${seconds(outage.longest)}: ${error.message}`;
  try {
    const { client } = context;
    const { workflowId, runId } = workflowExecution;
    await client.withDeadline(Date.now() + SIGNAL_MS, () =>
      client.workflow.getHandle(workflowId, runId).signal(OUTAGE_SIGNAL, { cause }),
    );
  } catch (unsent) {
    const why = unsent instanceof Error ? unsent.message : typeof unsent;
    context.log.debug('the workflow could not be told of an outage', { why });
  }
}
