/** The brakes of a run: it pauses by itself, says why, and goes on only with a cause that is mended or a limit that is raised. */
import { CarryoverError } from '../../shared/errors';
import { eventually } from '../support/engine';
import { FakeRun, STEPS } from '../support/fake-activities';
import { currentDetails, openTemporal, until } from '../support/temporal';
import type { MigrateHandle, TestTemporal } from '../support/temporal';
import { refusal, send } from '../support/verbs';

let temporal: TestTemporal;
beforeAll(async () => (temporal = await openTemporal()));
afterAll(() => temporal.close());

const stateIs = (handle: MigrateHandle, wanted: string) => until(handle, ({ state }) => state === wanted);

/** A run whose first batches cannot be loaded at first. */
const failing = (refused: number, batches: number, maxParked: number): FakeRun =>
  new FakeRun({ batches, concurrency: 1, plan: { maxParked } }).on('load', (batch, time) => {
    if (batch <= refused && time === 1) throw new CarryoverError('PreflightFailed', 'no room');
  });

const all = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('more parked batches than maxParked', () => {
  const CAUSE = '2 batches are parked, more than maxParked (1)';

  it('pause the run with the cause in words, in the ledger and for whoever looks', async () => {
    const fake = failing(2, 5, 1);
    await temporal.migrate(fake, async (handle) => {
      const { pauseCause, batchesDone, batchesParked } = await stateIs(handle, 'paused');
      expect(pauseCause).toContain(CAUSE);
      expect([batchesDone, batchesParked]).toEqual([0, 2]);
      await eventually('the pause in the ledger', () => Promise.resolve(fake.holds.length > 0));
      expect(fake.holds).toEqual([pauseCause]);
      expect((await handle.describe()).searchAttributes.CarryoverState).toEqual(['paused']);
      expect(await currentDetails(handle)).toContain(CAUSE);
      // Nothing more was begun, nor even cut.
      expect(fake.callsOf(3)).toEqual([]);
    });
  });

  it('are refused a resume that changes nothing, and go on under a higher limit', async () => {
    const fake = failing(2, 5, 1);
    await temporal.migrate(fake, async (handle) => {
      await stateIs(handle, 'paused');
      for (const request of [{}, { maxParked: 1 }, { maxQuarantine: 1 }]) {
        expect(await refusal(handle, 'resume', request)).toContain(`the run would pause again: ${CAUSE}`);
      }
      expect(fake.decisions).toEqual([]);
      expect(await send(handle, 'resume', { maxParked: 2 })).toBe('resumed');
      expect(await stateIs(handle, 'waiting')).toMatchObject({ batchesDone: 3, batchesParked: 2, pauseCause: null });
      expect(fake.decisions).toMatchObject([{ verb: 'resume', maxParked: 2 }]);
      await send(handle, 'retryBatch', { batch: 'all' });
      expect(await handle.result()).toMatchObject({ source: fake.totals(all(5)).source, pending: 0 });
    });
  });

  it('release the brake once they are retried, and the limit stays as it was', async () => {
    const fake = failing(2, 5, 1);
    await temporal.migrate(fake, async (handle) => {
      await stateIs(handle, 'paused');
      expect(await send(handle, 'retryBatch', { batch: [1, 2] })).toContain('once the run is resumed');
      expect(fake.callsOf(1).filter((call) => call === 'load')).toHaveLength(1);
      expect(await send(handle, 'resume', {})).toBe('resumed');
      expect(await handle.result()).toMatchObject({ source: fake.totals(all(5)).source, pending: 0 });
      expect(fake.callsOf(1).slice(-STEPS.length)).toEqual([...STEPS]);
      expect(fake.holds).toHaveLength(1);
    });
  });

  it('as many as maxParked pause nobody: the run waits for them at its end', async () => {
    const fake = failing(2, 5, 2);
    await temporal.migrate(fake, async (handle) => {
      expect(await stateIs(handle, 'waiting')).toMatchObject({ batchesDone: 3, batchesParked: 2 });
      expect(fake.holds).toEqual([]);
    });
  });
});

describe('more quarantine than maxQuarantine', () => {
  /** The first 28 batches are the fewest with 10,000 rows; each has one row in quarantine. */
  const ENOUGH = 28;
  const BATCHES = 30;
  /** Validated before: a slow machine takes long for so many batches, one at a time. */
  const DONE = 26;

  it('pauses the run as soon as enough rows are read, and goes on under a higher limit', async () => {
    const fake = new FakeRun({ batches: BATCHES, concurrency: 1, nextBatch: DONE + 1, plan: { maxQuarantine: 0.002 } });
    const { source, quarantined } = fake.totals(all(ENOUGH));
    expect(fake.totals(all(ENOUGH - 1)).source).toBeLessThan(10_000);
    expect([source >= 10_000, quarantined > source * 0.002]).toEqual([true, true]);
    await temporal.migrate(fake, async (handle) => {
      const { pauseCause, batchesDone } = await stateIs(handle, 'paused');
      expect(batchesDone).toBe(ENOUGH);
      expect(fake.callsOf(ENOUGH + 1)).toEqual([]);
      expect(pauseCause).toContain(
        `0.3 % of the ${source} rows read are in quarantine, more than maxQuarantine (0.2 %)`,
      );
      await eventually('the pause in the ledger', () => Promise.resolve(fake.holds.length > 0));
      expect(fake.holds).toEqual([pauseCause]);
      expect((await handle.describe()).searchAttributes.CarryoverState).toEqual(['paused']);
      expect(await refusal(handle, 'resume', {})).toContain(`the run would pause again: ${pauseCause}`);
      expect(await send(handle, 'resume', { maxQuarantine: 0.05 })).toBe('resumed');
      expect(await handle.result()).toMatchObject({ source: fake.totals(all(BATCHES)).source, pending: 0 });
      expect(fake.decisions).toMatchObject([{ verb: 'resume', maxQuarantine: 0.05 }]);
      expect(fake.holds).toHaveLength(1);
    });
  });

  it('pauses a run of at least 1,000 rows at its end, before its verdict', async () => {
    const fake = new FakeRun({ batches: 9, concurrency: 2, plan: { maxQuarantine: 0.001 } });
    const { source } = fake.totals(all(9));
    expect([source >= 1_000, source < 10_000]).toEqual([true, true]);
    await temporal.migrate(fake, async (handle) => {
      const { pauseCause, batchesDone } = await stateIs(handle, 'paused');
      expect(batchesDone).toBe(9);
      expect(pauseCause).toContain(`of the ${source} rows read are in quarantine`);
      expect(fake.calls).not.toContain('check');
      expect(await refusal(handle, 'resume', { maxQuarantine: 0.002 })).toContain('the run would pause again');
      expect(await send(handle, 'resume', { maxQuarantine: 0.5 })).toBe('resumed');
      expect(await handle.result()).toMatchObject({ source, pending: 0 });
    });
  });

  it('passes over a run of fewer rows', async () => {
    const fake = new FakeRun({ batches: 5, concurrency: 2, plan: { maxQuarantine: 0 } });
    const { source, quarantined } = fake.totals(all(5));
    expect([source < 1_000, quarantined > 0]).toEqual([true, true]);
    await temporal.migrate(fake, async (handle) => {
      expect(await handle.result()).toMatchObject({ source, quarantined });
      expect(fake.holds).toEqual([]);
    });
  });
});
