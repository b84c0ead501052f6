/** `npm run test:long`: ten thousand batches, which take minutes. */
import { describeRun, longRun } from '../support/long-run';

const BATCHES = 10_000;

it('carries ten thousand batches in less than five minutes, without a warning', async () => {
  const run = await longRun(BATCHES);
  process.stdout.write(`${describeRun(BATCHES, run)}\n`);
  expect(run.warnings).toEqual([]);
  expect(run.eventsPerBatch).toBeLessThanOrEqual(45);
  expect(run.histories).toBeGreaterThan(10);
  expect(run.payload).toBeLessThan(64 * 1024);
  expect(run.seconds).toBeLessThan(300);
}, 900_000);
