/** A run whose hours end before it does: it begins nothing more, pauses, and leaves the run for the next start. */
import { CarryoverError } from '../../shared/errors';
import { FakeRun, STEPS } from '../support/fake-activities';
import { FakeVerification } from '../support/fake-verification';
import { Gate } from '../support/gate';
import { currentDetails, openTemporal, until } from '../support/temporal';
import type { MigrateHandle, TestTemporal } from '../support/temporal';
import { refusal, send } from '../support/verbs';

let temporal: TestTemporal;
beforeAll(async () => (temporal = await openTemporal()));
afterAll(() => temporal.close());

const WORDS = 'window: it was to work until 05:00 Europe/Berlin; the next start goes on with it';

/** Hours that end so many milliseconds from now. */
const ending = (ms: number) => ({ deadline: { until: '05:00', zone: 'Europe/Berlin', at: Date.now() + ms } });

const resultOf = (handle: MigrateHandle): Promise<unknown> => handle.result();
const begun = (fake: FakeRun) => fake.calls.filter((call) => call.startsWith('extract'));
const timers = async (handle: MigrateHandle) =>
  (await handle.fetchHistory()).events!.filter(({ timerStartedEventAttributes: timer }) => timer != null).length;

function expectLeftOpen(fake: FakeRun, cause = WORDS): void {
  expect(fake.holds.at(-1)).toBe(cause);
  expect(fake.calls.filter((call) => call === 'release')).toHaveLength(1);
  // The pause is in the ledger before the stage is swept, and neither verdict nor report is made.
  expect(fake.calls.lastIndexOf('hold')).toBeLessThan(fake.calls.indexOf('release'));
  expect(fake.calls).not.toContain('finish');
  expect(fake.calls).not.toContain('report');
}

it('lets the batch in flight end, begins no other, and completes as paused', async () => {
  const gate = new Gate();
  const fake = new FakeRun({ batches: 4, concurrency: 1, plan: ending(2_000) }).on('mapCases', (batch) =>
    batch === 2 ? gate.wait() : undefined,
  );
  await temporal.migrate(fake, async (handle) => {
    await gate.reached;
    const { pauseCause } = await until(handle, ({ state }) => state === 'pausing');
    expect(pauseCause).toBe(WORDS);
    for (const verb of ['resume', 'pause', 'cancel'] as const) {
      expect(await refusal(handle, verb, {})).toBe('the hours of the run are over: the next start goes on with it');
    }
    gate.release();
    expect(await resultOf(handle)).toEqual({ outcome: 'paused', run: '7', migration: 'case-states', cause: WORDS });
    expect(fake.callsOf(2)).toEqual(['cut', ...STEPS]);
    expect(begun(fake)).toEqual(['extract 1', 'extract 2']);
    expectLeftOpen(fake);
    expect((await handle.describe()).searchAttributes.CarryoverState).toEqual(['paused']);
    const details = await currentDetails(handle);
    expect(details).toContain(`**Paused**: ${WORDS}\n`);
    expect(details).not.toContain('resume');
  });
});

it('does not begin at all once they are over', async () => {
  const fake = new FakeRun({ batches: 2, plan: ending(-1) });
  await temporal.migrate(fake, async (handle) => {
    expect(await resultOf(handle)).toMatchObject({ outcome: 'paused' });
    expect(begun(fake)).toEqual([]);
    expectLeftOpen(fake);
  });
});

it('ends also where it waits for a person to decide on a parked batch', async () => {
  const fake = new FakeRun({ batches: 2, plan: ending(2_500) }).on('load', (batch) => {
    if (batch === 2) throw new CarryoverError('PreflightFailed', 'no room');
  });
  await temporal.migrate(fake, async (handle) => {
    await until(handle, ({ state }) => state === 'waiting');
    expect(await resultOf(handle)).toMatchObject({ outcome: 'paused', cause: WORDS });
    expectLeftOpen(fake);
  });
});

it('ends also while a person has paused it, and says so', async () => {
  const gate = new Gate();
  const fake = new FakeRun({ batches: 3, concurrency: 1, plan: ending(3_000) }).on('mapCases', (batch) =>
    batch === 1 ? gate.wait() : undefined,
  );
  await temporal.migrate(fake, async (handle) => {
    await gate.reached;
    await send(handle, 'pause', { reason: 'backup until six' });
    gate.release();
    await until(handle, ({ state }) => state === 'paused');
    const cause = `${WORDS}; before that it was paused: backup until six`;
    expect(await resultOf(handle)).toMatchObject({ outcome: 'paused', cause });
    expect(begun(fake)).toEqual(['extract 1']);
    expectLeftOpen(fake, cause);
  });
});

it('ends also where a step of the run itself has failed for good', async () => {
  const fake = new FakeRun({ batches: 2, plan: ending(2_000) }).on('cut', () => {
    throw new CarryoverError('SchemaChanged', 'column "x" is gone');
  });
  await temporal.migrate(fake, async (handle) => {
    expect(await resultOf(handle)).toMatchObject({
      outcome: 'paused',
      cause: expect.stringContaining('before that it was paused: cut: ') as string,
    });
  });
});

it('looks at nothing more between two looks of its verification, and closes no run that was not looked at', async () => {
  const verification = new FakeVerification({ ranges: 400, checks: ['ledger'] });
  const fake = new FakeRun({ batches: 1, concurrency: 1, plan: ending(2_500) }, verification);
  await temporal.migrate(fake, async (handle) => {
    expect(await resultOf(handle)).toMatchObject({ outcome: 'paused', cause: WORDS });
    expect(verification.looked.length).toBeGreaterThan(3);
    expect(verification.looked.length).toBeLessThan(400);
    expect(verification.looked).not.toContain('ledger');
    expect(fake.calls).not.toContain('check');
    expectLeftOpen(fake);
  });
});

it('changes nothing of a run that ends before them, and schedules nothing for one that has none', async () => {
  const inTime = new FakeRun({ batches: 2, plan: ending(3_600_000) });
  const gate = new Gate();
  inTime.on('mapCases', () => gate.wait());
  await temporal.migrate(inTime, async (handle) => {
    await gate.reached;
    // Another plan with the same hours.
    await send(handle, 'setConcurrency', { concurrency: 1 });
    gate.release();
    expect(await handle.result()).toMatchObject({ verdict: 'proven_with_exceptions' });
    expect(inTime.holds).toEqual([]);
    expect(await timers(handle)).toBe(1);
  });
  await temporal.migrate(new FakeRun({ batches: 2 }), async (handle) => {
    await handle.result();
    expect(await timers(handle)).toBe(0);
  });
});

it('leaves a cancelled run cancelled', async () => {
  const fake = new FakeRun({ batches: 2, plan: ending(2_500) }).on('load', (batch) => {
    if (batch === 2) throw new CarryoverError('PreflightFailed', 'no room');
  });
  // The timer goes with the rest: it must not be what the workflow fails by.
  await temporal.migrate(fake, async (handle) => {
    await until(handle, ({ state }) => state === 'waiting');
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow(/cancelled/i);
    expect((await handle.describe()).status.name).toBe('CANCELLED');
    expect(fake.holds).toEqual([]);
  });
});
