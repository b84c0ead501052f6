/**
 * A worker of dist/ for many runs in one process, each over its own pair: what dies, dies under all of them. Put together
 * as worker/run-worker.ts does it, but for the ports, which are those of the run that an activity belongs to.
 */
import { createRequire } from 'node:module';
import { createStops } from './stops.mjs';

const require = createRequire(import.meta.url);
const { activityInfo } = require('@temporalio/activity');
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

/** For each run: those of dozens come together, also of one that is stopped. */
const SOURCE_CONNECTIONS = 3;
const TARGET_CONNECTIONS = 10;
const GRACE_S = 10;
/** More than the runs of one process have steps at once: those that are held keep theirs. */
const ACTIVITY_SLOTS = 200;

const dist = new URL('../../../dist', import.meta.url).pathname;
/** By the name of the pair, with which the ids of its workflows begin. */
const runs = new Map();
/** By task queue. */
const workers = new Map();
installRuntime();
const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS });
const temporal = createTemporal(new Client({ connection }));

function portsOfRun() {
  const { workflowExecution, activityType, attempt } = activityInfo();
  const { workflowId } = workflowExecution;
  // A death is noticed when its work comes here; where that is late, this says whether Temporal had sent it before.
  if (attempt > 1) console.log(`${Date.now()} ${activityType} attempt ${attempt} is here workflowId=${workflowId}`);
  const run = runs.get(workflowId.split('-')[0]);
  if (run === undefined) throw new Error(`no pair of ${workflowId} is open here`);
  return run.ports;
}

const portsOf = (part) => {
  const get =
    (_, port) =>
    (...given) =>
      portsOfRun()[part][port](...given);
  return new Proxy({}, { get });
};

async function serve({ taskQueue }) {
  const worker = await createWorker(
    {
      connection,
      namespace: 'default',
      taskQueue,
      workflowBundle: { codePath: bundlePath(dist) },
      shutdownGrace: GRACE_S,
      activitySlots: ACTIVITY_SLOTS,
    },
    {
      mappings: portsOf('mappings'),
      runs: portsOf('runs'),
      steps: portsOf('steps'),
      verifications: portsOf('verifications'),
    },
  );
  const running = worker.run();
  workers.set(taskQueue, { worker, running });
  process.send({ kind: 'served', name: taskQueue });
  await running;
}

async function leave({ taskQueue }) {
  const { worker, running } = workers.get(taskQueue);
  workers.delete(taskQueue);
  if (worker.getState() === 'RUNNING') worker.shutdown();
  await running;
  process.send({ kind: 'left', name: taskQueue });
}

function open({ name, sourceUrl, targetUrl, reportsDir, mappings, stops }) {
  const own = createStops({ stops, traced: false }, (word) => process.send({ ...word, name }));
  const source = openSource(sourceUrl, SOURCE_CONNECTIONS, own.interposer);
  const target = openTarget(targetUrl, TARGET_CONNECTIONS, own.interposer);
  const catalog = createCatalog([caseStates, messages, ...mappings]);
  const ports = createPorts({ source, target, temporal, catalog, reportsDir, sourceUrl, targetUrl });
  runs.set(name, { go: own.go, ports, source, target });
  process.send({ kind: 'opened', name });
}

async function close({ name }) {
  const { go, source, target } = runs.get(name);
  go();
  await Promise.allSettled([source.close(), target.end()]);
  runs.delete(name);
  process.send({ kind: 'closed', name });
}

async function stop() {
  for (const { go } of runs.values()) go();
  await Promise.all([...workers.keys()].map((taskQueue) => leave({ taskQueue })));
  await Promise.all([...runs.keys()].map((name) => close({ name })));
}

const ORDERS = { serve, leave, open, close, go: ({ name }) => runs.get(name)?.go() };
process.on('message', async (order) => {
  try {
    await ORDERS[order.kind](order);
  } catch (error) {
    fail(error);
  }
});
// Whoever started it is gone, and nobody else would end it.
process.on('disconnect', () => process.exit(1));
process.on('SIGTERM', () => {
  stop().then(() => process.exit(0), fail);
});
process.stdout.write('worker ready\n');

function fail(error) {
  console.error(error);
  process.exit(1);
}
