/** Sends an operator's verb to the workflow that owns a run, as an update, and brings its answer in words. */
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { Config } from '../config';
import type { Verb } from '../shared/names';
import { EXIT } from './exit-codes';
import { describeFailure } from './failure';
import type { Temporal } from './temporal';
import { grpcError, hasWorker } from './temporal';
import { UserError } from './user-error';

/** Milliseconds until a worker must have accepted or refused a request. */
const ACCEPT_MS = 15_000;
/** Milliseconds that a person waits for a decision to be carried out: longer than a moment of contention. */
const ANSWER_MS = 45_000;

export interface Answer {
  /** The workflow's words; null where the decision is accepted, and not carried out yet. */
  readonly words: string | null;
}

/** @throws UserError with the validator's own words where the verb is refused */
export async function sendVerb(
  config: Config,
  temporal: Temporal,
  workflow: string,
  verb: Verb,
  request: object,
): Promise<Answer> {
  const { connection, client } = temporal;
  if (!(await hasWorker(temporal, config.taskQueue).catch(() => true))) {
    throw new UserError(
      `No worker polls the task queue "${config.taskQueue}", so that nobody could answer; nothing was sent. Start one with \`npm run worker\`.`,
      EXIT.unreachable,
    );
  }
  const handle = client.workflow.getHandle(workflow);
  try {
    const update = await connection.withDeadline(Date.now() + ACCEPT_MS, () =>
      handle.startUpdate<string, [object]>(verb, { args: [request], waitForStage: 'ACCEPTED' }),
    );
    try {
      return { words: await connection.withDeadline(Date.now() + ANSWER_MS, () => update.result()) };
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError) throw error;
      return { words: null };
    }
  } catch (error) {
    throw explain(config, workflow, verb, error);
  }
}

function explain(config: Config, workflow: string, verb: Verb, error: unknown): UserError {
  if (error instanceof WorkflowUpdateFailedError) {
    const { type, message } = describeFailure(error.cause);
    const kind = type === undefined || type === 'Error' ? '' : ` (${type})`;
    return new UserError(`${verb} was refused${kind}: ${message}`, EXIT.refused);
  }
  if (error instanceof WorkflowNotFoundError) {
    return new UserError(
      `The workflow "${workflow}" that owns the run is not running, so that nobody could take ${verb}. Start the migration again: it goes on where it was; or close the run with \`carryover abandon\`.`,
      EXIT.refused,
    );
  }
  const { code, details } = grpcError(error);
  return new UserError(
    `${verb} was not answered by the workflow "${workflow}" (gRPC status ${code ?? 'unknown'}${details === '' ? '' : `: ${details}`}); see whether a worker polls the task queue "${config.taskQueue}" and how the run stands with \`carryover status\`, then send it again.`,
    EXIT.unreachable,
  );
}
