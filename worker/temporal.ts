/** What the ledger asks Temporal: which cluster it is, and whether an owner still runs. */
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';

export interface Temporal {
  clusterId(): Promise<string>;
  /** True where the newest run of the workflow id belongs to the chain and is running. */
  isRunning(workflow: string, firstRun: string): Promise<boolean>;
}

export function createTemporal(client: Client): Temporal {
  return {
    clusterId: async () => (await client.connection.workflowService.getClusterInfo({})).clusterId,
    isRunning: async (workflow, firstRun) => {
      try {
        // Without a run id: the first run of a continued chain is closed, and says nothing of its owner.
        const found = await client.workflow.getHandle(workflow).describe();
        const first = found.raw.workflowExecutionInfo?.firstRunId;
        return first === firstRun && (found.status.name === 'RUNNING' || found.status.name === 'PAUSED');
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },
  };
}
