/** What a failed workflow says to a person: the innermost failure that has something to say, without a stack. */
import { ApplicationFailure, CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';

export interface FailureSummary {
  /** Type of ours, e.g. `NotProven`, where there is one. */
  readonly type: string | undefined;
  readonly message: string;
}

export function describeFailure(error: unknown): FailureSummary {
  let last: FailureSummary = { type: undefined, message: 'the workflow failed without a message' };
  for (let link: unknown = error, depth = 0; link instanceof Error && depth < 20; link = link.cause, depth++) {
    if (link instanceof ApplicationFailure) {
      // The workflow's own failure is the operator's answer; what caused it is more precise only without a type.
      const failure = { type: link.type ?? undefined, message: link.message };
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
