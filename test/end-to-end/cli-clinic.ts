/** The sample with a worker, and the command line that sees both. */
import { createEngine } from '../support/engine';
import type { Engine } from '../support/engine';
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
  const [engine, temporal] = await Promise.all([createEngine({ sample: { rows, dirty } }), connectTemporal()]);
  const worker = await startWorker(engine, temporal);
  const settings = testSettings({
    CARRYOVER_TASK_QUEUE: worker.taskQueue,
    CARRYOVER_SOURCE_URL: engine.sourceUrl,
    CARRYOVER_TARGET_URL: engine.targetUrl,
  });
  /** Files of tests share one Temporal, and with it the ids of the commands' workflows: whether another file's has it. */
  const isOfOthers = async ({ code, err }: Said): Promise<boolean> => {
    const [, id] = /workflow "([^"]+)"(?: is running already|: wait for it)/.exec(err) ?? [];
    if (code === 0 || id === undefined) return false;
    const { taskQueue } = await temporal.client.workflow.getHandle(id).describe();
    return taskQueue !== worker.taskQueue;
  };
  return {
    engine,
    temporal,
    worker,
    say: async (...args) => {
      for (;;) {
        const said = await carryover(args, settings);
        if (!(await isOfOthers(said))) return said;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    },
    close: async () => {
      await worker.stop();
      await temporal.close();
      await engine.drop();
    },
  };
}
