/** Accepts findings of a verification: exceptions from then on. */
import type { AcceptInput } from '../shared/accept-input';
import { workflowInfo } from '@temporalio/workflow';
import { ledger } from './activity-proxies';
import { asOwnFailure } from './run-control';

/**
 * Workflow type `acceptFindings`.
 *
 * @param input one JSON object, such as `{"migration": "case-states", "verification": "7", "kinds": ["extra"], "reason": "…"}`
 * @returns what was done, in words
 */
export async function acceptFindings(input?: AcceptInput): Promise<string> {
  try {
    return await ledger.acceptFindings.executeWithOptions({ summary: 'accept findings' }, [
      { input, firstRun: workflowInfo().firstExecutionRunId },
    ]);
  } catch (error) {
    throw asOwnFailure(error, 'AcceptFailed');
  }
}
