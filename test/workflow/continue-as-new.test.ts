import { CarryoverError } from '../../shared/errors';
import { FakeRun, STEPS } from '../support/fake-activities';
import { Gate } from '../support/gate';
import { historiesOf } from '../support/histories';
import { startSmallHistoryServer } from '../support/small-history-server';
import type { OwnTemporal } from '../support/small-history-server';
import { openTemporal, scheduledActivities, until } from '../support/temporal';
import type { History, MigrateHandle, TestTemporal } from '../support/temporal';

let server: OwnTemporal;
let temporal: TestTemporal;
beforeAll(async () => {
  server = await startSmallHistoryServer(60);
  temporal = await openTemporal(server.address);
});
afterAll(async () => {
  await temporal?.close();
  await server?.stop();
});

const chainOf = (handle: MigrateHandle) => historiesOf(temporal.client, handle.workflowId, handle.firstExecutionRunId);

const noRoom = (): never => {
  throw new CarryoverError('PreflightFailed', 'no room'); // a failure that no retry can mend
};

describe('a run that goes on in new histories', () => {
  it('does every batch once, plans once, and has the whole result', async () => {
    const fake = new FakeRun({ batches: 12, concurrency: 3 });
    await temporal.migrate(fake, async (handle) => {
      const all = Array.from({ length: 12 }, (_, index) => index + 1);
      expect(await handle.result()).toMatchObject({ source: fake.totals(all).source, pending: 0 });
      for (const batch of all) expect(fake.callsOf(batch).filter((step) => step !== 'cut')).toEqual([...STEPS]);
      expect(fake.calls.filter((call) => call === 'open')).toHaveLength(1);
      expect(fake.most).toBe(3);
      const histories = await chainOf(handle);
      expect(histories.length).toBeGreaterThan(2);
      for (const history of histories.slice(1)) {
        expect(scheduledActivities(history)[0]!.type).toBe('remaining');
      }
    });
  });

  it('keeps its plan, its search attributes, what is parked and what is asked for', async () => {
    const gate = new Gate();
    const fake = new FakeRun({ batches: 14, concurrency: 2 })
      .on('load', (batch, time) => (batch === 2 && time === 1 ? noRoom() : undefined))
      .on('transform', (batch, time) => (batch === 13 && time === 1 ? gate.wait() : undefined));
    await temporal.migrate(fake, async (handle) => {
      const chain = temporal.client.workflow.getHandle(handle.workflowId) as MigrateHandle;
      await gate.reached;
      const { runId, searchAttributes } = await chain.describe();
      expect(runId).not.toBe(handle.firstExecutionRunId);
      expect(searchAttributes).toMatchObject({ CarryoverRun: ['7'], CarryoverParked: [1] });
      const progress = await until(chain, ({ parked }) => parked.length === 1);
      expect(progress).toMatchObject({
        run: '7',
        migration: 'case-states',
        state: 'running',
        estimatedRows: fake.totals(Array.from({ length: 14 }, (_, index) => index + 1)).source,
        parked: [{ batch: 2, cause: 'load: no room' }],
      });
      // Asked for while others are in flight, and while a history may end at any moment.
      await chain.executeUpdate<string, [{ batch: number }]>('retryBatch', { args: [{ batch: 2 }] });
      gate.release();
      expect(await handle.result()).toMatchObject({
        source: fake.totals(Array.from({ length: 14 }, (_, index) => index + 1)).source,
        pending: 0,
      });
      expect(fake.callsOf(2).slice(-STEPS.length)).toEqual([...STEPS]);
      expect(fake.callsOf(2).filter((step) => step === 'load')).toHaveLength(2);
    });
  });

  it('hands a batch that was asked for on to the next history', async () => {
    const gate = new Gate();
    // The first history is full while batch 2 waits; the batch asked for then can only run in the next one.
    const fake = new FakeRun({ batches: 8, concurrency: 2 })
      .on('load', (batch, time) => (batch === 1 && time === 1 ? noRoom() : undefined))
      .on('validate', (batch, time) => (batch === 2 && time === 1 ? gate.wait().then(() => 0) : 0));
    await temporal.migrate(fake, async (handle) => {
      const first = temporal.client.workflow.getHandle(handle.workflowId, handle.firstExecutionRunId);
      await gate.reached;
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await first.executeUpdate<string, [{ batch: number }]>('retryBatch', { args: [{ batch: 1 }] });
      gate.release();
      expect(await handle.result()).toMatchObject({ pending: 0 });
      const [one, ...others] = await chainOf(handle);
      const summaries = (history: History) => scheduledActivities(history).map(({ summary }) => summary);
      expect(summaries(one!).filter((summary) => summary === 'case-states batch 1: extract')).toHaveLength(1);
      expect(others.flatMap(summaries)).toContain('case-states batch 1: extract');
    });
  });
});
