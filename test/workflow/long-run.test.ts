import { describeRun, longRun } from '../support/long-run';

const BATCHES = 300;

it('carries hundreds of batches through several histories by the suggestion of the server, without a warning', async () => {
  const run = await longRun(BATCHES);
  process.stdout.write(`${describeRun(BATCHES, run)}\n`);
  expect(run.warnings).toEqual([]);
  expect(run.eventsPerBatch).toBeLessThanOrEqual(45);
  expect(run.histories).toBeGreaterThan(1);
  expect(run.events).toBeLessThan(5_000);
  expect(run.payload).toBeLessThan(64 * 1024);
}, 120_000);
