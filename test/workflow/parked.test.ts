import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import { CarryoverError } from '../../shared/errors';
import { FakeRun, STEPS } from '../support/fake-activities';
import { Gate } from '../support/gate';
import { currentDetails, failureOf, openTemporal, progressOf, until } from '../support/temporal';
import type { MigrateHandle, TestTemporal } from '../support/temporal';

let temporal: TestTemporal;
beforeAll(async () => (temporal = await openTemporal()));
afterAll(() => temporal.close());

const refuse = (message: string): never => {
  throw new CarryoverError('PreflightFailed', message); // a failure that no retry can mend
};

/** A run in which `name` of a batch fails for good the first so many times. */
const failing = (name: 'load' | 'transform', batch: number, times: number, settings = { batches: 5, concurrency: 2 }) =>
  new FakeRun(settings).on(name, (of, time) => (of === batch && time <= times ? refuse('no room') : undefined));

const waiting = (handle: MigrateHandle) => until(handle, ({ state }) => state === 'waiting');

/** Sends the update with what the operator typed, which may be nothing. */
const retry = (handle: MigrateHandle, ...args: unknown[]): Promise<string> =>
  handle.executeUpdate<string, [unknown]>('retryBatch', { args: args as [unknown] });

/** The words and the stack with which an update is refused. */
async function refusal(handle: MigrateHandle, ...args: unknown[]): Promise<{ message: string; stack: string }> {
  const error: unknown = await retry(handle, ...args).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
  const { message, failure } = (error as WorkflowUpdateFailedError).cause as ApplicationFailure;
  return { message, stack: failure?.stackTrace ?? '' };
}

async function attributesOf(handle: MigrateHandle): Promise<unknown> {
  const { searchAttributes } = await handle.describe();
  return [searchAttributes.CarryoverState?.[0], searchAttributes.CarryoverParked?.[0]];
}

describe('a batch that fails for good', () => {
  it('is parked with its cause while the others go on, and the run waits for the operator', async () => {
    const fake = failing('load', 2, 1);
    await temporal.migrate(fake, async (handle) => {
      const progress = await waiting(handle);
      expect(progress.parked).toEqual([{ batch: 2, cause: 'load: no room' }]);
      expect(progress).toMatchObject({ batchesDone: 4, batchesInFlight: 0 });
      expect(fake.callsOf(2)).toEqual(['cut', 'extract', 'mapCases', 'mapActors', 'transform', 'load', 'park']);
      for (const batch of [1, 3, 4, 5]) expect(fake.callsOf(batch)).toEqual(['cut', ...STEPS]);
      expect(await attributesOf(handle)).toEqual(['waiting', 1]);
      const details = await currentDetails(handle);
      expect(details).toContain('waiting for a person to decide on parked batches\n');
      expect(details).toContain('**Parked: 1**\n\n- batch 2: load: no room');
      expect(details).toContain('`retryBatch` with `{"batch": 2}`, a list of numbers, or `"all"`');
      expect(fake.calls).not.toContain('finish');
    });
  });

  it('runs again when it is asked to, and the run ends with every row counted once', async () => {
    const fake = failing('load', 2, 1);
    await temporal.migrate(fake, async (handle) => {
      await waiting(handle);
      expect(await retry(handle, { batch: 2 })).toBe('batch 2 starts again');
      const { inserted, ...totals } = fake.totals([1, 2, 3, 4, 5]);
      expect(await handle.result()).toMatchObject({ source: totals.source, inserted, pending: 0 });
      expect(fake.callsOf(2).slice(-STEPS.length)).toEqual([...STEPS]);
      expect(await progressOf(handle)).toMatchObject({ doneRows: totals.source, batchesDone: 5, parked: [] });
      expect(await attributesOf(handle)).toEqual(['proven_with_exceptions', 0]);
    });
  });

  it('is parked again where it fails again, with its new cause', async () => {
    const fake = new FakeRun({ batches: 2 }).on('load', (batch, time) =>
      batch === 1 && time < 3 ? refuse(`reason ${time}`) : undefined,
    );
    await temporal.migrate(fake, async (handle) => {
      await waiting(handle);
      await retry(handle, { batch: 1 });
      const again = await until(
        handle,
        ({ state, parked }) => state === 'waiting' && parked[0]?.cause !== 'load: reason 1',
      );
      expect(again.parked).toEqual([{ batch: 1, cause: 'load: reason 2' }]);
      await retry(handle, { batch: 1 });
      expect(await handle.result()).toMatchObject({ pending: 0 });
    });
  });

  it('is not parked by a failure that the next attempt mends', async () => {
    const fake = new FakeRun({ batches: 1 }).on('mapCases', (_batch, time) => {
      if (time === 1) throw new CarryoverError('DatabaseError', 'deadlock');
    });
    await temporal.migrate(fake, (handle) => handle.result());
    expect(fake.callsOf(1)).toEqual(['cut', 'extract', 'mapCases', ...STEPS.slice(1)]);
  });

  it('shows a long cause cut short', async () => {
    const fake = new FakeRun({ batches: 1 }).on('load', () => refuse('x'.repeat(5000)));
    await temporal.migrate(fake, async (handle) => {
      const { parked } = await waiting(handle);
      expect(parked[0]!.cause).toHaveLength(400);
    });
  });
});

describe('the update retryBatch', () => {
  it('is refused in words, and without a stack, unless it names a parked batch', async () => {
    const fake = failing('transform', 3, 1);
    await temporal.migrate(fake, async (handle) => {
      await waiting(handle);
      const number = `give the batch's number, such as {"batch": 3}, {"batch": [3, 9]} or {"batch": "all"}; parked: 3`;
      const object = 'give one JSON object, such as {"batch": 3}, {"batch": [3, 9]} or {"batch": "all"}';
      expect(await refusal(handle)).toEqual({ message: number, stack: '' });
      for (const wrong of [null, {}, { batch: '3' }, { batch: 1.5 }]) {
        expect(await refusal(handle, wrong)).toEqual({ message: number, stack: '' });
      }
      for (const wrong of [3, 'three', [3]])
        expect(await refusal(handle, wrong)).toEqual({ message: object, stack: '' });
      expect(await refusal(handle, { batch: 99 })).toEqual({ message: 'batch 99 is not parked; parked: 3', stack: '' });
      expect(await refusal(handle, { batch: 1 })).toEqual({ message: 'batch 1 is not parked; parked: 3', stack: '' });
      expect(fake.callsOf(3)).toEqual(['cut', 'extract', 'mapCases', 'mapActors', 'transform', 'park']);
      await retry(handle, { batch: 3 });
      await handle.result();
    });
  });

  it('is refused as too early before the run has read what is parked', async () => {
    const gate = new Gate();
    // As after continue-as-new: the plan is there, the ledger has not answered yet.
    const fake = new FakeRun({ batches: 1, nextBatch: 2, left: [{ batch: 1, state: 'parked', cause: 'no room' }] });
    fake.on('remaining', gate.wait);
    await temporal.migrate(fake, async (handle) => {
      await gate.reached;
      const { message, stack } = await refusal(handle, { batch: 1 });
      expect(message).toBe('the run is still reading the ledger; send it again in a moment');
      expect(stack).toBe('');
      gate.release();
      await waiting(handle);
      await retry(handle, { batch: 1 });
      await handle.result();
    });
  });

  it('starts a batch once, however often it is sent', async () => {
    const fake = failing('load', 1, 1, { batches: 1, concurrency: 1 });
    await temporal.migrate(fake, async (handle) => {
      await waiting(handle);
      const answers = await Promise.allSettled([retry(handle, { batch: 1 }), retry(handle, { batch: 1 })]);
      expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      await handle.result();
      expect(fake.callsOf(1).filter((step) => step === 'extract')).toHaveLength(2);
    });
  });

  it('takes several batches one after the other', async () => {
    const fake = new FakeRun({ batches: 4, concurrency: 2 }).on('load', (batch, time) =>
      batch % 2 === 0 && time === 1 ? refuse('no room') : undefined,
    );
    await temporal.migrate(fake, async (handle) => {
      expect((await waiting(handle)).parked.map(({ batch }) => batch)).toEqual([2, 4]);
      expect(await attributesOf(handle)).toEqual(['waiting', 2]);
      await retry(handle, { batch: 4 });
      const one = await until(handle, ({ state, parked }) => state === 'waiting' && parked.length === 1);
      expect(one.parked.map(({ batch }) => batch)).toEqual([2]);
      await retry(handle, { batch: 2 });
      expect(await handle.result()).toMatchObject({ source: fake.totals([1, 2, 3, 4]).source, pending: 0 });
    });
  });
});

describe('a batch whose stage is lost', () => {
  const losing = (times: number) =>
    new FakeRun({ batches: 2 }).on('transform', (batch, time) => {
      if (batch === 1 && time <= times) throw new CarryoverError('StageLost', 'the stage of batch 1 is gone');
    });

  it('starts again at extract by itself', async () => {
    const fake = losing(2);
    expect(await temporal.migrate(fake, (handle) => handle.result())).toMatchObject({ pending: 0 });
    const lost = ['extract', 'mapCases', 'mapActors', 'transform'];
    expect(fake.callsOf(1)).toEqual(['cut', ...lost, ...lost, ...STEPS]);
    expect(fake.callsOf(2)).toEqual(['cut', ...STEPS]);
  });

  it('is parked after the fourth round', async () => {
    const fake = losing(Infinity);
    await temporal.migrate(fake, async (handle) => {
      const { parked } = await waiting(handle);
      expect(parked).toEqual([{ batch: 1, cause: 'transform: the stage of batch 1 is gone' }]);
      expect(fake.callsOf(1).filter((step) => step === 'extract')).toHaveLength(4);
      expect(fake.callsOf(1).at(-1)).toBe('park');
    });
  });
});

describe('a batch that differs from its source', () => {
  it('is parked by its validation and holds nobody up: the run ends not proven', async () => {
    const fake = new FakeRun({ batches: 3, concurrency: 2, verdict: 'not_proven' }).on('validate', (batch) =>
      batch === 2 ? 3 : 0,
    );
    await temporal.migrate(fake, async (handle) => {
      expect(await failureOf(handle)).toMatchObject({ type: 'NotProven' });
      expect(await progressOf(handle)).toMatchObject({
        batchesDone: 2,
        parked: [{ batch: 2, cause: 'difference: 3 rows differ between source and target' }],
      });
      // The validation has parked it in the ledger, in its own transaction.
      expect(fake.callsOf(2)).toEqual(['cut', ...STEPS]);
    });
  });

  it('runs again with the others, where one that failed holds the run up', async () => {
    const fake = new FakeRun({ batches: 3, concurrency: 2 })
      .on('validate', (batch, time) => (batch === 2 && time === 1 ? 3 : 0))
      .on('transform', (batch, time) => {
        if (batch === 3 && time === 1) throw new CarryoverError('MappingChanged', 'no retry mends it');
      });
    await temporal.migrate(fake, async (handle) => {
      expect((await waiting(handle)).parked).toHaveLength(2);
      await retry(handle, { batch: 2 });
      await retry(handle, { batch: 3 });
      expect(await handle.result()).toMatchObject({ source: fake.totals([1, 2, 3]).source, pending: 0 });
      expect(fake.callsOf(2)).toEqual(['cut', ...STEPS, ...STEPS]);
    });
  });
});

// A workflow that was reset has its memory from before; what was decided since is in the ledger alone.
describe('a batch that the workflow holds as parked, and the ledger does not', () => {
  it.each(['validated', 'running'] as const)('keeps nobody waiting: it is %s', async (state) => {
    const fake = failing('load', 2, 1).on('remaining', (_batch, time) => {
      if (time === 2) fake.forget(2, state);
    });
    await temporal.migrate(fake, async (handle) => {
      const all = [1, 2, 3, 4, 5];
      expect(await handle.result()).toMatchObject({ source: fake.totals(all).source, pending: 0 });
      expect(await progressOf(handle)).toMatchObject({ batchesDone: 5, batchesParked: 0 });
      expect(fake.callsOf(2).slice(7)).toEqual(state === 'validated' ? [] : [...STEPS]);
    });
  });

  it('is looked up again where a decision about it is refused', async () => {
    const fake = failing('load', 2, 1).on('decide', () => {
      fake.forget(2, 'validated');
      throw new CarryoverError('InputRefused', 'nothing begins again');
    });
    await temporal.migrate(fake, async (handle) => {
      await waiting(handle);
      expect((await refusal(handle, { batch: 2 })).message).toBe('nothing begins again');
      expect(await handle.result()).toMatchObject({ pending: 0 });
    });
  });
});
