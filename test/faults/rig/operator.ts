/** Whoever starts runs and sends verbs while servers and workers die under them: asks again, and never twice. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Client,
  Connection,
  WorkflowExecutionAlreadyStartedError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  isGrpcServiceError,
} from '@temporalio/client';

/** Milliseconds that an answer may take, whatever dies meanwhile. */
const PATIENCE_MS = 150_000;

/** What gRPC calls a server that is away, restarts, or was asked while it did. */
const AWAY = new Set([1, 2, 4, 8, 13, 14]);

export interface Operator {
  readonly client: Client;
  /** Starts a workflow; one that is there already is the same start, whose answer was lost. */
  start(
    type: 'migrate' | 'resync' | 'repair' | 'replay' | 'undo' | 'verify' | 'abandon',
    taskQueue: string,
    workflowId: string,
    input: object,
  ): Promise<void>;
  /** What a workflow ended with: its result, or its failure's type and message. */
  outcome(workflowId: string): Promise<unknown>;
  /** Sends a verb until it is taken: what it needs may yet have to come about. */
  send(workflowId: string, verb: string, request: object): Promise<string>;
  terminate(workflowId: string): Promise<void>;
  close(): Promise<void>;
}

export async function createOperator(address: string): Promise<Operator> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  const insist = async <T>(work: () => Promise<T>, isPassing: (error: unknown) => boolean = isAway): Promise<T> => {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await client.withDeadline(Date.now() + 10_000, work);
      } catch (error) {
        if (!isPassing(error) || Date.now() > deadline) throw error;
        await sleep(250);
      }
    }
  };
  return {
    client,
    start: (type, taskQueue, workflowId, input) =>
      insist(async () => {
        try {
          await client.workflow.start(type, { workflowId, taskQueue, args: [input] });
        } catch (error) {
          if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        }
      }),
    outcome: (workflowId) =>
      insist(async () => {
        try {
          return (await client.workflow.getHandle(workflowId).result()) as unknown;
        } catch (error) {
          const { cause } = error as { cause?: { type?: string; message: string } };
          if (isAway(error) || cause === undefined) throw error;
          return { failed: cause.type ?? cause.message };
        }
      }),
    send: (workflowId, verb, request) => {
      // One id: what was taken, and its answer lost, is not taken again.
      const updateId = randomUUID();
      return insist(
        () =>
          client.workflow.getHandle(workflowId).executeUpdate<string, [object]>(verb, { args: [request], updateId }),
        (error) => isAway(error) || isRefused(error),
      );
    },
    terminate: (workflowId) =>
      insist(async () => {
        const handle = client.workflow.getHandle(workflowId);
        if ((await handle.describe()).status.name === 'RUNNING') await handle.terminate('by the test');
      }),
    close: () => connection.close(),
  };
}

function isAway(error: unknown): boolean {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
  const cause = (error as { cause?: unknown } | undefined)?.cause;
  return [error, cause].some((each) => isGrpcServiceError(each) && AWAY.has(each.code));
}

/** By the validator, so that nothing of it is kept; a decision that was taken and failed has a class of ours. */
const isRefused = (error: unknown): boolean =>
  error instanceof WorkflowUpdateFailedError && (error.cause as { type?: string } | undefined)?.type === 'Error';
