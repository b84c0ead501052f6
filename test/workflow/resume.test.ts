import { FakeRun, STEPS } from '../support/fake-activities';
import { openTemporal, until } from '../support/temporal';
import type { TestTemporal } from '../support/temporal';

let temporal: TestTemporal;
beforeAll(async () => (temporal = await openTemporal()));
afterAll(() => temporal.close());

describe('a run that goes on where the ledger says it stands', () => {
  it('validates what is loaded, does what was begun, lets parked batches wait, and cuts on', async () => {
    const fake = new FakeRun({
      batches: 9,
      concurrency: 2,
      nextBatch: 7,
      left: [
        { batch: 2, state: 'parked', cause: 'load: no room' },
        { batch: 4, state: 'loaded', cause: null },
        { batch: 5, state: 'running', cause: null },
        { batch: 6, state: 'planned', cause: null },
      ],
    });
    await temporal.migrate(fake, async (handle) => {
      const progress = await until(handle, ({ state }) => state === 'waiting');
      expect(progress.parked).toEqual([{ batch: 2, cause: 'load: no room' }]);
      expect(progress.batchesDone).toBe(8);
      const allButParked = [1, 3, 4, 5, 6, 7, 8, 9];
      expect(progress.doneRows).toBe(fake.totals(allButParked).source);
      for (const batch of [1, 2, 3]) expect(fake.callsOf(batch)).toEqual([]);
      expect(fake.callsOf(4)).toEqual(['validate']);
      for (const batch of [5, 6]) expect(fake.callsOf(batch)).toEqual([...STEPS]);
      for (const batch of [7, 8, 9]) expect(fake.callsOf(batch)).toEqual(['cut', ...STEPS]);
      await handle.executeUpdate<string, [{ batch: number }]>('retryBatch', { args: [{ batch: 2 }] });
      expect(await handle.result()).toMatchObject({ source: fake.totals([...allButParked, 2]).source, pending: 0 });
      expect(fake.callsOf(2)).toEqual([...STEPS]);
    });
  });

  it('cuts nothing where the last batch was cut', async () => {
    const fake = new FakeRun({ batches: 3, nextBatch: 4, left: [{ batch: 3, state: 'running', cause: null }] });
    expect(await temporal.migrate(fake, (handle) => handle.result())).toMatchObject({ pending: 0 });
    expect(fake.calls.filter((call) => call.startsWith('cut'))).toEqual([]);
    expect(fake.callsOf(3)).toEqual([...STEPS]);
  });

  it('believes the ledger at the end, and does what it still holds as unfinished', async () => {
    // A validation that the workflow saw succeed, but that the ledger does not hold: a reset, or a restored database.
    const fake = new FakeRun({ batches: 2, concurrency: 1 });
    let forgotten = false;
    fake.on('remaining', (_batch, time) => {
      if (time !== 2 || forgotten) return;
      forgotten = true;
      fake.forget(1);
    });
    expect(await temporal.migrate(fake, (handle) => handle.result())).toMatchObject({ pending: 0 });
    expect(fake.callsOf(1)).toEqual(['cut', ...STEPS, ...STEPS]);
    expect(fake.calls.slice(-5)).toEqual(['remaining', 'check', 'draft', 'finish', 'report']);
  });
});
