import { continueAsNew } from '@temporalio/workflow';
import type { RunResult } from '../shared/messages';
import type { UndoInput } from '../shared/undo';
import { run } from './run';
import type { Continued } from './run-control';

/**
 * Workflow type `undo`: takes back what the latest run that wrote something did, then verifies. It completes whatever the verdict
 * on the migration is: rows that it took out are pending.
 *
 * @param input one JSON object, such as `{"migration": "case-states", "run": "7"}`
 * @param continued set by continue-as-new alone
 */
export function undo(input?: UndoInput, continued?: Continued): Promise<RunResult> {
  return run({ input, mode: 'undo' }, continued, (next) => continueAsNew<typeof undo>(input, next));
}
