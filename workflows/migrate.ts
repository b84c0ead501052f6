import { continueAsNew } from '@temporalio/workflow';
import type { MigrateInput, RunResult } from '../shared/messages';
import { run } from './run';
import type { Continued } from './run-control';

/**
 * Workflow type `migrate`: takes every row of the table.
 *
 * @param input one JSON object; the Temporal UI can send no more, and may send none, which is refused in words
 * @param continued set by continue-as-new alone
 */
export function migrate(input?: MigrateInput, continued?: Continued): Promise<RunResult> {
  return run({ input }, continued, (next) => continueAsNew<typeof migrate>(input, next));
}
