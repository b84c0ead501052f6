import { continueAsNew } from '@temporalio/workflow';
import type { RunResult } from '../shared/messages';
import type { ResyncInput } from '../shared/resync';
import { run } from './run';
import type { Continued } from './run-control';

/**
 * Workflow type `resync`: compares source and target, and takes what is new or changed, what is gone as the mapping says, and rows
 * in quarantine whose cause is gone; then verifies as every run does.
 *
 * @param input one JSON object, such as `{"migration": "case-states"}`
 * @param continued set by continue-as-new alone
 */
export function resync(input?: ResyncInput, continued?: Continued): Promise<RunResult> {
  return run({ input, mode: 'changed' }, continued, (next) => continueAsNew<typeof resync>(input, next));
}
