/** The verification that a run ends with. */
import { CarryoverError } from '../../shared/errors';
import { FakeRun } from '../support/fake-activities';
import { FakeVerification } from '../support/fake-verification';
import type { FakeVerificationSettings } from '../support/fake-verification';
import { currentDetails, openTemporal, until } from '../support/temporal';
import type { MigrateHandle, TestTemporal } from '../support/temporal';
import { refusal, send } from '../support/verbs';

let temporal: TestTemporal;
beforeAll(async () => (temporal = await openTemporal()));
afterAll(() => temporal.close());

function fakes(settings: FakeVerificationSettings, batches = 2): [FakeRun, FakeVerification] {
  const verification = new FakeVerification(settings);
  return [new FakeRun({ batches, concurrency: 2 }, verification), verification];
}

const stateIs = (handle: MigrateHandle, wanted: string) => until(handle, ({ state }) => state === wanted);

const CLOSING = { run: '7', migration: 'case-states', epoch: 1, concurrency: 2 };

it('looks at every range and then at every check before the run is closed, as many at once as it has batches', async () => {
  const [run, verification] = fakes({ ranges: 5, checks: ['order', 'ledger', 'balance'] });
  run.on('check', () => expect(verification.looked).toHaveLength(8));
  await temporal.migrate(run, (handle) => handle.result());
  expect(verification.closings).toEqual([{ ...CLOSING, round: 1 }]);
  expect([...verification.looked.slice(0, 5)].sort()).toEqual([1, 2, 3, 4, 5]);
  expect([...verification.looked.slice(5)].sort()).toEqual(['balance', 'ledger', 'order']);
  expect(verification.mostAtOnce).toBe(2);
  expect(run.calls.filter((call) => call === 'check')).toHaveLength(1);
});

it('pauses the run where a look fails for good, shows how far it came, and goes on there once resumed', async () => {
  const [run, verification] = fakes({ ranges: 3, checks: ['ledger'], unreadable: [2] });
  await temporal.migrate(run, async (handle) => {
    const { pauseCause } = await stateIs(handle, 'paused');
    expect(pauseCause).toContain('verifyRange: ');
    expect(pauseCause).toContain('column "x" is gone');
    expect(run.calls).not.toContain('check');
    expect(await currentDetails(handle)).toContain('**Paused**: verifyRange');
    verification.unreadable.clear();
    expect(await send(handle, 'resume', {})).toBe('resumed');
    await handle.result();
  });
  expect(verification.looked.filter((what) => what === 2).length).toBeGreaterThan(1);
  for (const once of [1, 3, 'ledger']) expect(verification.looked.filter((what) => what === once)).toHaveLength(1);
  expect(verification.closings).toHaveLength(1);
});

it('pauses as well where the ledger cannot say what is left to look at', async () => {
  const [run, verification] = fakes({ ranges: 1, checks: [], unreadable: ['what is left'] });
  await temporal.migrate(run, async (handle) => {
    expect((await stateIs(handle, 'paused')).pauseCause).toContain('the ledger is not as it was');
    verification.unreadable.clear();
    expect(await send(handle, 'resume', {})).toBe('resumed');
    await handle.result();
  });
  expect(verification.looked).toEqual([1]);
});

it('takes no decision about a batch while it looks', async () => {
  const [run] = fakes({ ranges: 1, checks: [], unreadable: [1] });
  await temporal.migrate(run, async (handle) => {
    await stateIs(handle, 'paused');
    expect(await refusal(handle, 'retryBatch', { batch: 1 })).not.toBe('');
    expect(run.decisions).toEqual([]);
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow();
  });
});

it('begins anew where the target was restored before the run was closed', async () => {
  const [run, verification] = fakes({ ranges: 2, checks: ['ledger'] });
  run.on('check', (_batch, time) => {
    if (time === 1) throw new CarryoverError('LedgerBehind', 'the ledger holds another verification of run 7');
  });
  await temporal.migrate(run, (handle) => handle.result());
  expect(verification.closings.map(({ round }) => round)).toEqual([1, 2]);
  expect(verification.looked).toHaveLength(6);
});
