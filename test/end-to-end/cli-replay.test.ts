/** The rows that the real job left behind come over once their orders exist: from the command line, on the sample's figures. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEngine } from '../support/engine';
import type { Engine } from '../support/engine';
import { connectTemporal, startWorker } from '../support/worker';
import type { RunningWorker, TemporalClient } from '../support/worker';
import { carryover, testSettings } from './cli-run';
import type { Said } from './cli-run';

let engine: Engine;
let temporal: TemporalClient;
let worker: RunningWorker;

beforeAll(async () => {
  [engine, temporal] = await Promise.all([createEngine({ sample: { rows: 4_751 } }), connectTemporal()]);
  worker = await startWorker(engine, temporal);
});
afterAll(async () => {
  await worker?.stop();
  await temporal?.close();
  await engine?.drop();
});

const say = (...args: string[]): Promise<Said> =>
  carryover(
    args,
    testSettings({
      CARRYOVER_TASK_QUEUE: worker.taskQueue,
      CARRYOVER_SOURCE_URL: engine.sourceUrl,
      CARRYOVER_TARGET_URL: engine.targetUrl,
    }),
  );

it('refuses an input that will not do, in words', async () => {
  const wrong = await say('replay', 'case-states', '--reason', 'bad_luck,case_unmapped');
  expect([wrong.code, wrong.out]).toEqual([1, '']);
  expect(wrong.err).toMatch(/Nothing was replayed:[^]*"reasons" must be a list of case_unmapped/);
});

it('brings the 172 and the 27 over: 4,751 of 4,751, proven', async () => {
  expect((await say('start', 'case-states', '--wait')).code).toBe(0);
  await engine.onTarget(readFileSync(join(__dirname, '..', '..', 'sample', 'missing-orders.sql'), 'utf8'));
  const replayed = await say('replay', 'case-states', '--wait');
  expect(replayed.code).toBe(0);
  expect(replayed.out).toContain(
    '**proven** – 4,751 of 4,751 source rows are loaded (100.00 %); 199 inserted, 0 updated',
  );
  expect(replayed.out).toContain('This run was a replay: it took 199 rows again that were in quarantine.');
  expect(replayed.out).toContain('No row is in quarantine.');
  const status = await say('status', 'case-states', '--json');
  expect(status.json()).toMatchObject({
    mode: 'replay',
    verdict: 'proven',
    balance: { source: 4_751, loaded: 4_751, quarantined: 0, excluded: 0, pending: 0 },
  });
  const again = await say('replay', 'case-states', '--wait');
  expect([again.code, again.err]).toEqual([1, expect.stringContaining('no row of case-states is in quarantine.')]);
});
