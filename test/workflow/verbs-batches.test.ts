import { CarryoverError } from '../../shared/errors';
import { FakeRun, STEPS } from '../support/fake-activities';
import { Gate } from '../support/gate';
import { currentDetails, failureOf, openTemporal, progressOf, until } from '../support/temporal';
import type { MigrateHandle, TestTemporal } from '../support/temporal';
import { refusal, refused, send } from '../support/verbs';

let temporal: TestTemporal;
beforeAll(async () => (temporal = await openTemporal()));
afterAll(() => temporal.close());

const refuse = (message: string): never => {
  throw new CarryoverError('PreflightFailed', message); // a failure that no retry can mend
};

/** A run of six batches of which 2, 4 and 5 fail for good once. */
const threeFail = () =>
  new FakeRun({ batches: 6, concurrency: 2 }).on('load', (batch, time) =>
    [2, 4, 5].includes(batch) && time === 1 ? refuse('no room') : undefined,
  );

const waiting = (handle: MigrateHandle) => until(handle, ({ state }) => state === 'waiting');
const parkedIn = async (handle: MigrateHandle) => (await progressOf(handle)).parked.map(({ batch }) => batch);
const ALL = [1, 2, 3, 4, 5, 6];

describe('retryBatch', () => {
  it.each([
    ['a list', [4, 2, 5], 'batches 2, 4, 5 start again'],
    ['"all"', 'all', 'batches 2, 4, 5 start again'],
  ])('takes %s', async (_name, batch, answer) => {
    const fake = threeFail();
    await temporal.migrate(fake, async (handle) => {
      await waiting(handle);
      expect(await send(handle, 'retryBatch', { batch, by: 'Ada' })).toBe(answer);
      expect(await handle.result()).toMatchObject({ source: fake.totals(ALL).source, pending: 0 });
      for (const each of [2, 4, 5]) expect(fake.callsOf(each).slice(-STEPS.length)).toEqual([...STEPS]);
      expect(fake.decisions).toMatchObject([
        { run: '7', migration: 'case-states', epoch: 1, verb: 'retryBatch', by: 'Ada' },
      ]);
      expect([...fake.decisions[0]!.batches!].sort()).toEqual([2, 4, 5]);
    });
  });

  it('refuses a list of which one is not parked, and begins none of it', async () => {
    const fake = threeFail();
    await temporal.migrate(fake, async (handle) => {
      await waiting(handle);
      expect(await refusal(handle, 'retryBatch', { batch: [2, 3] })).toBe('batch 3 is not parked; parked: 2, 4, 5');
      expect(await parkedIn(handle)).toEqual([2, 4, 5]);
      expect(fake.decisions).toEqual([]);
    });
  });

  it('puts the batches back, and fails in words, where the decision cannot be recorded', async () => {
    const fake = threeFail().on('decide', (_batch, time) => {
      if (time === 1) throw new CarryoverError('PrivilegeMissing', 'the login may not write the audit');
    });
    await temporal.migrate(fake, async (handle) => {
      await waiting(handle);
      expect(await refusal(handle, 'retryBatch', { batch: 'all' })).toBe('the login may not write the audit');
      expect(await progressOf(handle)).toMatchObject({ state: 'waiting', batchesParked: 3 });
      expect(fake.calls.filter((call) => call.startsWith('extract'))).toHaveLength(6);
      await send(handle, 'retryBatch', { batch: 'all' });
      expect(await handle.result()).toMatchObject({ pending: 0 });
    });
  });

  it('begins a batch once where the ledger shows the decision before its answer has come', async () => {
    // The run looks into the ledger while the decision is committed there, and not yet answered.
    const look = new Gate();
    const answer = new Gate();
    const fake = new FakeRun({ batches: 3, concurrency: 2 })
      .on('load', (batch, time) => (batch === 2 && time === 1 ? refuse('no room') : undefined))
      .on('remaining', (_batch, time) => (time === 2 ? look.wait() : undefined))
      .onDecided(answer.wait);
    await temporal.migrate(fake, async (handle) => {
      await look.reached;
      const sent = send(handle, 'retryBatch', { batch: 2 });
      await answer.reached;
      look.release();
      await until(handle, ({ state }) => state === 'waiting');
      expect(fake.callsOf(2).filter((step) => step === 'extract')).toHaveLength(1);
      answer.release();
      expect(await sent).toBe('batch 2 starts again');
      expect(await handle.result()).toMatchObject({ pending: 0 });
      expect(fake.callsOf(2).filter((step) => step === 'extract')).toHaveLength(2);
    });
  });

  it('keeps a run from its end while it is decided about a batch that differs', async () => {
    const answer = new Gate();
    const look = new Gate();
    const fake = new FakeRun({ batches: 2 })
      .on('validate', (batch, time) => (batch === 2 && time === 1 ? 3 : 0))
      .on('remaining', (_batch, time) => (time === 2 ? look.wait() : undefined))
      .on('decide', answer.wait);
    await temporal.migrate(fake, async (handle) => {
      await look.reached; // nothing but the batch that differs is left: without the decision, the run would end
      const sent = send(handle, 'retryBatch', { batch: 2 });
      await answer.reached;
      look.release();
      await waiting(handle);
      expect(fake.calls).not.toContain('finish');
      answer.release();
      await sent;
      expect(await handle.result()).toMatchObject({ source: fake.totals([1, 2]).source, pending: 0 });
      const { inserted, source } = fake.totals([1, 2]);
      expect(await progressOf(handle)).toMatchObject({ doneRows: source, inserted, batchesDone: 2 });
    });
  });
});

describe('skipBatch', () => {
  const archived = { reason: 'archived rows, see the ticket' };

  it('lets the run end without the batch: its rows are excluded by decision', async () => {
    const fake = threeFail();
    await temporal.migrate(fake, async (handle) => {
      await waiting(handle);
      expect(await send(handle, 'skipBatch', { batch: [2, 4], ...archived })).toBe(
        'batches 2, 4 are skipped: the rows count as excluded by decision; retryBatch takes them back',
      );
      const left = FakeRun.rows(2) + FakeRun.rows(4);
      const progress = await until(handle, ({ excluded }) => excluded > 0);
      expect(progress).toMatchObject({ state: 'waiting', excluded: left, skipped: [2, 4], batchesParked: 1 });
      expect(await currentDetails(handle)).toMatch(/Skipped by decision: 2, 4$/m);
      await send(handle, 'retryBatch', { batch: 5 });
      const { source } = fake.totals([1, 3, 5, 6]);
      expect(await handle.result()).toMatchObject({ source: source + left, excluded: left, pending: 0 });
      for (const batch of [2, 4]) expect(fake.callsOf(batch).filter((step) => step === 'load')).toHaveLength(1);
      expect(fake.decisions[0]).toMatchObject({ verb: 'skipBatch', batches: [2, 4], ...archived });
    });
  });

  it('is revoked by retryBatch', async () => {
    const fake = threeFail();
    await temporal.migrate(fake, async (handle) => {
      await waiting(handle);
      await send(handle, 'skipBatch', { batch: 2, ...archived });
      expect(await refusal(handle, 'skipBatch', { batch: 2, ...archived })).toBe('batch 2 is not parked; parked: 4, 5');
      expect(await send(handle, 'retryBatch', { batch: [2, 4] })).toBe(
        'batches 2, 4 start again; no longer skipped: 2',
      );
      await send(handle, 'retryBatch', { batch: 'all' });
      const { source } = fake.totals(ALL);
      expect(await handle.result()).toMatchObject({ source, excluded: 0, pending: 0 });
      expect(await progressOf(handle)).toMatchObject({ doneRows: source, excluded: 0, skipped: [] });
    });
  });

  it('is refused without a reason, and for a batch whose rows are in the target', async () => {
    const fake = new FakeRun({ batches: 3 })
      .on('validate', (batch) => (batch === 1 ? 2 : 0))
      .on('load', (batch) => (batch === 2 ? refuse('no room') : undefined));
    await temporal.migrate(fake, async (handle) => {
      await waiting(handle);
      expect(await refusal(handle, 'skipBatch', { batch: 2 })).toBe(
        '"reason" is missing: it is what the audit and the report will say of its rows',
      );
      expect(await refusal(handle, 'skipBatch', { batch: 1, ...archived })).toBe(
        'batch 1 is loaded, so that rows of it are in the target: retry, do not skip',
      );
      expect(fake.decisions).toEqual([]);
    });
  });

  it('puts the batch back where the decision cannot be recorded', async () => {
    const fake = threeFail().on('decide', () => {
      throw new CarryoverError('InputRefused', 'nothing was skipped: in the ledger, they are not parked');
    });
    await temporal.migrate(fake, async (handle) => {
      await waiting(handle);
      expect(await refusal(handle, 'skipBatch', { batch: 2, ...archived })).toBe(
        'nothing was skipped: in the ledger, they are not parked',
      );
      expect(await progressOf(handle)).toMatchObject({ state: 'waiting', batchesParked: 3, skipped: [] });
    });
  });
});

describe('a verb in the last moment of a run', () => {
  it('is refused in words while the run is verified, but for cancel, and once it is over', async () => {
    const gate = new Gate();
    const fake = new FakeRun({ batches: 2, verdict: 'not_proven' })
      .on('validate', (batch) => (batch === 2 ? 3 : 0))
      .on('finish', gate.wait);
    await temporal.migrate(fake, async (handle) => {
      await gate.reached;
      expect(await progressOf(handle)).toMatchObject({ state: 'verifying' });
      const words = 'the run is being verified: its batches are done with, and only cancel is taken';
      expect(await refusal(handle, 'retryBatch', { batch: 2 })).toBe(words);
      expect(await refusal(handle, 'pause', {})).toBe(words);
      const report = new Gate();
      fake.on('report', report.wait);
      gate.release();
      await report.reached;
      const over = 'the run is over: nothing of it can be changed';
      for (const verb of ['cancel', 'pause', 'retryBatch'] as const) expect(await refusal(handle, verb, {})).toBe(over);
      report.release();
      expect(await failureOf(handle)).toMatchObject({ type: 'NotProven' });
      expect(fake.decisions).toEqual([]);
      // Temporal's own words: the workflow is closed.
      await expect(refused(send(handle, 'pause', {}))).rejects.toThrow(/already completed/);
    });
  });
});
