/**
 * Records test/histories/ anew (`npm run histories`): real runs of the real workflows on a real Temporal, over activities
 * without databases. docs/decisions/0011-how-workflow-code-changes.md says when that may be done.
 */
import { CarryoverError } from '../../shared/errors';
import { FakeRun } from '../support/fake-activities';
import { FakeForecast } from '../support/fake-forecast';
import { FakeVerification } from '../support/fake-verification';
import { Gate } from '../support/gate';
import { historiesOf, writeHistories } from '../support/histories';
import { startOwnTemporal } from '../support/own-temporal';
import type { OwnTemporal } from '../support/own-temporal';
import { failureOf, openTemporal, until } from '../support/temporal';
import type { MigrateHandle, TestTemporal } from '../support/temporal';

let server: OwnTemporal;
let temporal: TestTemporal;
beforeAll(async () => {
  server = await startOwnTemporal({ events: 150 }); // so small that a run of 16 batches takes several histories
  temporal = await openTemporal(server.address);
});
afterAll(async () => {
  await temporal?.close();
  await server?.stop();
});

/** Runs `test` to the end of its workflow, and writes down what came of it. */
async function record(name: string, fake: FakeRun, test: (handle: MigrateHandle) => Promise<unknown>): Promise<void> {
  const histories = await temporal.migrate(fake, async (handle) => {
    await test(handle);
    return historiesOf(temporal.client, handle.workflowId, handle.firstExecutionRunId);
  });
  writeHistories(name, histories);
  expect(histories.length).toBe(name === 'continued' ? Math.max(3, histories.length) : 1);
}

const send = (handle: MigrateHandle, verb: string, request: object): Promise<string> =>
  handle.executeUpdate<string, [object]>(verb, { args: [request] });

/** A run whose second batch fails for good once. */
const failingOnce = (batches: number) =>
  new FakeRun({ batches, concurrency: 2 }).on('load', (batch, time) => {
    if (batch === 2 && time === 1) throw new CarryoverError('PreflightFailed', 'no room');
  });

const waiting = (handle: MigrateHandle) => until(handle, ({ state }) => state === 'waiting');

const verification = () => new FakeVerification({ ranges: 3, checks: ['order', 'ledger', 'balance'] });

it('plain', () => record('plain', new FakeRun({ batches: 2 }, verification()), (handle) => handle.result()));

it('repaired', () =>
  temporal.repair(new FakeRun({ batches: 2 }, verification()), { migration: 'case-states' }, async (handle) => {
    await handle.result();
    writeHistories('repaired', await historiesOf(temporal.client, handle.workflowId, handle.firstExecutionRunId));
  }));

it('re-synced', () =>
  temporal.resync(
    new FakeRun({ batches: 1, plan: { compares: true } }, verification()),
    { migration: 'case-states' },
    async (handle) => {
      await handle.result();
      writeHistories('re-synced', await historiesOf(temporal.client, handle.workflowId, handle.firstExecutionRunId));
    },
  ));

it('nothing to do', () =>
  temporal.replay(
    new FakeRun({ batches: 0, planned: { nothingToDo: 'no row is in open quarantine', verdict: 'proven' } }),
    { migration: 'case-states' },
    async (handle) => {
      await handle.result();
      const histories = await historiesOf(temporal.client, handle.workflowId, handle.firstExecutionRunId);
      writeHistories('nothing-to-do', histories);
    },
  ));

it('verified', () =>
  temporal.verify(new FakeRun({ batches: 0 }, verification()), { migration: 'case-states' }, async (handle) => {
    await handle.result();
    const histories = await historiesOf(temporal.client, handle.workflowId, handle.firstExecutionRunId);
    writeHistories('verified', histories);
    expect(histories).toHaveLength(1);
  }));

it('forecast', () =>
  temporal.forecast(
    new FakeRun({ batches: 0 }, verification(), new FakeForecast({ batches: 5 })),
    { migration: 'case-states' },
    async (handle) => {
      await handle.result();
      const histories = await historiesOf(temporal.client, handle.workflowId, handle.firstExecutionRunId);
      writeHistories('forecast', histories);
      expect(histories).toHaveLength(1);
    },
  ));

it('parked and retried', () =>
  record('parked-and-retried', failingOnce(2), async (handle) => {
    await waiting(handle);
    await send(handle, 'retryBatch', { batch: 2 });
    await handle.result();
  }));

it('skipped', () =>
  record('skipped', failingOnce(2), async (handle) => {
    await waiting(handle);
    await send(handle, 'skipBatch', { batch: 2, reason: 'archived rows' });
    await handle.result();
  }));

it('paused and resumed', () => {
  const gate = new Gate();
  const fake = new FakeRun({ batches: 2, concurrency: 1 }).on('mapCases', (batch) =>
    batch === 1 ? gate.wait() : undefined,
  );
  return record('paused-and-resumed', fake, async (handle) => {
    await gate.reached;
    await send(handle, 'pause', { reason: 'backup until six' });
    gate.release();
    await until(handle, ({ state }) => state === 'paused');
    await send(handle, 'setConcurrency', { concurrency: 2 });
    await send(handle, 'resume', {});
    await handle.result();
  });
});

it('cancelled', () => {
  const gate = new Gate();
  const fake = new FakeRun({ batches: 3, concurrency: 2 }).on('transform', gate.wait);
  return record('cancelled', fake, async (handle) => {
    await gate.reached;
    await send(handle, 'cancel', { reason: 'wrong night' });
    expect(await failureOf(handle)).toMatchObject({ name: 'CancelledFailure' });
  });
});

it('continued', () =>
  record('continued', failingOnce(12), async (handle) => {
    await waiting(handle);
    await send(handle, 'retryBatch', { batch: 'all' });
    await handle.result();
  }));

it('resumed', () => {
  const fake = new FakeRun({
    batches: 5,
    concurrency: 2,
    nextBatch: 5,
    plan: { epoch: 2, resumed: true },
    left: [
      { batch: 2, state: 'parked', cause: 'load: no room' },
      { batch: 3, state: 'loaded', cause: null },
      { batch: 4, state: 'running', cause: null },
    ],
  });
  return record('resumed', fake, async (handle) => {
    await waiting(handle);
    await send(handle, 'retryBatch', { batch: [2] });
    await handle.result();
  });
});

it('not proven', () =>
  record('not-proven', new FakeRun({ batches: 1, verdict: 'not_proven' }), async (handle) => {
    expect(await failureOf(handle)).toMatchObject({ type: 'NotProven' });
  }));

it('abandoned', async () => {
  const histories = await temporal.abandon(
    new FakeRun({ batches: 1 }),
    { run: '7', reason: 'its table is gone' },
    async (handle) => {
      await handle.result();
      return historiesOf(temporal.client, handle.workflowId, handle.firstExecutionRunId);
    },
  );
  expect(histories).toHaveLength(1);
  writeHistories('abandoned', histories);
});
