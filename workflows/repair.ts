import { continueAsNew } from '@temporalio/workflow';
import type { RepairInput, RunResult } from '../shared/messages';
import { run } from './run';
import type { Continued } from './run-control';

/**
 * Workflow type `repair`: takes again what a verification found wrong, as far as it is ours; then verifies as every run does.
 *
 * @param input one JSON object, such as `{"migration": "case-states"}`
 * @param continued set by continue-as-new alone
 */
export function repair(input?: RepairInput, continued?: Continued): Promise<RunResult> {
  return run({ input, mode: 'repair' }, continued, (next) => continueAsNew<typeof repair>(input, next));
}
