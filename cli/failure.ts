/** What a failed workflow says to a person: its own failure where that has a type, else the best of the causes. */
import { ApplicationFailure, CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';

export interface FailureSummary {
  /** Type of ours, e.g. `NotProven`, where there is one. */
  readonly type: string | undefined;
  readonly message: string;
  /** Run of the ledger that the failure tells of, where it does. */
  readonly run?: string;
}

export function describeFailure(error: unknown): FailureSummary {
  let last: FailureSummary = { type: undefined, message: 'the workflow failed without a message' };
  for (let link: unknown = error, depth = 0; link instanceof Error && depth < 20; link = link.cause, depth++) {
    if (link instanceof ApplicationFailure) {
      const failure = { type: link.type ?? undefined, message: link.message, ...runOf(link.details) };
      if (failure.type !== undefined) return failure;
      last = failure;
    } else if (link instanceof CancelledFailure) {
      return { type: 'Cancelled', message: 'the run was cancelled' };
    } else if (link instanceof TerminatedFailure) {
      return { type: 'Terminated', message: `the workflow was terminated${link.message ? `: ${link.message}` : ''}` };
    } else if (link instanceof TimeoutFailure) {
      last = { type: 'Timeout', message: `the workflow ran into a timeout (${link.timeoutType})` };
    }
  }
  return last;
}

/** A run that is not proven fails with its result as the failure's detail. */
function runOf(details: readonly unknown[] | null | undefined): { run?: string } {
  const run = (details?.[0] as { run?: unknown } | undefined)?.run;
  return typeof run === 'string' ? { run } : {};
}
