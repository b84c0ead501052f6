import { CarryoverError } from '../../shared/errors';
import { FakeRun } from '../support/fake-activities';
import { Gate } from '../support/gate';
import { failureOf, openTemporal, scheduledActivities, until } from '../support/temporal';
import type { MigrateHandle, TestTemporal } from '../support/temporal';

let temporal: TestTemporal;
beforeAll(async () => (temporal = await openTemporal()));
afterAll(() => temporal.close());

const statusOf = async (handle: MigrateHandle): Promise<string> => (await handle.describe()).status.name;
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('a run that must not start', () => {
  it('fails with the words about its missing input, at the first attempt', async () => {
    const fake = new FakeRun({ batches: 1 });
    await temporal.migrate(
      fake,
      async (handle) => {
        const failure = await failureOf(handle);
        expect(failure).toMatchObject({ name: 'ApplicationFailure', type: 'InputRefused' });
        expect(failure.message).toBe(
          'The run was not started:\n  - no input was given; it is one JSON object, such as ' +
            '{"migration": "case-states"}; known migrations: case-states, messages',
        );
        const history = await handle.fetchHistory();
        expect(scheduledActivities(history).map(({ type }) => type)).toEqual(['plan']);
        const started = history.events!.flatMap((event) => event.activityTaskStartedEventAttributes ?? []);
        expect(started.map(({ attempt }) => attempt)).toEqual([1]);
      },
      [], // as the Temporal UI sends an empty box
    );
    expect(fake.calls).toEqual([]);
  });

  it.each([
    ['null', null, []],
    ['a text', 'case-states', []],
    // Its migration is known, so that the start is written down.
    ['unknown fields', { migration: 'case-states', rows: 5 }, ['vain']],
  ])('is refused likewise with %s', async (_name, input, calls) => {
    const fake = new FakeRun({ batches: 1 });
    const failure = await temporal.migrate(fake, failureOf, [input as never]);
    expect(failure.type).toBe('InputRefused');
    expect(fake.calls).toEqual(calls);
  });

  it.each(['PreflightFailed', 'AlreadyRunning', 'MappingChanged'] as const)('fails with type %s', async (type) => {
    const fake = new FakeRun({ batches: 1 }).on('open', () => {
      throw new CarryoverError(type, 'words of it');
    });
    expect(await temporal.migrate(fake, failureOf)).toMatchObject({ type, message: 'words of it' });
    expect(fake.calls).toEqual(type === 'PreflightFailed' ? ['open', 'vain'] : ['open']);
  });
});

describe('a run that another has taken over', () => {
  /** Two batches wait within a step, the second loses the run: what is called from then on is a fault. */
  async function superseded(batches: number): Promise<void> {
    const gate = new Gate();
    const lost = new Gate();
    const fake = new FakeRun({ batches, concurrency: 3 })
      .on('mapCases', (batch) => (batch === 2 ? undefined : gate.wait()))
      .on('load', async () => {
        await lost.wait();
        throw new CarryoverError('Superseded', 'run 7 has epoch 2 by now');
      });
    await temporal.migrate(fake, async (handle) => {
      await Promise.all([gate.reached, lost.reached]);
      lost.release();
      expect(await failureOf(handle)).toMatchObject({ type: 'Superseded', message: 'run 7 has epoch 2 by now' });
      const calls = [...fake.calls];
      gate.release();
      await pause(300);
      expect(fake.calls).toEqual(calls);
      expect(calls.filter((call) => /^(park|finish|report)/.test(call))).toEqual([]);
    });
  }

  it('fails at once and calls nothing more, not even to park', () => superseded(10));
  it('does so, too, when all batches were cut already', () => superseded(3));

  it('fails likewise where only the parking is refused', async () => {
    const fake = new FakeRun({ batches: 2, concurrency: 1 })
      .on('load', () => {
        throw new CarryoverError('PreflightFailed', 'no room');
      })
      .on('park', () => {
        throw new CarryoverError('Superseded', 'run 7 has epoch 2 by now');
      });
    await temporal.migrate(fake, async (handle) => {
      expect(await failureOf(handle)).toMatchObject({ type: 'Superseded' });
    });
    expect(fake.callsOf(2)).not.toContain('extract');
  });
});

describe('a run that is not proven', () => {
  it('fails with type NotProven and its figures, after the report was made', async () => {
    const fake = new FakeRun({ batches: 2, verdict: 'not_proven' });
    await temporal.migrate(fake, async (handle) => {
      const failure = await failureOf(handle);
      expect(failure).toMatchObject({
        name: 'ApplicationFailure',
        type: 'NotProven',
        nonRetryable: true,
        details: [{ run: '7', verdict: 'not_proven', findings: 3 }],
      });
      expect(failure.message).toBe(
        'run 7 of case-states is not proven: 3 findings, 0 rows pending. `carryover report 7` says what was found.',
      );
      expect(fake.calls.slice(-4)).toEqual(['check', 'draft', 'finish', 'report']);
      const { searchAttributes } = await handle.describe();
      expect(searchAttributes.CarryoverState).toEqual(['not_proven']);
    });
  });
});

describe('a run that is cancelled', () => {
  it('in the middle of its batches ends as cancelled and calls nothing more', async () => {
    const gate = new Gate();
    const fake = new FakeRun({ batches: 6, concurrency: 2 }).on('transform', gate.wait);
    await temporal.migrate(fake, async (handle) => {
      await gate.reached;
      await handle.cancel();
      expect(await failureOf(handle)).toMatchObject({ name: 'CancelledFailure' });
      expect(await statusOf(handle)).toBe('CANCELLED');
      const calls = [...fake.calls];
      gate.release();
      await pause(300);
      expect(fake.calls).toEqual(calls);
      expect(calls.filter((call) => /^(load|park|finish|report)/.test(call))).toEqual([]);
      expect(calls.at(-1)).toBe('release');
    });
  });

  it('while it waits for the operator ends as cancelled', async () => {
    const fake = new FakeRun({ batches: 1 }).on('load', () => {
      throw new CarryoverError('PreflightFailed', 'no room');
    });
    await temporal.migrate(fake, async (handle) => {
      await until(handle, ({ state }) => state === 'waiting');
      const calls = [...fake.calls];
      await handle.cancel();
      expect(await failureOf(handle)).toMatchObject({ name: 'CancelledFailure' });
      expect(await statusOf(handle)).toBe('CANCELLED');
      // The stage of what was parked is swept; nothing else is done any more.
      expect(fake.calls).toEqual([...calls, 'release']);
    });
  });

  it('while it plans ends as cancelled, and opens nothing after', async () => {
    const gate = new Gate();
    const fake = new FakeRun({ batches: 1 }).on('open', gate.wait);
    await temporal.migrate(fake, async (handle) => {
      await gate.reached;
      await handle.cancel();
      expect(await failureOf(handle)).toMatchObject({ name: 'CancelledFailure' });
      gate.release();
      await pause(100);
      expect(fake.calls).toEqual(['open']);
    });
  });
});
