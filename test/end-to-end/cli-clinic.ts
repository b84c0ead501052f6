/** The sample with a worker, and the command line that sees both. */
import type { Connection } from '@temporalio/client';
import { registerSearchAttributes } from '../../cli/temporal';
import { SEARCH_ATTRIBUTES } from '../../shared/names';
import { createEngine } from '../support/engine';
import type { Engine } from '../support/engine';
import { registerNamespace } from '../support/namespace';
import { connectTemporal, startWorker } from '../support/worker';
import type { RunningWorker, TemporalClient } from '../support/worker';
import { carryover, testSettings } from './cli-run';
import type { Said } from './cli-run';

export interface Clinic {
  readonly engine: Engine;
  readonly temporal: TemporalClient;
  readonly worker: RunningWorker;
  readonly say: (...args: string[]) => Promise<Said>;
  close(): Promise<void>;
}

/** @param dirty adds rows for every reason of the quarantine */
export async function openClinic(rows: number, dirty = false): Promise<Clinic> {
  // Files run side by side, and workflows are named after migrations.
  const namespace = await registerNamespace();
  const [engine, temporal] = await Promise.all([
    createEngine({ sample: { rows, dirty } }),
    connectTemporal({ namespace }),
  ]);
  const { client } = temporal;
  const within = { client, connection: client.connection as Connection, namespace };
  if (!(await registerSearchAttributes(within, Object.keys(SEARCH_ATTRIBUTES))))
    throw new Error(`the search attributes of ${namespace} were not registered`);
  const worker = await startWorker(engine, temporal);
  return {
    engine,
    temporal,
    worker,
    say: (...args) =>
      carryover(
        args,
        testSettings({
          TEMPORAL_NAMESPACE: namespace,
          CARRYOVER_TASK_QUEUE: worker.taskQueue,
          CARRYOVER_SOURCE_URL: engine.sourceUrl,
          CARRYOVER_TARGET_URL: engine.targetUrl,
        }),
      ),
    close: async () => {
      await worker.stop();
      await temporal.close();
      await engine.drop();
    },
  };
}
