/**
 * A worker of dist/ whose statements its parent holds up: told where, it stops there, says so, and waits for word. The
 * product knows of none of this: it is given an interposer.
 */
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';

const require = createRequire(import.meta.url);
const { loadConfig } = require('../../../dist/config.js');
const { createCatalog } = require('../../../dist/mappings/catalog.js');
const { caseStates } = require('../../../dist/mappings/case-states.js');
const { messages } = require('../../../dist/mappings/messages.js');
const { runWorker } = require('../../../dist/worker/run-worker.js');

let stops = [];
let traced = false;
let release = () => undefined;

process.on('message', (order) => {
  if (order.kind === 'stops') {
    ({ stops, traced } = order);
    process.send({ kind: 'armed' });
  } else if (order.kind === 'go') release();
});
// Whoever started it is gone, and nobody else would end it.
process.on('disconnect', () => process.exit(1));

async function interposer(point, moment) {
  if (traced) process.send({ kind: 'passed', point, moment });
  const stop = stops.find((each) => each.point === point && each.moment === moment);
  if (stop === undefined || --stop.nth > 0) return;
  stops = stops.filter((each) => each !== stop);
  if (stop.fail !== undefined) throw Object.assign(new Error('broken by the test'), { code: stop.fail });
  if (stop.delay !== undefined) return sleep(stop.delay);
  process.send({ kind: 'held', point, moment });
  await new Promise((resolve) => (release = resolve));
}

const { RIG_MAPPINGS, ...env } = process.env;
const catalog = createCatalog([caseStates, messages, ...JSON.parse(RIG_MAPPINGS)]);
try {
  await runWorker({ config: loadConfig(env), interposer, catalog });
  process.exit(0);
} catch (error) {
  console.error(error);
  process.exit(1);
}
