/** Starts a workflow of ours where a worker is there to carry it out, and says in words why it was not started. */
import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Config } from '../config';
import { EXIT } from './exit-codes';
import { requireWorker } from './require-worker';
import type { Temporal } from './temporal';
import { grpcError } from './temporal';
import { UserError } from './user-error';

export interface Start {
  readonly type:
    | 'migrate'
    | 'resync'
    | 'repair'
    | 'replay'
    | 'undo'
    | 'verify'
    | 'forecast'
    | 'abandon'
    | 'acceptFindings'
    | 'dismiss'
    | 'restore'
    | 'purge';
  readonly workflowId: string;
  readonly input: object;
  readonly summary: string;
  /** Found by it in Temporal's list; null where the workflow is of none. */
  readonly migration: string | null;
  /** What is said where a workflow of this id runs already. */
  readonly running: string;
  /** `nothing was started`, as the command has it. */
  readonly nothing: string;
}

/** Of one id, a second workflow is refused while the first is at work. */
export const workflowIdOf = (type: Start['type'], subject: string): string =>
  type === 'migrate' ? `carryover-${subject}` : `carryover-${type}-${subject}`;

export type StartedHandle = WorkflowHandle & { readonly firstExecutionRunId: string };

/** @throws UserError where it was not started */
export async function startWorkflow(config: Config, temporal: Temporal, start: Start): Promise<StartedHandle> {
  await requireWorker(config, temporal, start.nothing);
  const key = defineSearchAttributeKey('CarryoverMigration', 'KEYWORD');
  try {
    return await temporal.client.workflow.start(start.type, {
      taskQueue: config.taskQueue,
      workflowId: start.workflowId,
      args: [start.input],
      staticSummary: start.summary,
      ...(start.migration === null ? {} : { typedSearchAttributes: [{ key, value: start.migration }] }),
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) throw new UserError(start.running, EXIT.refused);
    const { code, details } = grpcError(error);
    if (/search attribute/i.test(details)) {
      throw new UserError(
        `Temporal does not know the search attributes of Carryover in this namespace; ${start.nothing}. Run \`carryover setup\`.`,
        EXIT.refused,
      );
    }
    throw new UserError(
      `Temporal at ${config.temporal.address} refused the start (gRPC status ${code ?? 'unknown'}${details === '' ? '' : `: ${details}`}); ${start.nothing}.`,
      EXIT.refused,
    );
  }
}
