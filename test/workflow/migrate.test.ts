import { SEARCH_ATTRIBUTES } from '../../shared/names';
import { FakeRun, STEPS } from '../support/fake-activities';
import { Gate } from '../support/gate';
import { currentDetails, openTemporal, progressOf, scheduledActivities, until } from '../support/temporal';
import type { TestTemporal } from '../support/temporal';

let temporal: TestTemporal;
beforeAll(async () => (temporal = await openTemporal()));
afterAll(() => temporal.close());

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('a plain run', () => {
  it('takes every batch through the six steps in order, and never more at once than its window holds', async () => {
    const fake = new FakeRun({ batches: 10, concurrency: 3 });
    const result = await temporal.migrate(fake, (handle) => handle.result());
    expect(fake.most).toBe(3);
    for (const batch of upTo(10)) expect(fake.callsOf(batch)).toEqual(['cut', ...STEPS]);
    expect(fake.calls.filter((call) => call.startsWith('extract'))).toEqual(
      upTo(10).map((batch) => `extract ${batch}`),
    );
    const { inserted, updated, unchanged, ...totals } = fake.totals(upTo(10));
    expect(result).toEqual({
      run: '7',
      migration: 'case-states',
      verdict: 'proven_with_exceptions',
      loaded: inserted + updated + unchanged,
      inserted,
      updated,
      unchanged,
      ...totals,
      pending: 0,
      findings: 0,
    });
  });

  it('plans first, checks when all is done, and reports last', async () => {
    const fake = new FakeRun({ batches: 2, concurrency: 1 });
    await temporal.migrate(fake, (handle) => handle.result());
    // The next batch is cut while the one before is under way: that is no step of it.
    const steps = (batch: number) => STEPS.map((step) => `${step} ${batch}`);
    expect(fake.calls.filter((call) => !call.startsWith('cut'))).toEqual(
      ['open', 'remaining', ...steps(1), ...steps(2), 'remaining', 'check', 'draft', 'finish', 'report'], // prettier-ignore
    );
    expect(fake.calls.filter((call) => call.startsWith('cut'))).toEqual(['cut 1', 'cut 2', 'cut 3']);
  });

  it('is one of the keys of findings where the workflow is of type repair', async () => {
    const fake = new FakeRun({ batches: 2, concurrency: 1 });
    await temporal.repair(fake, { migration: 'case-states', verification: '7' }, (handle) => handle.result());
    expect(fake.calls[0]).toBe('open as repair');
    expect(fake.callsOf(2)).toEqual(['cut', ...STEPS]);
    expect(fake.calls.slice(-4)).toEqual(['check', 'draft', 'finish', 'report']);
  });

  it('ends well where the source is empty', async () => {
    const fake = new FakeRun({ batches: 0 });
    const result = await temporal.migrate(fake, (handle) => handle.result());
    expect(result).toMatchObject({ source: 0, loaded: 0, pending: 0 });
    expect(fake.calls.filter((call) => call.startsWith('extract'))).toEqual([]);
  });

  it('names each activity in the history for the Temporal UI', async () => {
    const history = await temporal.migrate(new FakeRun({ batches: 3 }), async (handle) => {
      await handle.result();
      return handle.fetchHistory();
    });
    const scheduled = scheduledActivities(history);
    expect(scheduled).toContainEqual({ type: 'plan', summary: 'plan' });
    for (const batch of upTo(3)) {
      for (const step of STEPS) {
        expect(scheduled).toContainEqual({ type: step, summary: `case-states batch ${batch}: ${step}` });
      }
    }
    expect(scheduled.slice(-5)).toEqual([
      { type: 'planClosing', summary: 'case-states: plan the verification' },
      { type: 'unverified', summary: undefined },
      { type: 'verifyRange', summary: 'case-states: range 1' },
      { type: 'finish', summary: 'case-states: verdict' },
      { type: 'report', summary: 'case-states: report' },
    ]);
  });

  it('can be found by its search attributes, while it runs and afterwards', async () => {
    const gate = new Gate();
    const fake = new FakeRun({ batches: 2 }).on('load', gate.wait);
    await temporal.migrate(fake, async (handle) => {
      await gate.reached;
      const attributes = async () => {
        const { searchAttributes } = await handle.describe();
        return Object.fromEntries(Object.keys(SEARCH_ATTRIBUTES).map((name) => [name, searchAttributes[name]?.[0]]));
      };
      const found = { CarryoverMigration: 'case-states', CarryoverRun: '7', CarryoverParked: 0 };
      expect(await attributes()).toEqual({ ...found, CarryoverState: 'running' });
      gate.release();
      await handle.result();
      expect(await attributes()).toEqual({ ...found, CarryoverState: 'proven_with_exceptions' });
    });
  });

  it('shows its progress by query and as current details', async () => {
    const gate = new Gate();
    const fake = new FakeRun({ batches: 4, concurrency: 2 }).on('load', (batch) =>
      batch < 3 ? undefined : gate.wait(),
    );
    await temporal.migrate(fake, async (handle) => {
      const done = fake.totals([1, 2]);
      const progress = await until(handle, (now) => now.batchesDone === 2 && now.batchesInFlight === 2);
      expect(progress).toEqual({
        run: '7',
        migration: 'case-states',
        state: 'running',
        estimatedRows: fake.totals([1, 2, 3, 4]).source,
        doneRows: done.source,
        inserted: done.inserted,
        updated: done.updated,
        unchanged: done.unchanged,
        quarantined: done.quarantined,
        excluded: 0,
        batchesParked: 0,
        skipped: [],
        concurrency: 2,
        resumed: false,
        differing: [],
        pauseCause: null,
        outage: null,
        looks: null,
        batchesDone: 2,
        batchesInFlight: 2,
        parked: [],
      });
      const details = await currentDetails(handle);
      expect(details).toContain('### case-states, run 7: running\n');
      expect(details).toContain(`| done | ${done.source} of ${fake.totals([1, 2, 3, 4]).source} (`);
      expect(details).toContain('Batches: 2 validated; in flight batches 3, 4');
      gate.release();
      await handle.result();
      expect(await progressOf(handle)).toMatchObject({ state: 'finished', batchesDone: 4, batchesInFlight: 0 });
    });
  });
});
