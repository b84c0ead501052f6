/** A worker of dist/ as users run it, whose statements its parent holds up. */
import { createRequire } from 'node:module';
import { createStops } from './stops.mjs';

const require = createRequire(import.meta.url);
const { loadConfig } = require('../../../dist/config.js');
const { createCatalog } = require('../../../dist/mappings/catalog.js');
const { caseStates } = require('../../../dist/mappings/case-states.js');
const { messages } = require('../../../dist/mappings/messages.js');
const { runWorker } = require('../../../dist/worker/run-worker.js');
const { Context } = require('@temporalio/activity');

let own = createStops({ stops: [], traced: false }, () => undefined);

process.on('message', (order) => {
  if (order.kind === 'stops') {
    own = createStops(order, (word) => process.send(word));
    process.send({ kind: 'armed' });
  } else if (order.kind === 'go') own.go();
});
// Whoever started it is gone, and nobody else would end it.
process.on('disconnect', () => process.exit(1));

function activityOf() {
  try {
    const { workflowExecution, activityId, attempt } = Context.current().info;
    return `${workflowExecution.runId} ${activityId} ${attempt}`;
  } catch {
    return null; // The worker's own: it looks whether its servers answer.
  }
}

const { RIG_MAPPINGS, ...env } = process.env;
const catalog = createCatalog([caseStates, messages, ...JSON.parse(RIG_MAPPINGS)]);
try {
  const interposer = (point, moment) => own.interposer(point, moment, activityOf());
  await runWorker({ config: loadConfig(env), interposer, catalog });
  process.exit(0);
} catch (error) {
  console.error(error);
  process.exit(1);
}
