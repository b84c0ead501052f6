/** The report of a run equals, figure by figure, SQL that knows nothing of the pipeline: for any size and seed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installSchema } from '../../database/schema/install';
import { createSample } from '../../sample/create';
import { createEngine } from '../support/engine';
import type { Engine } from '../support/engine';
import { oracle } from '../support/oracle';
import type { OracleFigures } from '../support/oracle';
import { connectTemporal, startWorker } from '../support/worker';
import type { RunningWorker, TemporalClient } from '../support/worker';

const SAMPLES = 20;
const ROWS = { least: 500, most: 20_000 };

const below = (limit: number): number => Math.floor(Math.random() * limit);
/** Small ones more often than large ones: what is rare happens at the edges. */
const anySize = (): number => Math.round(ROWS.least * (ROWS.most / ROWS.least) ** Math.random());

const samples = Array.from({ length: SAMPLES }, (_, index) => ({
  rows: index === 0 ? ROWS.most : anySize(),
  seed: below(2 ** 31),
  dirty: index % 2 === 1,
  concurrency: 1 + below(4),
  parts: 1 + below(6),
}));

let engine: Engine;
let temporal: TemporalClient;
let worker: RunningWorker;

beforeAll(async () => {
  [engine, temporal] = await Promise.all([createEngine({ sample: { rows: 10 } }), connectTemporal()]);
  worker = await startWorker(engine, temporal);
});

afterAll(async () => {
  await worker?.stop();
  await temporal?.close();
  await engine?.drop();
});

/** The parts of the report that the oracle computes as well. */
function reported(): OracleFigures {
  const report = JSON.parse(readFileSync(join(engine.reportsDir, 'latest.json'), 'utf8')) as OracleFigures;
  const { balance, actors, coverage, states, years, transitions, quarantine } = report;
  return { balance, actors, coverage, states, years, transitions, quarantine };
}

describe('the JSON report', () => {
  it.each(samples)('equals the oracle: $rows rows, seed $seed, dirty $dirty', async (sample) => {
    const { sourceUrl, targetUrl } = engine;
    const { rows, seed, dirty, concurrency, parts } = sample;
    // Takes the sample before away, and its ledger with it.
    await createSample({ sourceUrl, targetUrl, rows, seed, dirty });
    await installSchema(targetUrl);
    const expected = await oracle({ sourceUrl, targetUrl, migration: 'case-states' });
    const input = { migration: 'case-states', batchRows: Math.ceil(rows / parts), concurrency };
    const handle = await temporal.start(worker.taskQueue, input);
    const result = await handle.result();
    expect(result).toMatchObject({ findings: 0, pending: 0, verdict: 'proven_with_exceptions' });
    expect(expected.balance.source).toBeGreaterThanOrEqual(rows);
    expect(reported()).toEqual(expected);
  });
});
