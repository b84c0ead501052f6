/** A second migrate over an unchanged source: it writes nothing, says so, and is proven again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importBaseline } from '../../database/ledger/baseline';
import { createEngine } from '../support/engine';
import type { Engine } from '../support/engine';
import { connectTemporal, startWorker } from '../support/worker';
import type { RunningWorker, TemporalClient } from '../support/worker';

interface Report {
  readonly run: string;
  readonly verdict: string;
  readonly balance: object;
  readonly estate: { readonly before: object; readonly run: object; readonly after: object };
}

let engine: Engine;
let temporal: TemporalClient;
let worker: RunningWorker;

beforeAll(async () => {
  [engine, temporal] = await Promise.all([createEngine({ sample: { rows: 3000 } }), connectTemporal()]);
  await importBaseline(engine.target, [{ table: 'patients', domain: 'patients', sourceRows: 1000, records: 990 }]);
  worker = await startWorker(engine, temporal);
});

afterAll(async () => {
  await worker?.stop();
  await temporal?.close();
  await engine?.drop();
});

async function run(batchRows: number) {
  const handle = await temporal.start(worker.taskQueue, { migration: 'case-states', batchRows });
  const result = await handle.result();
  const read = (ending: string): string =>
    readFileSync(join(engine.reportsDir, `case-states-${result.run}.${ending}`), 'utf8');
  return { result, report: JSON.parse(read('json')) as Report, markdown: read('md') };
}

describe('a second run', () => {
  it('counts all as unchanged, writes no target row, adds nothing to the estate, and is proven again', async () => {
    const versions = () => engine.onTarget('SELECT legacy_id, xmin::text, ctid::text FROM case_states ORDER BY 1');
    const first = await run(900);
    const before = await versions();
    const second = await run(700);
    expect(before).toHaveLength(first.result.inserted);
    expect(await versions()).toEqual(before);
    expect(second.result).toEqual({
      ...first.result,
      run: second.result.run,
      inserted: 0,
      unchanged: first.result.inserted,
    });
    expect(second.result.run).not.toBe(first.result.run);
    expect(second.report.balance).toEqual(first.report.balance);
    expect(second.report.verdict).toBe(first.report.verdict);
    expect(second.report.estate.after).toEqual(first.report.estate.after);
    expect(second.markdown).toMatch(/unchanged/);
  });
});
