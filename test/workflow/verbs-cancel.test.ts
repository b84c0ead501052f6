import { CarryoverError } from '../../shared/errors';
import { VERBS } from '../../shared/names';
import { FakeRun, STEPS } from '../support/fake-activities';
import { Gate } from '../support/gate';
import { failureOf, openTemporal, progressOf, until } from '../support/temporal';
import type { MigrateHandle, TestTemporal } from '../support/temporal';
import { refusal, send } from '../support/verbs';

let temporal: TestTemporal;
beforeAll(async () => (temporal = await openTemporal()));
afterAll(() => temporal.close());

const statusOf = async (handle: MigrateHandle): Promise<string> => (await handle.describe()).status.name;

describe('cancel', () => {
  it('is recorded first; then the steps in hand end, the stage is swept, and the workflow is cancelled', async () => {
    const gate = new Gate();
    const fake = new FakeRun({ batches: 4, concurrency: 2 }).on('transform', gate.wait);
    await temporal.migrate(fake, async (handle) => {
      await gate.reached;
      expect(await send(handle, 'cancel', { reason: 'wrong night', by: 'Ada' })).toBe(
        'run 7 is being cancelled: steps in hand end or roll back; start case-states again to go on with it',
      );
      expect(await failureOf(handle)).toMatchObject({ name: 'CancelledFailure' });
      expect(await statusOf(handle)).toBe('CANCELLED');
      expect(fake.decisions).toMatchObject([{ verb: 'cancel', reason: 'wrong night', by: 'Ada' }]);
      const after = fake.calls.slice(fake.calls.indexOf('decide') + 1);
      expect(after.filter((call) => !call.startsWith('transform'))).toEqual(['release']);
      expect(after.at(-1)).toBe('release');
      expect(await progressOf(handle)).toMatchObject({ state: 'cancelling', batchesInFlight: 0 });
      expect((await handle.describe()).searchAttributes.CarryoverState).toEqual(['cancelled']);
    });
  });

  it('ends a run that is paused, and one that waits for the operator', async () => {
    const fake = new FakeRun({ batches: 1 }).on('load', () => {
      throw new CarryoverError('PreflightFailed', 'no room');
    });
    for (const paused of [true, false]) {
      await temporal.migrate(fake, async (handle) => {
        await until(handle, ({ state }) => state === 'waiting');
        if (paused) await send(handle, 'pause', {});
        await send(handle, 'cancel');
        expect(await failureOf(handle)).toMatchObject({ name: 'CancelledFailure' });
        expect(fake.calls.at(-1)).toBe('release');
      });
    }
  });

  it('lets the run go on where it cannot be recorded', async () => {
    const gate = new Gate();
    const fake = new FakeRun({ batches: 2 }).on('extract', gate.wait).on('decide', () => {
      throw new CarryoverError('PrivilegeMissing', 'the login may not write the audit');
    });
    await temporal.migrate(fake, async (handle) => {
      await gate.reached;
      expect(await refusal(handle, 'cancel', {})).toBe('the login may not write the audit');
      gate.release();
      expect(await handle.result()).toMatchObject({ pending: 0 });
      expect(await statusOf(handle)).toBe('COMPLETED');
    });
  });

  it('lets no other verb in while it is recorded', async () => {
    const slow = new Gate();
    const gate = new Gate();
    const fake = new FakeRun({ batches: 2 }).on('extract', gate.wait).on('decide', slow.wait);
    await temporal.migrate(fake, async (handle) => {
      await gate.reached;
      const sent = send(handle, 'cancel', {});
      await slow.reached;
      for (const verb of VERBS) {
        expect(await refusal(handle, verb, {})).toBe('the run is being cancelled; start it again to go on with it');
      }
      slow.release();
      expect(await sent).toMatch(/^run 7 is being cancelled/);
      expect(await failureOf(handle)).toMatchObject({ name: 'CancelledFailure' });
    });
  });

  it('says so where the run ends before it', async () => {
    const finish = new Gate();
    const slow = new Gate();
    const fake = new FakeRun({ batches: 1 }).on('finish', finish.wait).on('decide', slow.wait);
    await temporal.migrate(fake, async (handle) => {
      fake.cancel = () => Promise.resolve(); // Temporal's request finds the workflow closed
      await finish.reached;
      const sent = send(handle, 'cancel', {});
      await slow.reached;
      const report = new Gate();
      fake.on('report', report.wait);
      finish.release();
      await report.reached;
      slow.release();
      expect(await sent).toBe('run 7 had ended before it could be cancelled');
      report.release();
      expect(await handle.result()).toMatchObject({ pending: 0 });
    });
  });
});

describe("Temporal's own cancel", () => {
  it('carries out a decision that was accepted before it', async () => {
    const slow = new Gate();
    const fake = new FakeRun({ batches: 2 })
      .on('load', (batch) => {
        if (batch === 2) throw new CarryoverError('PreflightFailed', 'no room');
      })
      .on('decide', slow.wait);
    await temporal.migrate(fake, async (handle) => {
      await until(handle, ({ state }) => state === 'waiting');
      const sent = send(handle, 'skipBatch', { batch: 2, reason: 'archived' });
      await slow.reached;
      await handle.cancel();
      await until(handle, ({ state }) => state === 'cancelling');
      slow.release();
      expect(await sent).toMatch(/^batch 2 is skipped/);
      expect(await failureOf(handle)).toMatchObject({ name: 'CancelledFailure' });
      expect(fake.decisions).toHaveLength(1);
    });
  });

  it('lets the report of a run that has just ended be made', async () => {
    const finish = new Gate();
    const fake = new FakeRun({ batches: 1 }).on('finish', finish.wait);
    await temporal.migrate(fake, async (handle) => {
      await finish.reached;
      await handle.cancel();
      // The activity hears of it with a heartbeat, when nothing can be taken back any more.
      finish.release();
      expect(await handle.result()).toMatchObject({ pending: 0 });
      expect(fake.calls.slice(-2)).toEqual(['finish', 'report']);
    });
  });
});

describe('a ledger that is behind', () => {
  it('lets the run be planned anew, and everything be done that it does not hold', async () => {
    const fake = new FakeRun({ batches: 4, concurrency: 2 }).on('validate', async (batch, time) => {
      if (batch !== 2 || time > 1) return 0;
      // Only what the ledger held can be forgotten, and the two go on side by side.
      while (!fake.isValidated(1)) await new Promise((resolve) => setTimeout(resolve, 20));
      fake.forget(1);
      throw new CarryoverError('LedgerBehind', 'run 7 has epoch 0 in the ledger');
    });
    await temporal.migrate(fake, async (handle) => {
      expect(await handle.result()).toMatchObject({ source: fake.totals([1, 2, 3, 4]).source, pending: 0 });
      expect(fake.calls.filter((call) => call === 'open')).toHaveLength(2);
      expect(fake.callsOf(1).filter((step) => step !== 'cut')).toEqual([...STEPS, ...STEPS]);
      expect(await progressOf(handle)).toMatchObject({ doneRows: fake.totals([1, 2, 3, 4]).source, batchesDone: 4 });
    });
  });

  it('does so, too, while the run is paused by what failed for good', async () => {
    const fake = new FakeRun({ batches: 2, concurrency: 2 })
      .on('load', (batch, time) => {
        if (batch === 1 && time === 1) throw new CarryoverError('PreflightFailed', 'no room');
      })
      .on('park', () => {
        throw new CarryoverError('PrivilegeMissing', 'the login may not do it');
      })
      .on('validate', async (batch, time) => {
        if (batch !== 2 || time > 1) return 0;
        while (fake.holds.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
        throw new CarryoverError('LedgerBehind', 'run 7 has epoch 0 in the ledger');
      });
    await temporal.migrate(fake, async (handle) => {
      expect(await handle.result()).toMatchObject({ source: fake.totals([1, 2]).source, pending: 0 });
      expect(await progressOf(handle)).toMatchObject({ pauseCause: null });
    });
  });
});

describe('a decision that finds the ledger behind', () => {
  const behind = (fake: FakeRun) =>
    fake.on('decide', (_batch, time) => {
      if (time === 1) throw new CarryoverError('LedgerBehind', 'run 7 has epoch 0 in the ledger');
    });

  it('has a run that waits for it go on: nothing else would tell it', async () => {
    const fake = behind(new FakeRun({ batches: 2 })).on('load', (batch, time) => {
      if (batch === 1 && time === 1) throw new CarryoverError('PreflightFailed', 'no room');
    });
    await temporal.migrate(fake, async (handle) => {
      await until(handle, ({ state }) => state === 'waiting');
      fake.forget(1);
      expect(await refusal(handle, 'retryBatch', { batch: 1 })).toBe('run 7 has epoch 0 in the ledger');
      expect(await handle.result()).toMatchObject({ source: fake.totals([1, 2]).source, pending: 0 });
      expect(fake.calls.filter((call) => call === 'open')).toHaveLength(2);
    });
  });

  it('leaves a run paused that a person has paused, and tells the ledger so', async () => {
    const gate = new Gate();
    const fake = new FakeRun({ batches: 3 }).on('load', gate.wait).on('decide', (_batch, time) => {
      if (time === 2) throw new CarryoverError('LedgerBehind', 'run 7 has epoch 0 in the ledger');
    });
    await temporal.migrate(fake, async (handle) => {
      await gate.reached;
      await send(handle, 'pause', { reason: 'a restore' });
      gate.release();
      await until(handle, ({ state }) => state === 'paused');
      expect(await refusal(handle, 'setConcurrency', { concurrency: 3 })).toMatch('epoch 0 in the ledger');
      await until(handle, ({ state }) => state === 'paused' && fake.calls.includes('hold'));
      expect(fake.holds).toEqual(['a restore']);
      await send(handle, 'resume');
      expect(await handle.result()).toMatchObject({ pending: 0 });
    });
  });

  it('goes on where it was to resume the run', async () => {
    const gate = new Gate();
    const fake = new FakeRun({ batches: 3 }).on('load', gate.wait).on('decide', (_batch, time) => {
      if (time === 2) throw new CarryoverError('LedgerBehind', 'run 7 has epoch 0 in the ledger');
    });
    await temporal.migrate(fake, async (handle) => {
      await gate.reached;
      await send(handle, 'pause', { reason: 'a restore' });
      gate.release();
      await until(handle, ({ state }) => state === 'paused');
      expect(await refusal(handle, 'resume', {})).toMatch('epoch 0 in the ledger');
      expect(await handle.result()).toMatchObject({ pending: 0 });
      expect(fake.holds).toEqual([]);
    });
  });
});

describe('what the Temporal UI reads', () => {
  it('has each verb with a description that can be copied', async () => {
    interface Described {
      readonly name: string;
      readonly description: string;
    }
    await temporal.migrate(new FakeRun({ batches: 1 }), async (handle) => {
      await handle.result();
      const { definition } = await handle.query<{
        definition: Record<'queryDefinitions' | 'signalDefinitions' | 'updateDefinitions', Described[]>;
      }>('__temporal_workflow_metadata');
      const updates = definition.updateDefinitions.map(({ name, description }) => `${name}: ${description}`);
      expect(updates.sort()).toEqual([
        'cancel: stop the run, steps in hand end or roll back; a new start goes on with it: {"reason": "wrong night"}',
        'pause: begin no batch until resume; those in flight end: {"reason": "backup until six"}',
        'resume: go on after a pause: {} or {"maxQuarantine": 0.2}',
        'retryBatch: run parked batches again, take skipped ones back: {"batch": 3}, {"batch": [3, 9]} or {"batch": "all"}',
        'setConcurrency: change how many batches are in flight: {"concurrency": 4}',
        'skipBatch: leave parked batches out, their rows count as excluded: {"batch": 3, "reason": "archived rows, see the ticket"}',
      ]);
      expect(definition.queryDefinitions.find(({ name }) => name === 'status')!.description).toMatch(/JSON/);
    });
  });
});
