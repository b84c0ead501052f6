/** What each of the operator's verbs does in the ledger: the effect, the audit line, once, or nothing at all. */
import { caseStates } from '../../mappings/case-states';
import type { Decision, RunPlan } from '../../shared/messages';
import { checkRun } from '../support/closing';
import { carryBatch, cutAll, loadBatch, openRun, refOf, refusal } from '../support/engine';
import type { Engine } from '../support/engine';
import { pastTransitions } from '../support/ledger';
import { addStates, createClinic, forgetStates } from './clinic';

let engine: Engine;
let plan: RunPlan;
/** Identity that Temporal has of whoever sends an update. */
let identity: string;

beforeAll(async () => {
  engine = await createClinic({
    temporal: {
      identityOfUpdate: (workflow, run, update) =>
        Promise.resolve(identity === '' ? '' : `${identity} ${workflow} ${run} ${update}`),
    },
  });
});

beforeEach(async () => {
  identity = 'ada@desk';
  await addStates(engine, [{ id: 1 }, { id: 2 }, { id: 3, status: 13 }, { id: 4 }, { id: 5 }]);
  plan = await openRun(engine, caseStates, { batchRows: 2 });
  expect(await cutAll(engine, caseStates, plan)).toEqual([2, 2, 1]);
});

afterEach(async () => {
  await forgetStates(engine);
  await engine.onTarget(pastTransitions('TRUNCATE carryover.audit, carryover.starts'));
});
afterAll(() => engine?.drop());

const decide = (
  verb: Decision['verb'],
  more: Partial<Decision> = {},
  courier = { workflow: 'test', workflowRun: 'first' },
): Promise<void> => {
  const { run, migration, epoch } = plan;
  return engine.ports.runs.decide({ run, migration, epoch, verb, update: 'u1', ...more }, courier);
};

const park = (batch: number): Promise<void> => engine.ports.runs.park(refOf(plan, batch), 'a person decides');

const batches = async (): Promise<Record<number, string>> =>
  Object.fromEntries(
    (
      await engine.onTarget<{ batch: number; told: string }>(
        `SELECT batch, concat_ws(' ', state, source, loaded, quarantined, excluded, excluded_by_decision, pending, cause) AS told
         FROM carryover.batches WHERE run_id = $1 ORDER BY batch`,
        [plan.run],
      )
    ).map(({ batch, told }) => [batch, told]),
  );

const audit = () =>
  engine.onTarget(
    `SELECT verb, who, claimed_by, reason, migration, run_id::text AS run, batches, details, workflow, decision,
       at BETWEEN now() - interval '1 minute' AND now() AS recent
     FROM carryover.audit ORDER BY audit_id`,
  );

const entry = (more: object): object => ({
  who: 'ada@desk test first u1',
  claimed_by: null,
  reason: null,
  migration: 'case-states',
  run: plan.run,
  batches: null,
  details: {},
  workflow: 'test',
  decision: 'u1',
  recent: true,
  ...more,
});

const balance = async () =>
  (
    await engine.onTarget(
      `SELECT source::int, loaded::int, quarantined::int, excluded::int, excluded_by_decision::int AS decided,
              pending::int FROM carryover.run_balance WHERE run_id = $1`,
      [plan.run],
    )
  )[0]!;

describe('retryBatch', () => {
  it('lets parked batches run again, and forgets their stage', async () => {
    await engine.ports.steps.extract(caseStates, refOf(plan, 1), new AbortController().signal);
    await park(1);
    await park(2);
    await decide('retryBatch', { batches: [1, 2], by: 'Ada', reason: 'mended' });
    expect(await batches()).toMatchObject({
      1: 'running 2 0 0 0 0 2',
      2: 'running 2 0 0 0 0 2',
      3: 'planned 1 0 0 0 0 1',
    });
    expect(await engine.onTarget('SELECT 1 FROM carryover.batches WHERE extract_token IS NOT NULL')).toEqual([]);
    expect(await audit()).toEqual([
      entry({ verb: 'retryBatch', claimed_by: 'Ada', reason: 'mended', batches: [1, 2] }),
    ]);
    expect((await carryBatch(engine, caseStates, refOf(plan, 1))).validate.differences).toBe(0);
  });

  it('takes a skipped batch back, with its rows', async () => {
    await park(2);
    await decide('skipBatch', { batches: [2], reason: 'archived' });
    await decide('retryBatch', { batches: [2], update: 'u2' });
    expect(await batches()).toMatchObject({ 2: 'running 2 0 0 0 0 2' });
    expect(await balance()).toEqual({
      source: 5,
      loaded: 0,
      quarantined: 0,
      excluded: 0,
      decided: 0,
      pending: 5,
    });
    expect((await loadBatch(engine, caseStates, refOf(plan, 2))).load).toMatchObject({ inserted: 1, quarantined: 1 });
  });

  it('is refused as a whole where one of the batches is neither, and leaves nothing', async () => {
    await park(1);
    const before = await batches();
    const error = await refusal(decide('retryBatch', { batches: [1, 3] }));
    expect(error).toMatchObject({
      type: 'InputRefused',
      message: 'nothing begins again: in the ledger, they are neither parked nor skipped: 3',
    });
    expect(await batches()).toEqual(before);
    expect(await audit()).toEqual([]);
  });
});

describe('skipBatch', () => {
  it('excludes the rows by decision; the balance stays closed', async () => {
    await park(2);
    await decide('skipBatch', { batches: [2], reason: 'archived', by: 'Ada' });
    expect(await batches()).toMatchObject({ 2: 'skipped 2 0 0 2 2 0' });
    expect(await balance()).toEqual({
      source: 5,
      loaded: 0,
      quarantined: 0,
      excluded: 2,
      decided: 2,
      pending: 3,
    });
    expect(await audit()).toEqual([entry({ verb: 'skipBatch', claimed_by: 'Ada', reason: 'archived', batches: [2] })]);
  });

  it('is refused for a batch that was ever loaded, also where it is parked now', async () => {
    await park(2);
    await loadBatch(engine, caseStates, refOf(plan, 1));
    await park(1);
    const before = await batches();
    expect(before[1]).toBe('parked 2 2 0 0 0 0 a person decides');
    const error = await refusal(decide('skipBatch', { batches: [1, 2], reason: 'archived' }));
    expect(error).toMatchObject({
      type: 'InputRefused',
      message: 'nothing was skipped: in the ledger, they are not parked, or have been loaded: 1',
    });
    expect(await batches()).toEqual(before);
    expect(await audit()).toEqual([]);
  });

  it('is refused for a batch that was loaded and begins again: its rows are in the target still', async () => {
    await loadBatch(engine, caseStates, refOf(plan, 1));
    await park(1);
    await decide('retryBatch', { batches: [1] });
    await park(1);
    expect((await refusal(decide('skipBatch', { batches: [1], reason: 'no', update: 'u2' }))).message).toContain(
      'loaded: 1',
    );
  });

  it('ends a run as proven with exceptions, and its report names batch, rows, reason and person', async () => {
    await park(2);
    await decide('skipBatch', { batches: [2], reason: 'archived | see the ticket', by: 'Ada' });
    for (const batch of [1, 3]) await carryBatch(engine, caseStates, refOf(plan, batch));
    await checkRun(engine, caseStates, plan);
    const headline = await engine.ports.runs.finish(plan.run, plan.epoch);
    expect(headline).toMatchObject({
      verdict: 'proven_with_exceptions',
      source: 5,
      loaded: 3,
      excluded: 2,
      pending: 0,
    });
    await engine.ports.runs.report(caseStates, plan.run, plan.epoch);
    const [kept] = await engine.onTarget<{ report: object }>('SELECT report FROM carryover.runs');
    expect(kept!.report).toMatchObject({
      verdict: 'proven_with_exceptions',
      complete: true,
      skipped: [{ batch: 2, rows: 2, reason: 'archived | see the ticket', who: 'ada@desk test first u1', by: 'Ada' }],
    });
  });
});

describe('the verbs of a run as a whole', () => {
  const run = async () =>
    (
      await engine.onTarget(
        'SELECT paused_at IS NOT NULL AS paused, pause_cause, max_parked, max_quarantine, concurrency FROM carryover.runs',
      )
    )[0]!;
  const BEGAN = { paused: false, pause_cause: null, max_parked: 10, max_quarantine: 0.1, concurrency: 1 };

  it('pause and resume are in the ledger, the brakes that resume raises too', async () => {
    expect(await run()).toEqual(BEGAN);
    await decide('pause', { reason: 'backup until six' });
    expect(await run()).toEqual({ ...BEGAN, paused: true, pause_cause: 'backup until six' });
    await decide('resume', { maxParked: 40, maxQuarantine: 0.5, update: 'u2' });
    expect(await run()).toEqual({ ...BEGAN, max_parked: 40, max_quarantine: 0.5 });
    await decide('pause', { update: 'u3' });
    expect(await run()).toMatchObject({ paused: true, pause_cause: 'paused by an operator' });
    await decide('resume', { update: 'u4' });
    expect(await run()).toEqual({ ...BEGAN, max_parked: 40, max_quarantine: 0.5 });
    expect((await audit()).map(({ verb, details }) => ({ verb, details }))).toEqual([
      { verb: 'pause', details: {} },
      { verb: 'resume', details: { maxParked: 40, maxQuarantine: 0.5 } },
      { verb: 'pause', details: {} },
      { verb: 'resume', details: {} },
    ]);
  });

  it('setConcurrency is kept for whoever goes on with the run', async () => {
    await decide('setConcurrency', { concurrency: 4 });
    expect(await run()).toEqual({ ...BEGAN, concurrency: 4 });
    expect(await audit()).toEqual([entry({ verb: 'setConcurrency', details: { concurrency: 4 } })]);
    expect((await openRun(engine, caseStates, {}, { currentRun: 'second' })).concurrency).toBe(4);
  });

  it('cancel is recorded, and leaves the run open', async () => {
    await decide('cancel', { reason: 'wrong night' });
    expect(await run()).toEqual(BEGAN);
    expect(await audit()).toEqual([entry({ verb: 'cancel', reason: 'wrong night' })]);
  });

  it('a run that pauses by itself says why, until it goes on; nobody decided', async () => {
    await engine.ports.runs.hold({ run: plan.run, epoch: plan.epoch, cause: '11 batches are parked' });
    expect(await run()).toEqual({ ...BEGAN, paused: true, pause_cause: '11 batches are parked' });
    await engine.ports.runs.hold({ run: plan.run, epoch: plan.epoch, cause: null });
    expect(await run()).toEqual(BEGAN);
    expect(await audit()).toEqual([]);
  });
});

describe('a decision', () => {
  it('that is delivered twice takes effect once', async () => {
    await park(2);
    await decide('skipBatch', { batches: [2], reason: 'archived' });
    await decide('retryBatch', { batches: [2], update: 'u2' });
    // The answer to the first was lost: its activity runs again, after the batch was taken back.
    await decide('skipBatch', { batches: [2], reason: 'archived' });
    expect(await batches()).toMatchObject({ 2: 'running 2 0 0 0 0 2' });
    expect((await audit()).map(({ verb }) => verb)).toEqual(['skipBatch', 'retryBatch']);
  });

  it('of another workflow is another one, whatever its id', async () => {
    await decide('pause');
    await decide('pause', {}, { workflow: 'other', workflowRun: 'its run' });
    expect((await audit()).map(({ workflow, who }) => [workflow, who])).toEqual([
      ['test', 'ada@desk test first u1'],
      ['other', 'ada@desk other its run u1'],
    ]);
  });

  it('of somebody whom Temporal does not know says so, beside the name that is claimed', async () => {
    identity = '';
    await decide('pause', { by: 'Ada' });
    expect(await audit()).toEqual([entry({ verb: 'pause', who: 'unknown (UI without login)', claimed_by: 'Ada' })]);
  });

  it('about a run that is closed is refused, and leaves nothing', async () => {
    await engine.onTarget(`UPDATE carryover.runs SET state = 'finished', verdict = 'proven', finished_at = now()`);
    expect(await refusal(decide('pause'))).toMatchObject({
      type: 'InputRefused',
      message: `run ${plan.run} is finished: nothing of it can be changed`,
    });
    expect(await audit()).toEqual([]);
  });

  it('of an owner that was replaced is refused, and leaves nothing', async () => {
    await openRun(engine, caseStates, {}, { currentRun: 'second' });
    expect((await refusal(decide('pause'))).type).toBe('Superseded');
    expect(await audit()).toEqual([]);
  });

  it('is on record for good: the audit refuses change and removal', async () => {
    await decide('pause');
    for (const change of [
      'UPDATE carryover.audit SET who = $$x$$',
      'DELETE FROM carryover.audit',
      'TRUNCATE carryover.audit',
    ]) {
      await expect(engine.onTarget(change)).rejects.toMatchObject({ constraint: 'audit_append_only' });
    }
  });
});
