/** Waits for the result of a workflow that a command has started. */
import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { EXIT } from './exit-codes';
import { describeFailure } from './failure';
import { UserError } from './user-error';

/**
 * @param goesOn what is said besides where Temporal does not answer any more: how to learn what became of it
 * @throws UserError where it ended without a result
 */
export async function resultOf<T>(handle: WorkflowHandle, goesOn: string): Promise<T> {
  try {
    return (await handle.result()) as T;
  } catch (error) {
    if (error instanceof WorkflowFailedError) throw new UserError(describeFailure(error.cause).message, EXIT.refused);
    throw new UserError(`Temporal does not answer any more; ${goesOn}.`, EXIT.unreachable);
  }
}
