/** A person's decisions about rows in quarantine: left out, taken back, or their values removed. */
import { workflowInfo } from '@temporalio/workflow';
import type { PurgeInput, QuarantineDecision, RowChoice } from '../shared/quarantine-input';
import { run } from './activity-proxies';
import { asOwnFailure } from './run-control';

/**
 * Workflow type `dismiss`: rows in open quarantine are excluded by decision from then on.
 *
 * @param input one JSON object, such as `{"migration": "case-states", "reasons": ["code_unknown"], "why": "…"}`
 * @returns what was done, in words
 */
export const dismiss = (input?: RowChoice): Promise<string> => decide('dismiss', input);

/**
 * Workflow type `restore`: dismissed rows are in open quarantine again.
 *
 * @param input one JSON object, such as `{"migration": "case-states", "rows": ["12"], "why": "…"}`
 * @returns what was done, in words
 */
export const restore = (input?: RowChoice): Promise<string> => decide('restore', input);

/**
 * Workflow type `purge`: values of rows that are decided are removed; their keys and reasons stay.
 *
 * @param input one JSON object, such as `{"migration": "case-states", "olderThanDays": 90, "why": "…"}`
 * @returns what was done, in words
 */
export const purge = (input?: PurgeInput): Promise<string> => decide('purge', input);

async function decide(decision: QuarantineDecision, input: unknown): Promise<string> {
  try {
    return await run.decideQuarantine.executeWithOptions({ summary: decision }, [
      { decision, input, firstRun: workflowInfo().firstExecutionRunId },
    ]);
  } catch (error) {
    throw asOwnFailure(error, 'DecisionFailed');
  }
}
