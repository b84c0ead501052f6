import { CarryoverError } from '../../shared/errors';
import { OUTAGE_SIGNAL } from '../../shared/names';
import { eventually } from '../support/engine';
import { FakeRun, STEPS } from '../support/fake-activities';
import { Gate } from '../support/gate';
import { currentDetails, openTemporal, progressOf, scheduledActivities, until } from '../support/temporal';
import type { MigrateHandle, TestTemporal } from '../support/temporal';
import { refusal, send } from '../support/verbs';

let temporal: TestTemporal;
beforeAll(async () => (temporal = await openTemporal()));
afterAll(() => temporal.close());

const stateIs = (handle: MigrateHandle, wanted: string) => until(handle, ({ state }) => state === wanted);

/** Of a run of so many batches, one waits within a step. */
function heldUp(batches: number, concurrency: number, held = 1): { fake: FakeRun; gate: Gate } {
  const gate = new Gate();
  const fake = new FakeRun({ batches, concurrency }).on('mapCases', (batch) =>
    batch === held ? gate.wait() : undefined,
  );
  return { fake, gate };
}

const begun = (fake: FakeRun) => fake.calls.filter((call) => call.startsWith('extract')).length;

describe('pause and resume', () => {
  it('lets what is in flight end, begins nothing more, and goes on when asked to', async () => {
    const { fake, gate } = heldUp(4, 1);
    await temporal.migrate(fake, async (handle) => {
      await gate.reached;
      expect(await send(handle, 'pause', { reason: ' backup until six ', by: 'Ada' })).toBe(
        'pausing: one batch in flight will end, no other begins until resume',
      );
      // At once, and not when the next batch would begin.
      expect(await progressOf(handle)).toMatchObject({ state: 'pausing', pauseCause: 'backup until six' });
      expect(await refusal(handle, 'pause', {})).toBe('the run is paused already: backup until six');
      gate.release();
      await stateIs(handle, 'paused');
      expect(fake.callsOf(1)).toEqual(['cut', ...STEPS]);
      expect(begun(fake)).toBe(1);
      expect((await handle.describe()).searchAttributes.CarryoverState).toEqual(['paused']);
      expect(await currentDetails(handle)).toMatch(/\*\*Paused\*\*: backup until six\. To go on: .*`resume`\./);
      expect(await send(handle, 'resume')).toBe('resumed');
      expect(await refusal(handle, 'resume')).toMatch(/^the run is not paused$/);
      expect(await handle.result()).toMatchObject({ pending: 0 });
      expect(fake.decisions.map(({ verb, reason, by }) => [verb, reason, by])).toEqual([
        ['pause', ' backup until six ', 'Ada'],
        ['resume', undefined, undefined],
      ]);
    });
  });

  it('goes on at once where it is resumed before what was in flight has ended', async () => {
    const { fake, gate } = heldUp(5, 2);
    await temporal.migrate(fake, async (handle) => {
      await gate.reached;
      await send(handle, 'pause', {});
      expect(await progressOf(handle)).toMatchObject({ pauseCause: 'paused by an operator' });
      await send(handle, 'resume', {});
      // The others pass the one that is held up.
      await until(handle, ({ batchesDone }) => batchesDone === 4);
      gate.release();
      expect(await handle.result()).toMatchObject({ pending: 0 });
    });
  });

  it('holds a batch that is asked for until then', async () => {
    const fake = new FakeRun({ batches: 2 }).on('load', (batch, time) => {
      if (batch === 2 && time === 1) throw new CarryoverError('PreflightFailed', 'no room');
    });
    await temporal.migrate(fake, async (handle) => {
      await stateIs(handle, 'waiting');
      expect(await send(handle, 'pause', {})).toBe('paused: no batch is in flight');
      await stateIs(handle, 'paused');
      expect(await send(handle, 'retryBatch', { batch: 2 })).toBe('batch 2 starts again once the run is resumed');
      expect(begun(fake)).toBe(2);
      await send(handle, 'resume', {});
      expect(await handle.result()).toMatchObject({ pending: 0 });
      expect(begun(fake)).toBe(3);
    });
  });

  it('is refused before there is a plan', async () => {
    const gate = new Gate();
    await temporal.migrate(new FakeRun({ batches: 1 }).on('open', gate.wait), async (handle) => {
      await gate.reached;
      for (const verb of ['pause', 'resume', 'cancel'] as const) {
        expect(await refusal(handle, verb, {})).toBe('the run is still reading the ledger; send it again in a moment');
      }
      gate.release();
      await handle.result();
    });
  });

  it('does not pause where the pause cannot be recorded', async () => {
    const { fake, gate } = heldUp(3, 1);
    fake.on('decide', () => {
      throw new CarryoverError('PrivilegeMissing', 'the login may not write the audit');
    });
    await temporal.migrate(fake, async (handle) => {
      await gate.reached;
      expect(await refusal(handle, 'pause', {})).toBe('the login may not write the audit');
      expect(await progressOf(handle)).toMatchObject({ state: 'running', pauseCause: null });
      gate.release();
      expect(await handle.result()).toMatchObject({ pending: 0 });
    });
  });

  it('reaches the ledger in the order in which it was sent', async () => {
    const { fake, gate } = heldUp(2, 1);
    const slow = new Gate();
    fake.on('decide', (_batch, time) => (time === 1 ? slow.wait() : undefined));
    await temporal.migrate(fake, async (handle) => {
      await gate.reached;
      const paused = send(handle, 'pause', {});
      await slow.reached;
      const resumed = await handle.startUpdate<string, [object]>('resume', { args: [{}], waitForStage: 'ACCEPTED' });
      // Whatever its handler would have begun at once was begun with its acceptance.
      const begun = scheduledActivities(await handle.fetchHistory()).filter(({ type }) => type === 'decide');
      expect(begun).toHaveLength(1);
      slow.release();
      await Promise.all([paused, resumed.result()]);
      expect(fake.decisions.map(({ verb }) => verb)).toEqual(['pause', 'resume']);
      gate.release();
      await handle.result();
    });
  });
});

describe('setConcurrency', () => {
  it('lets more batches in at once, and fewer once some have ended', async () => {
    const gate = new Gate();
    const fake = new FakeRun({ batches: 9, concurrency: 1 }).on('mapCases', (batch) =>
      batch <= 3 ? gate.wait() : undefined,
    );
    await temporal.migrate(fake, async (handle) => {
      await gate.reached;
      expect(await send(handle, 'setConcurrency', { concurrency: 3 })).toBe('3 batches in flight at most, 1 until now');
      await until(handle, ({ batchesInFlight }) => batchesInFlight === 3);
      await eventually('three batches at once', () => Promise.resolve(fake.inFlightNow === 3));
      expect(await send(handle, 'setConcurrency', { concurrency: 1 })).toBe('one batch in flight at most, 3 until now');
      expect(await progressOf(handle)).toMatchObject({ concurrency: 1, batchesInFlight: 3 });
      const third = new Gate();
      let most = 0;
      fake.on('transform', (batch) => {
        if (batch > 3) most = Math.max(most, fake.inFlightNow);
        return batch === 9 ? third.wait() : undefined;
      });
      gate.release();
      await third.reached;
      expect(most).toBe(1);
      third.release();
      expect(await handle.result()).toMatchObject({ pending: 0 });
      expect(fake.decisions.map(({ concurrency }) => concurrency)).toEqual([3, 1]);
    });
  });

  it('is refused beyond what the mapping allows', async () => {
    const { fake, gate } = heldUp(1, 1);
    await temporal.migrate(fake, async (handle) => {
      await gate.reached;
      expect(await refusal(handle, 'setConcurrency', { concurrency: 9 })).toBe(
        '"concurrency" must be a whole number from 1 to 8, and is 9',
      );
      gate.release();
      await handle.result();
    });
    const gated = new Gate();
    const one = new FakeRun({ batches: 1, plan: { concurrency: 1, concurrencyLimit: 1 } }).on('extract', gated.wait);
    await temporal.migrate(one, async (handle) => {
      await gated.reached;
      expect(await refusal(handle, 'setConcurrency', { concurrency: 2 })).toBe(
        'rows of this mapping point to one another: its batches run one at a time',
      );
      gated.release();
      await handle.result();
    });
  });
});

describe('what the run cannot do without', () => {
  it.each(['cut', 'remaining', 'park', 'finish', 'report'] as const)(
    'pauses it where it fails for good, as %s does, and is done again once it is resumed',
    async (name) => {
      const fake = new FakeRun({ batches: 3, concurrency: 1 })
        .on('load', (batch, time) => {
          if (name === 'park' && batch === 2 && time === 1) throw new CarryoverError('PreflightFailed', 'no room');
        })
        .on(name, (batch, time) => {
          if ((batch === 0 || batch === 2) && time === 1)
            throw new CarryoverError('PrivilegeMissing', 'the login may not do it');
        });
      await temporal.migrate(fake, async (handle) => {
        const { pauseCause } = await stateIs(handle, 'paused');
        expect(pauseCause).toBe(`${name}: the login may not do it`);
        expect(await send(handle, 'resume', {})).toBe('resumed');
        expect(fake.holds).toEqual([pauseCause]); // in the ledger before the resume
        if (name === 'park') {
          await stateIs(handle, 'waiting');
          await send(handle, 'retryBatch', { batch: 2 });
        }
        expect(await handle.result()).toMatchObject({ pending: 0 });
        const times = fake.calls.filter((call) => call.split(' ')[0] === name);
        expect(times.length).toBeGreaterThan(1);
      });
    },
  );

  it('pauses it also where the ledger cannot be told', async () => {
    const fail = (_batch: number, time: number): void => {
      if (time === 1) throw new CarryoverError('PrivilegeMissing', 'the login may not do it');
    };
    const fake = new FakeRun({ batches: 1 }).on('finish', fail).on('hold', fail);
    await temporal.migrate(fake, async (handle) => {
      await stateIs(handle, 'paused');
      await send(handle, 'resume', {});
      expect(await handle.result()).toMatchObject({ pending: 0 });
    });
  });
});

describe('an outage', () => {
  it('is shown until a step answers', async () => {
    const { fake, gate } = heldUp(1, 1);
    await temporal.migrate(fake, async (handle) => {
      await gate.reached;
      const cause = 'extract of batch 1 waits: the source cannot be reached';
      await handle.signal<[{ cause: string }]>(OUTAGE_SIGNAL, { cause });
      expect((await until(handle, ({ outage }) => outage !== null)).outage).toBe(cause);
      expect(await currentDetails(handle)).toContain(`**Waits for a server**: ${cause}`);
      gate.release();
      await handle.result();
      expect((await progressOf(handle)).outage).toBeNull();
    });
  });
});
