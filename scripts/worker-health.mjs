import { hostname } from 'node:os';

// Healthy is: Temporal has seen this container's worker ask for work on its task queue. A process that merely lives is not.
const { Connection } = await import('@temporalio/client');
const { loadClientConnectConfig } = await import('@temporalio/envconfig');
const WORKFLOW_TASKS = 1;
const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5 s' });
try {
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: process.env.CARRYOVER_TASK_QUEUE || 'carryover' },
    taskQueueType: WORKFLOW_TASKS,
  });
  if (!pollers.some(({ identity }) => identity.endsWith(`@${hostname()}`))) {
    console.error('Temporal knows no poller of this container on the task queue.');
    process.exitCode = 1;
  }
} finally {
  await connection.close();
}
