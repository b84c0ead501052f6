/** Closes an open run that has no living owner: what it had not done stays pending. */
import { workflowInfo } from '@temporalio/workflow';
import type { AbandonInput } from '../shared/messages';
import { run } from './activity-proxies';
import { asOwnFailure } from './run-control';

/**
 * Workflow type `abandon`.
 *
 * @param input one JSON object, such as `{"run": "7", "reason": "its table is gone"}`
 * @returns what was done, in words
 */
export async function abandon(input?: AbandonInput): Promise<string> {
  try {
    return await run.abandon.executeWithOptions({ summary: 'abandon' }, [
      { input, firstRun: workflowInfo().firstExecutionRunId },
    ]);
  } catch (error) {
    throw asOwnFailure(error, 'AbandonFailed');
  }
}
