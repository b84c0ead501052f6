import { continueAsNew } from '@temporalio/workflow';
import type { ReplayInput, RunResult } from '../shared/messages';
import { run } from './run';
import type { Continued } from './run-control';

/**
 * Workflow type `replay`: tries rows in quarantine again, from the source as it is now; then verifies as every run does.
 *
 * @param input one JSON object, such as `{"migration": "case-states", "reasons": ["case_unmapped"]}`
 * @param continued set by continue-as-new alone
 */
export function replay(input?: ReplayInput, continued?: Continued): Promise<RunResult> {
  return run({ input, mode: 'replay' }, continued, (next) => continueAsNew<typeof replay>(input, next));
}
