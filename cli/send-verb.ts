/** Sends an operator's verb to the workflow that owns a run, and waits for its answer as long as a person would. */
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { Config } from '../config';
import type { RunStatus } from '../database/ledger/read-status';
import type { Verb } from '../shared/names';
import { EXIT } from './exit-codes';
import type { RunName } from './named-run';
import { findRun } from './named-run';
import { askOwner } from './owner';
import { withTarget } from './targets';
import type { Temporal } from './temporal';
import { CONNECT_MS, grpcError, hasWorker, withTemporal } from './temporal';
import { UserError } from './user-error';
import { startOf } from './status-text';

/** Milliseconds until a decision must be accepted, and from then until it must be carried out. */
const ACCEPT_MS = 15_000;
const ANSWER_MS = 20_000;

/** Whom a verb is for; the run is unknown where the ledger was not asked. */
export interface Addressee {
  readonly workflowId: string;
  readonly run: RunStatus | null;
}

/**
 * The owner of a run, by the ledger; or a workflow by its id, which does without the ledger.
 *
 * @throws UserError where there is no such run, or it is over
 */
export async function findAddressee(
  config: Config,
  name: RunName | undefined,
  workflowId: string | undefined,
): Promise<Addressee> {
  if (workflowId !== undefined) return { workflowId, run: null };
  const run = await withTarget(config, (target) => findRun(target, name!));
  if (run.state === 'open') return { workflowId: run.owner.workflow, run };
  const how = run.state === 'finished' ? `${run.state} (${(run.verdict ?? '').replaceAll('_', ' ')})` : run.state;
  throw new UserError(
    `Run ${run.run} of ${run.migration} is ${how}: nothing of it can be changed. \`carryover start ${run.migration}\` begins a new one.`,
    EXIT.refused,
  );
}

export interface VerbAnswer {
  /** Id by which the decision is in Temporal's history and in the audit. */
  readonly update: string;
  /** What the run says that it has done. */
  readonly words: string;
}

/** @throws UserError with the validator's words where the run refuses, and where nobody is there to take the decision */
export function sendVerb(config: Config, addressee: Addressee, verb: Verb, request: object): Promise<VerbAnswer> {
  return withTemporal(config, async (temporal) => {
    try {
      const { handle, taskQueue } = await requireListener(config, temporal, addressee);
      if (!(await hasWorker(temporal, taskQueue))) {
        throw new UserError(
          `No worker polls the task queue "${taskQueue}", so that nobody would take the decision; nothing was sent. Start a worker with "npm run worker", and say it again.`,
          EXIT.unreachable,
        );
      }
      return await send(temporal, handle, addressee, verb, request);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw over(addressee, 'ended meanwhile');
      const { code, details } = grpcError(error);
      if (code === undefined) throw error;
      throw new UserError(
        `Temporal at ${config.temporal.address} does not take it (gRPC status ${code}${details === '' ? '' : `: ${details}`}); see \`carryover audit\` for whether it was taken, then say it again.`,
        EXIT.unreachable,
      );
    }
  });
}

/** Makes sure that the workflow can take an update. */
async function requireListener(
  config: Config,
  temporal: Temporal,
  addressee: Addressee,
): Promise<{ handle: WorkflowHandle; taskQueue: string }> {
  const { workflowId, run } = addressee;
  const { client } = temporal;
  const deadline = Date.now() + CONNECT_MS;
  if (run === null) {
    const handle = client.workflow.getHandle(workflowId);
    const found = await describe(temporal, handle, deadline);
    if (found === null) {
      throw new UserError(
        `Temporal at ${config.temporal.address} knows no workflow "${workflowId}" in the namespace "${temporal.namespace}"; nothing was sent.`,
        EXIT.refused,
      );
    }
    if (found.status.name === 'PAUSED') throw pausedByTemporal(workflowId);
    if (found.status.name !== 'RUNNING') throw over(addressee, `is over (${found.status.name.toLowerCase()})`);
    return { handle, taskQueue: found.taskQueue };
  }
  const owner = await askOwner(temporal, run.owner, deadline);
  switch (owner.state) {
    case 'alive':
      // This very chain: another workflow that got the id meanwhile must not get the decision.
      return {
        handle: client.workflow.getHandle(workflowId, undefined, { firstExecutionRunId: run.owner.firstRun }),
        taskQueue: owner.taskQueue,
      };
    case 'paused':
      throw pausedByTemporal(workflowId);
    case 'gone':
      throw over(addressee, owner.how);
    case 'elsewhere':
      throw new UserError(
        `Run ${run.run} of ${run.migration} belongs to workflow ${workflowId} in the namespace "${run.owner.namespace}" of another Temporal than this one (${config.temporal.address}, "${temporal.namespace}"); nothing was sent. Correct TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.`,
        EXIT.refused,
      );
  }
}

async function describe({ connection }: Temporal, handle: WorkflowHandle, deadline: number) {
  try {
    return await connection.withDeadline(deadline, () => handle.describe());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

function over({ workflowId, run }: Addressee, how: string): UserError {
  const whose = run === null ? `The workflow "${workflowId}"` : `Run ${run.run} of ${run.migration} is open, but its owner, workflow ${workflowId},`; // prettier-ignore
  const next =
    run === null
      ? '`carryover status` says which workflow owns an open run.'
      : `\`carryover ${startOf(run)} ${run.migration}\` goes on with the run.`;
  return new UserError(`${whose} ${how}: nobody can take the decision. ${next}`, EXIT.refused);
}

const pausedByTemporal = (workflowId: string): UserError =>
  new UserError(
    `The workflow ${workflowId} is paused by Temporal itself, and takes no decision until that is undone: unpause it in the Temporal UI, or with \`temporal workflow unpause --workflow-id ${workflowId}\`. Nothing was sent.`,
    EXIT.refused,
  );

async function send(
  { connection }: Temporal,
  handle: WorkflowHandle,
  { run }: Addressee,
  verb: Verb,
  request: object,
): Promise<VerbAnswer> {
  const updateId = randomUUID();
  const look = `\`carryover audit${run === null ? '' : ` ${run.run}`}\` lists what was carried out`;
  const within = async <T>(ms: number, asked: () => Promise<T>, late: string): Promise<T> => {
    try {
      return await connection.withDeadline(Date.now() + ms, asked);
    } catch (error) {
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) throw new UserError(late, EXIT.unreachable);
      if (error instanceof WorkflowUpdateFailedError) throw new UserError(refusalOf(error), EXIT.refused);
      throw error;
    }
  };
  const update = await within(
    ACCEPT_MS,
    () => handle.startUpdate<string, [object]>(verb, { args: [request], waitForStage: 'ACCEPTED', updateId }),
    `No worker has taken the decision within ${ACCEPT_MS / 1000} s: it may be lost, or be taken once one is there. See that a worker is well, and look before you say it again: ${look}.`,
  );
  const words = await within(
    ANSWER_MS,
    () => update.result(),
    `The decision is accepted, but not carried out yet: a worker or a database is away. It will be, once that is back; there is no need to say it again. \`carryover status${run === null ? '' : ` ${run.run}`}\` says what is away, and ${look}.`,
  );
  return { update: updateId, words };
}

/** The words of the run's validator, or of the step that failed, as they are. */
function refusalOf(error: WorkflowUpdateFailedError): string {
  let words = error.message;
  for (let link: unknown = error.cause, depth = 0; link instanceof Error && depth < 10; link = link.cause, depth++) {
    words = link.message;
  }
  return words;
}
