/**
 * Workers of dist/ for many runs in one process, each over its own pair and on its own task queue: what dies, dies under
 * all of them. Put together as worker/run-worker.ts does it.
 */
import { createRequire } from 'node:module';
import { createStops } from './stops.mjs';

const require = createRequire(import.meta.url);
const { Client } = require('@temporalio/client');
const { NativeConnection } = require('@temporalio/worker');
const { openSource } = require('../../../dist/database/source/open-source.js');
const { openTarget } = require('../../../dist/database/target/open-target.js');
const { createCatalog } = require('../../../dist/mappings/catalog.js');
const { caseStates } = require('../../../dist/mappings/case-states.js');
const { messages } = require('../../../dist/mappings/messages.js');
const { bundlePath } = require('../../../dist/worker/build-bundle.js');
const { createWorker } = require('../../../dist/worker/create-worker.js');
const { installRuntime } = require('../../../dist/worker/log.js');
const { createPorts } = require('../../../dist/worker/ports.js');
const { createTemporal } = require('../../../dist/worker/temporal.js');

const SOURCE_CONNECTIONS = 4;
const TARGET_CONNECTIONS = 12;
const GRACE_S = 10;

const dist = new URL('../../../dist', import.meta.url).pathname;
const hosted = new Map();
installRuntime();
const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS });
const temporal = createTemporal(new Client({ connection }));

async function open({ taskQueue, sourceUrl, targetUrl, reportsDir, mappings, stops, traced }) {
  const own = createStops({ stops, traced }, (word) => process.send({ ...word, taskQueue }));
  const source = openSource(sourceUrl, SOURCE_CONNECTIONS, own.interposer);
  const target = openTarget(targetUrl, TARGET_CONNECTIONS, own.interposer);
  const catalog = createCatalog([caseStates, messages, ...mappings]);
  const worker = await createWorker(
    {
      connection,
      namespace: 'default',
      taskQueue,
      workflowBundle: { codePath: bundlePath(dist) },
      shutdownGrace: GRACE_S,
    },
    createPorts({ source, target, temporal, catalog, reportsDir, sourceUrl, targetUrl }),
  );
  const running = worker.run();
  hosted.set(taskQueue, { go: own.go, worker, running, source, target });
  process.send({ kind: 'opened', taskQueue });
  await running;
}

async function close({ taskQueue }) {
  const { go, worker, running, source, target } = hosted.get(taskQueue);
  hosted.delete(taskQueue);
  go();
  if (worker.getState() === 'RUNNING') worker.shutdown();
  await running;
  await Promise.allSettled([source.close(), target.end()]);
  process.send({ kind: 'closed', taskQueue });
}

process.on('message', (order) => {
  if (order.kind === 'go') hosted.get(order.taskQueue)?.go();
  else (order.kind === 'open' ? open(order) : close(order)).catch(fail);
});
// Whoever started it is gone, and nobody else would end it.
process.on('disconnect', () => process.exit(1));
process.on('SIGTERM', () => {
  Promise.all([...hosted.keys()].map((taskQueue) => close({ taskQueue }))).then(() => process.exit(0), fail);
});
process.stdout.write('worker ready\n');

function fail(error) {
  console.error(error);
  process.exit(1);
}
