import type { LogEntry } from '@temporalio/worker';
import { CarryoverError } from '../../shared/errors';
import { FakeRun, STEPS } from '../support/fake-activities';
import { Gate } from '../support/gate';
import { historiesOf } from '../support/histories';
import { startSmallHistoryServer } from '../support/small-history-server';
import type { OwnTemporal } from '../support/small-history-server';
import { openTemporal, progressOf, scheduledActivities, until } from '../support/temporal';
import type { History, MigrateHandle, TestTemporal } from '../support/temporal';
import { refusal, send } from '../support/verbs';

let server: OwnTemporal;
let temporal: TestTemporal;
const warnings: LogEntry[] = [];
beforeAll(async () => {
  server = await startSmallHistoryServer(60);
  temporal = await openTemporal(server.address, warnings);
});
afterEach(() => {
  // Such as that a handler was cut off by the end of a history. That activities fail is what the tests want.
  const messages = warnings.splice(0).map(({ message }) => message);
  expect(messages.filter((message) => /TMPRL|workflow|handler|update/i.test(message))).toEqual([]);
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

  it('ends with its hours in whichever history it is', async () => {
    const gate = new Gate();
    const deadline = { until: '05:00', zone: 'UTC', at: Date.now() + 8_000 };
    const fake = new FakeRun({ batches: 40, concurrency: 2, plan: { deadline } }).on('transform', (batch) =>
      batch === 9 ? gate.wait() : undefined,
    );
    await temporal.migrate(fake, async (handle) => {
      await gate.reached;
      const chain = temporal.client.workflow.getHandle(handle.workflowId) as MigrateHandle;
      expect((await chain.describe()).runId).not.toBe(handle.firstExecutionRunId);
      // In flight as it is, the batch holds the history up, also where that is full.
      await new Promise((resolve) => setTimeout(resolve, deadline.at + 500 - Date.now()));
      gate.release();
      expect(await handle.result()).toMatchObject({ outcome: 'paused', run: '7' });
      expect(fake.callsOf(9).filter((step) => step !== 'cut')).toEqual([...STEPS]);
      expect(fake.calls.filter((call) => call === 'release')).toHaveLength(1);
      expect(fake.calls).not.toContain('finish');
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

/** The run that goes on now, whatever its history. */
const newest = (handle: MigrateHandle) => temporal.client.workflow.getHandle(handle.workflowId) as MigrateHandle;
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** Milliseconds: hundreds of activities, on a machine that may be busy. */
const LONG = 240_000;

describe('a run over ten histories and more', () => {
  it(
    'keeps what is parked, skipped, paused, decided and set, across every border',
    async () => {
      const gates = new Map([10, 30].map((batch) => [batch, new Gate()]));
      const fake = new FakeRun({ batches: 60, concurrency: 2, plan: { maxParked: 1 } })
        .on('load', (batch, time) => ([2, 3].includes(batch) && time === 1 ? noRoom() : undefined))
        .on('mapCases', (batch) => gates.get(batch)?.wait());
      await temporal.migrate(fake, async (handle) => {
        // Two parked batches are one too many.
        const run = newest(handle);
        const held = await until(run, ({ state }) => state === 'paused');
        expect(held.pauseCause).toMatch(/^2 batches are parked, more than maxParked \(1\)/);
        expect(await refusal(run, 'resume', {})).toMatch(/^the run would pause again: 2 batches are parked/);
        await send(run, 'resume', { maxParked: 5 });
        await send(run, 'skipBatch', { batch: 3, reason: 'archived' });
        await send(run, 'setConcurrency', { concurrency: 1 });

        await gates.get(10)!.reached;
        expect(await progressOf(run)).toMatchObject({ concurrency: 1, skipped: [3], pauseCause: null });
        expect((await progressOf(run)).parked).toEqual([{ batch: 2, cause: 'load: no room' }]);
        await send(run, 'setConcurrency', { concurrency: 3 });
        await send(run, 'pause', { reason: 'backup until six' });
        gates.get(10)!.release();
        await until(run, ({ state }) => state === 'paused');
        // Verbs alone fill the histories of a run that is paused.
        const before = (await run.describe()).runId;
        for (let round = 0; (await run.describe()).runId === before; round += 1) {
          if (round > 50) throw new Error('the history of the paused run does not end');
          await send(run, 'setConcurrency', { concurrency: 3 });
        }
        await send(run, 'setConcurrency', { concurrency: 4 });
        expect(await until(run, ({ state }) => state === 'paused')).toMatchObject({
          pauseCause: 'backup until six',
          concurrency: 4,
          skipped: [3],
          batchesParked: 1,
        });
        await send(run, 'resume', {});

        await gates.get(30)!.reached;
        expect(await progressOf(run)).toMatchObject({ concurrency: 4, skipped: [3], batchesParked: 1 });
        gates.get(30)!.release();
        await until(run, ({ state }) => state === 'waiting');
        await send(run, 'retryBatch', { batch: [2, 3] });
        expect(await handle.result()).toMatchObject({
          source: fake.totals(numbers(60)).source,
          pending: 0,
          excluded: 0,
        });
        const histories = await chainOf(handle);
        expect(histories.length).toBeGreaterThan(10);
        expect(fake.calls.filter((call) => call === 'open')).toHaveLength(1);
        for (const batch of numbers(60)) {
          const times = [2, 3].includes(batch) ? 2 : 1;
          expect(fake.callsOf(batch).filter((step) => step === 'load')).toHaveLength(times);
        }
      });
    },
    LONG,
  );

  it(
    'answers every update, in whatever moment it comes, and none of them twice',
    async () => {
      const fake = new FakeRun({ batches: 40, concurrency: 2 });
      await temporal.migrate(fake, async (handle) => {
        const run = newest(handle);
        await until(run, ({ state }) => state === 'running');
        let over = false;
        const ended = handle.result().finally(() => (over = true));
        // Without a rest, so that some of them meet the end of a history; from two sides, with one at a time from each.
        const storm = async (rest: number): Promise<string[]> => {
          const answers: string[] = [];
          for (; !over; await new Promise((resolve) => setTimeout(resolve, rest))) answers.push(await answerOf(run));
          return answers;
        };
        const answers = await Promise.all([storm(0), storm(100)]);
        expect(await ended).toMatchObject({ source: fake.totals(numbers(40)).source, pending: 0 });
        const histories = await chainOf(handle);
        expect(histories.length).toBeGreaterThan(10);
        expect(histories.slice(1).filter(acceptsFirst).length).toBeGreaterThan(0);
        const isTaken = (words: string): boolean => words.endsWith(' in flight at most, 2 until now');
        const taken = answers.flat().filter(isTaken).length;
        expect(fake.decisions).toHaveLength(taken);
        expect(taken).toBeGreaterThan(20);
        // Nothing was lost at a border, and nobody was told to come again: whatever else was said, was said at the end.
        for (const words of answers) {
          const last = words.slice(words.map(isTaken).lastIndexOf(true) + 1);
          expect(words.filter(isTaken)).toHaveLength(words.length - last.length);
          const known = /^the run is (being verified|over)|already completed|aborted by closing workflow/;
          expect(last.filter((each) => !known.test(each))).toEqual([]);
        }
      });
    },
    LONG,
  );

  it(
    'takes a decision that is under way when the history is full, before it goes on',
    async () => {
      const slow = new Gate();
      const fake = new FakeRun({ batches: 20, concurrency: 2 })
        .on('load', (batch, time) => (batch === 1 && time === 1 ? noRoom() : undefined))
        .on('decide', slow.wait);
      await temporal.migrate(fake, async (handle) => {
        const run = newest(handle);
        await until(run, ({ batchesParked }) => batchesParked === 1);
        const sent = send(run, 'skipBatch', { batch: 1, reason: 'archived' });
        await slow.reached;
        // Of the history that took it: the one before may have ended while it was sent.
        const first = (await run.describe()).runId;
        // Everything else of this history ends: it waits for the decision alone.
        await until(run, ({ batchesInFlight }) => batchesInFlight === 0);
        expect((await run.describe()).runId).toBe(first);
        slow.release();
        expect(await sent).toMatch(/^batch 1 is skipped/);
        expect(await handle.result()).toMatchObject({ excluded: FakeRun.rows(1), pending: 0 });
        expect((await chainOf(handle)).length).toBeGreaterThan(2);
      });
    },
    LONG,
  );
});

/** True where an update was accepted before the ledger had answered for the first time in a history. */
function acceptsFirst({ events }: History): boolean {
  const first = (type: 'activityTaskCompletedEventAttributes' | 'workflowExecutionUpdateAcceptedEventAttributes') =>
    events!.findIndex((event) => event[type] != null);
  const accepted = first('workflowExecutionUpdateAcceptedEventAttributes');
  return accepted !== -1 && accepted < first('activityTaskCompletedEventAttributes');
}

/** The words with which a harmless verb is answered, refused, or found to be too late. */
async function answerOf(run: MigrateHandle): Promise<string> {
  return send(run, 'setConcurrency', { concurrency: 2 }).catch(
    (error: Error & { cause?: Error }) => error.cause?.message ?? error.message,
  );
}
