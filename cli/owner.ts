/** What Temporal says of the workflow that owns a run. */
import { WorkflowNotFoundError } from '@temporalio/client';
import type { RunStatus } from '../database/ledger/read-status';
import type { Temporal } from './temporal';

export type OwnerState =
  /** It runs, and polls or waits for workers on this task queue. */
  | { readonly state: 'alive'; readonly taskQueue: string }
  /** Temporal itself has paused it: it takes no update, and no step begins. */
  | { readonly state: 'paused' }
  /** It is over, or Temporal knows nothing of it. */
  | { readonly state: 'gone'; readonly how: string }
  /** It belongs to another cluster or namespace, so that nobody here can be asked. */
  | { readonly state: 'elsewhere' };

/**
 * @param deadline milliseconds since the epoch, until which Temporal may take to answer
 * @throws what Temporal's client throws where it does not answer
 */
export async function askOwner(
  { connection, client, namespace }: Temporal,
  owner: RunStatus['owner'],
  deadline: number,
): Promise<OwnerState> {
  const { clusterId } = await connection.withDeadline(deadline, () => connection.workflowService.getClusterInfo({}));
  if (clusterId !== owner.cluster || namespace !== owner.namespace) return { state: 'elsewhere' };
  try {
    // Without a run id: the first run of a continued chain is closed, and says nothing of its owner.
    const found = await connection.withDeadline(deadline, () => client.workflow.getHandle(owner.workflow).describe());
    if (found.raw.workflowExecutionInfo?.firstRunId !== owner.firstRun) {
      return { state: 'gone', how: 'is over, and its id was used again' };
    }
    if (found.status.name === 'RUNNING') return { state: 'alive', taskQueue: found.taskQueue };
    if (found.status.name === 'PAUSED') return { state: 'paused' };
    return { state: 'gone', how: `is over (${found.status.name.toLowerCase().replaceAll('_', ' ')})` };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { state: 'gone', how: 'is not known to Temporal any more' };
    throw error;
  }
}
