/** A re-sync compares before it has batches, and what it compared stands where nothing was to do. */
import { CarryoverError } from '../../shared/errors';
import type { TakenResult } from '../../shared/resync';
import { FakeRun } from '../support/fake-activities';
import { FakeVerification } from '../support/fake-verification';
import { currentDetails, openTemporal, until } from '../support/temporal';
import type { TestTemporal } from '../support/temporal';
import { refusal, send } from '../support/verbs';

let temporal: TestTemporal;
beforeAll(async () => (temporal = await openTemporal()));
afterAll(() => temporal.close());

const CHECKS = ['references', 'quarantine', 'order', 'balance'];
const INPUT = { migration: 'case-states' };

function fakes(batches: number, taken: Partial<TakenResult> = {}): [FakeRun, FakeVerification] {
  const verification = new FakeVerification({ ranges: 3, checks: CHECKS });
  verification.taken = () => Promise.resolve({ brake: null, keys: batches, held: 0, gone: 0, loaded: 300, ...taken });
  const run = new FakeRun({ batches, concurrency: 2, plan: { compares: true } }, verification);
  return [run, verification];
}

it('ends with its comparison where nothing differs: each range is looked at once, and the other checks after', async () => {
  const [run, verification] = fakes(0);
  await temporal.resync(run, INPUT, (handle) => handle.result());
  expect(verification.closings).toEqual([]);
  expect([...verification.looked.slice(0, 3)].sort()).toEqual([1, 2, 3]);
  expect(verification.looked.slice(3, 5).sort()).toEqual(['quarantine', 'references']);
  expect(verification.looked.slice(5).sort()).toEqual(['balance', 'order']);
});

it('takes what it found, and verifies all of it anew after', async () => {
  const [run, verification] = fakes(2);
  await temporal.resync(run, INPUT, (handle) => handle.result());
  expect(verification.closings).toMatchObject([{ run: '7', round: 1 }]);
  expect(verification.looked.filter((what) => what === 1)).toHaveLength(2);
  for (const once of ['order', 'balance']) expect(verification.looked.filter((what) => what === once)).toHaveLength(1);
  expect(run.calls.indexOf('extract 1')).toBeGreaterThan(-1);
});

it('pauses before the first batch where too many rows are gone, and goes on once a person has raised the brake', async () => {
  const [run, verification] = fakes(1);
  let raised = false;
  verification.taken = () =>
    Promise.resolve(
      raised
        ? { brake: null, keys: 1, held: 0, gone: 12, loaded: 300 }
        : { brake: '12 of 300 are gone', keys: 0, held: 0, gone: 12, loaded: 300 },
    );
  await temporal.resync(run, INPUT, async (handle) => {
    const { pauseCause } = await until(handle, ({ state }) => state === 'paused');
    expect(pauseCause).toBe('12 of 300 are gone');
    expect(run.calls).not.toContain('extract 1');
    expect(await currentDetails(handle)).toContain('**Paused**: 12 of 300 are gone');
    expect(await refusal(handle, 'retryBatch', { batch: 1 })).toMatch(/are being compared: there are no batches yet/);
    expect(await refusal(handle, 'resume', { maxDeletes: 0.02 })).toMatch(
      /would pause again: 12 of 300 loaded rows \(4\.0 %\) are gone/,
    );
    raised = true;
    expect(await send(handle, 'resume', { maxDeletes: 0.05, by: 'Ada' })).toBe('resumed');
    await handle.result();
  });
  expect(run.decisions).toMatchObject([{ verb: 'resume', maxDeletes: 0.05, by: 'Ada' }]);
  expect(run.calls).toContain('extract 1');
});

it('pauses where a look fails for good: what was not looked at is not taken for gone', async () => {
  const [run, verification] = fakes(1);
  verification.unreadable.add(2);
  await temporal.resync(run, INPUT, async (handle) => {
    expect((await until(handle, ({ state }) => state === 'paused')).pauseCause).toContain('column "x" is gone');
    expect(run.calls).not.toContain('extract 1');
    verification.unreadable.clear();
    expect(await send(handle, 'resume', {})).toBe('resumed');
    await handle.result();
  });
});

it('compares anew where the target was restored to before its batches were cut', async () => {
  const [run, verification] = fakes(1);
  let times = 0;
  const { taken } = verification;
  verification.taken = () => {
    times += 1;
    return times === 1 ? Promise.reject(new CarryoverError('LedgerBehind', 'the ledger knows no run 7')) : taken();
  };
  await temporal.resync(run, INPUT, (handle) => handle.result());
  expect(run.calls.filter((call) => call.startsWith('open'))).toHaveLength(2);
  expect(verification.looked.filter((what) => what === 3).length).toBeGreaterThan(2);
});

describe('an undo', () => {
  it('takes one step for each batch, and completes though the migration is not proven', async () => {
    const run = new FakeRun(
      { batches: 2, concurrency: 1, verdict: 'not_proven', plan: { undoes: '6' } },
      new FakeVerification({ ranges: 1, checks: [] }),
    );
    const result = await temporal.undo(run, { migration: 'case-states', run: '6' }, (handle) => handle.result());
    expect(result).toMatchObject({ run: '7', verdict: 'not_proven' });
    expect(run.calls.filter((call) => call.startsWith('undo'))).toEqual(['undo 1', 'undo 2']);
    expect(run.calls.filter((call) => /^(extract|load|validate)/.test(call))).toEqual([]);
  });
});
