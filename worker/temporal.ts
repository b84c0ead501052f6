/** What the ledger asks Temporal: which cluster it is, and whether an owner still runs. */
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError, isGrpcServiceError } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../shared/names';
import { identityOfUpdate } from './update-identity';

/** Numbers of Temporal's enum IndexedValueType. */
const VALUE_TYPES: Readonly<Record<string, number>> = { KEYWORD: 2, INT: 3 };

/** Number of gRPC's status for what is not there. */
const NOT_FOUND = 5;

export interface Temporal {
  clusterId(): Promise<string>;
  /** True where the newest run of the workflow id belongs to the chain and is running. */
  readonly isRunning: (workflow: string, firstRun: string) => Promise<boolean>;
  /** Identity of the client that started the first run of a chain; empty where it had none. */
  identityOfStart(workflow: string, firstRun: string): Promise<string>;
  /** Identity of the client that sent an update; empty where it had none. */
  identityOfUpdate(workflow: string, run: string, update: string): Promise<string>;
  /** Asks a workflow to cancel, as its steps and stages allow. */
  cancel(workflow: string, run: string): Promise<void>;
  /** Search attributes that are not registered, or under another type; without them a workflow task would fail for ever. */
  missingSearchAttributes(): Promise<string[]>;
}

export function createTemporal(client: Client): Temporal {
  return {
    missingSearchAttributes: async () => {
      const { namespace } = client.options;
      const listed = await client.connection.workflowService.getSearchAttributes({}).catch(() => null);
      const own = await client.connection.operatorService.listSearchAttributes({ namespace }).catch(() => null);
      // A server that tells nobody (some hosted ones) is not asked twice: the run would show it.
      if (listed === null && own === null) return [];
      const known = { ...listed?.keys, ...own?.customAttributes };
      return Object.entries(SEARCH_ATTRIBUTES)
        .filter(([name, type]) => Number(known[name]) !== VALUE_TYPES[type])
        .map(([name, type]) => `${name} (${type})`);
    },
    identityOfStart: async (workflow, firstRun) => {
      try {
        const { history } = await client.workflowService.getWorkflowExecutionHistory({
          namespace: client.options.namespace,
          execution: { workflowId: workflow, runId: firstRun },
          maximumPageSize: 1,
        });
        return history?.events?.[0]?.workflowExecutionStartedEventAttributes?.identity ?? '';
      } catch (error) {
        // A long chain outlives the retention of its first run.
        if (isGrpcServiceError(error) && Number(error.code) === NOT_FOUND) return '';
        throw error;
      }
    },
    identityOfUpdate: (workflow, run, update) => identityOfUpdate(client, workflow, run, update),
    cancel: async (workflow, run) => {
      await client.workflow.getHandle(workflow, run).cancel();
    },
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
