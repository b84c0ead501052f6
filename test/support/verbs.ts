/** The operator's verbs, as a client sends them to a running workflow. */
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import type { Verb } from '../../shared/names';
import type { MigrateHandle } from './temporal';

/** Sends a verb with what the operator typed, which may be nothing; returns the answer's words. */
export const send = (handle: MigrateHandle, verb: Verb, ...args: unknown[]): Promise<string> =>
  handle.executeUpdate<string, [unknown]>(verb, { args: args as [unknown] });

/** The words in which a verb is refused or fails; it must, and nothing but words may come with it. */
export async function refusal(handle: MigrateHandle, verb: Verb, ...args: unknown[]): Promise<string> {
  return refused(send(handle, verb, ...args));
}

export async function refused(sent: Promise<unknown>): Promise<string> {
  const error: unknown = await sent.then(
    (answer) => new Error(`it was answered: ${String(answer)}`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof WorkflowUpdateFailedError)) throw error;
  const { message, failure } = error.cause as ApplicationFailure;
  // The Temporal UI would print it, file paths and all.
  if (failure?.stackTrace) throw new Error(`a stack came with it: ${failure.stackTrace}`);
  return message;
}
