/** A worker over its parts: registration only. */
import { Worker } from '@temporalio/worker';
import type { NativeConnection, WorkflowBundleOption } from '@temporalio/worker';
import { createActivities } from '../activities';
import type { Dependencies } from '../activities/dependencies';

/** Activities at once: each holds a connection of either server, so never more than the pools have. */
export const ACTIVITY_SLOTS = 10;

export interface WorkerSettings {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly workflowBundle: WorkflowBundleOption;
}

export function createWorker(settings: WorkerSettings, dependencies: Dependencies): Promise<Worker> {
  return Worker.create({
    ...settings,
    activities: createActivities(dependencies),
    maxConcurrentActivityTaskExecutions: ACTIVITY_SLOTS,
    // Histories are kept for sticky execution; a run needs one, so a few hundred would only be memory.
    maxCachedWorkflows: 50,
    // One thread serves them all: workflow code takes milliseconds, and each thread holds a heap of its own.
    workflowThreadPoolSize: 1,
    // Longer than the short steps of a batch: they end by themselves; a long one is cancelled, and rolled back.
    shutdownGraceTime: '10s',
    shutdownForceTime: '25s',
  });
}
