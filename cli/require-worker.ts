import type { Config } from '../config';
import { EXIT } from './exit-codes';
import type { Temporal } from './temporal';
import { grpcError, hasWorker } from './temporal';
import { UserError } from './user-error';

/** A worker that starts at the same time needs a moment until it polls. */
const PATIENCE_MS = 3_000;

/**
 * @param harmless what did not happen, such as `nothing was started`
 * @throws UserError where nobody polls the task queue of the settings: a workflow would only wait
 */
export async function requireWorker(config: Config, temporal: Temporal, harmless: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await polls(config, temporal, harmless))) {
    if (Date.now() > end) {
      throw new UserError(
        `No worker polls the task queue "${config.taskQueue}" of the namespace "${temporal.namespace}", so that the workflow would only wait; ${harmless}. Start a worker with "npm run worker", or name its queue in CARRYOVER_TASK_QUEUE.`,
        EXIT.unreachable,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

async function polls(config: Config, temporal: Temporal, harmless: string): Promise<boolean> {
  try {
    return await hasWorker(temporal, config.taskQueue);
  } catch (error) {
    const { code } = grpcError(error);
    throw new UserError(
      `Temporal at ${config.temporal.address} does not tell who polls the task queue "${config.taskQueue}" (gRPC status ${code ?? 'unknown'}); ${harmless}.`,
      EXIT.unreachable,
    );
  }
}
