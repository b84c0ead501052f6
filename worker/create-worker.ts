/** A worker over its parts: registration only. */
import { Worker } from '@temporalio/worker';
import type { NativeConnection, WorkflowBundleOption } from '@temporalio/worker';
import { createActivities } from '../activities';
import type { Dependencies } from '../activities/dependencies';
import { DEFAULT_SHUTDOWN_GRACE_S } from '../config';

/** Activities at once: each holds a connection of either server, so never more than the pools have. */
export const ACTIVITY_SLOTS = 10;

/** Seconds that cancelled steps have to roll back and say so, after the grace. */
export const ROLLBACK_S = 15;

export interface WorkerSettings {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly workflowBundle: WorkflowBundleOption;
  /** Seconds that steps have to end by themselves when the worker is stopped. */
  readonly shutdownGrace?: number;
  /** Activities at once, where its pools are not those of one worker. */
  readonly activitySlots?: number;
}

export function createWorker(
  { shutdownGrace = DEFAULT_SHUTDOWN_GRACE_S, activitySlots = ACTIVITY_SLOTS, ...settings }: WorkerSettings,
  dependencies: Dependencies,
): Promise<Worker> {
  return Worker.create({
    ...settings,
    activities: createActivities(dependencies),
    maxConcurrentActivityTaskExecutions: activitySlots,
    // Histories are kept for sticky execution; a run needs one, so a few hundred would only be memory.
    maxCachedWorkflows: 50,
    // One thread serves them all: workflow code takes milliseconds, and each thread holds a heap of its own.
    workflowThreadPoolSize: 1,
    // A cancellation comes with the answer to a heartbeat. The SDK would hold heartbeats back for 12 of the 15 seconds
    // of their time-out, and a cancelled step go on for as long.
    maxHeartbeatThrottleInterval: '2s',
    // A step that does not end within the grace is cancelled, and rolled back.
    shutdownGraceTime: `${shutdownGrace}s`,
    shutdownForceTime: `${shutdownGrace + ROLLBACK_S}s`,
  });
}
