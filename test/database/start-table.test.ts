/** Every cell of the start table's column `migrate`: who may open a run, go on with one, or must stand back. */
import { caseStates } from '../../mappings/case-states';
import type { RunPlan } from '../../shared/messages';
import { cutAll, migrate, refusal, startRun } from '../support/engine';
import { addStates } from './clinic';
import { A, B, createStarts } from './starts-fixture';
import type { Starts } from './starts-fixture';

let s: Starts;

beforeAll(async () => {
  s = await createStarts();
});

beforeEach(() => s.begin());
afterEach(() => s.forget());
afterAll(() => s?.engine.drop());

describe('where no run is open', () => {
  it('a start opens one, and is recorded', async () => {
    const plan = await s.start(A, { batchRows: 2, maxParked: 3 });
    expect(plan).toMatchObject({
      epoch: 1,
      batchRows: 2,
      maxParked: 3,
      estimatedRows: 4,
      resumed: false,
      differing: [],
    });
    expect(await s.runs()).toEqual([{ run: plan.run, state: 'open', epoch: 1, owner: 'a a1' }]);
    expect(await s.outcomes()).toEqual([`a a1 opened ${plan.run}`]);
    expect(s.temporal.asked).toEqual([]);
  });

  it.each(['finished', 'abandoned', 'superseded'])(
    'since the last one is %s, a start opens a new one',
    async (state) => {
      const first = await s.start(A);
      if (state === 'finished') await migrate(s.engine, caseStates).catch(() => undefined);
      else await s.engine.onTarget(`UPDATE carryover.runs SET state = $1, finished_at = now()`, [state]);
      await s.engine.onTarget(`UPDATE carryover.runs SET verdict = 'proven' WHERE state = 'finished'`);
      expect((await s.runs())[0]).toMatchObject({ run: first.run, state });
      s.temporal.running.add('a a1');
      const second = await s.start(B);
      expect(second).toMatchObject({ epoch: 1, resumed: false });
      expect(Number(second.run)).toBeGreaterThan(Number(first.run));
      expect(s.temporal.asked).toEqual(state === 'finished' ? ['a a1'] : []);
    },
  );
});

describe('an attempt at a start that comes after the end of its run', () => {
  it.each([
    ['it', A],
    ['whoever took over from it', B],
  ])('opens no other one, when %s has finished the run', async (_who, last) => {
    const { run } = await s.start(A);
    if (last !== A) await s.start(last);
    await s.engine.onTarget(`UPDATE carryover.runs SET state = 'finished', verdict = 'proven', finished_at = now()`);
    expect(await s.refused(A)).toMatchObject({
      type: 'Superseded',
      message: `this start had run ${run}, which is finished by now: an attempt that comes so late opens no other`,
    });
    expect(await s.runs()).toHaveLength(1);
    expect(await s.start({ ...A, currentRun: 'a2' })).toMatchObject({ epoch: 1, resumed: false });
  });

  it('takes no open run of another over', async () => {
    const { run } = await s.start(A);
    await s.engine.onTarget(`UPDATE carryover.runs SET state = 'abandoned', finished_at = now()`);
    const next = await s.start(B);
    expect((await s.refused(A)).message).toContain(`had run ${run}, which is abandoned by now`);
    expect((await s.runs())[1]).toMatchObject({ run: next.run, state: 'open', epoch: 1, owner: 'b b1' });
  });
});

describe('where a run is open and its owner lives', () => {
  let first: RunPlan;

  beforeEach(async () => {
    first = await s.start(A);
    s.temporal.running.add('a a1');
  });

  it('a start by hand is refused, naming the owner', async () => {
    const error = await s.refused(B);
    expect(error).toMatchObject({
      type: 'AlreadyRunning',
      retryable: false,
      message:
        `run ${first.run} of case-states is open, owned by workflow a, which is running. ` +
        'Wait for it, or send it the update cancel, then start again.',
    });
    expect(s.temporal.asked).toEqual(['a a1']);
    expect(await s.runs()).toEqual([{ run: first.run, state: 'open', epoch: 1, owner: 'a a1' }]);
    expect((await s.outcomes()).slice(1)).toEqual(['b b1 refused']);
  });

  it('a start by a schedule is missed, and does not fail', async () => {
    const planned = await startRun(s.engine, caseStates, {}, { ...B, schedule: 'nightly' });
    expect(planned).toEqual({ missed: expect.stringContaining('owned by workflow a, which is running') as string });
    expect(await s.runs()).toEqual([{ run: first.run, state: 'open', epoch: 1, owner: 'a a1' }]);
    expect((await s.outcomes()).slice(1)).toEqual(['b b1 nightly missed']);
    // Its answer was lost, and the activity ran again.
    await startRun(s.engine, caseStates, {}, { ...B, schedule: 'nightly' });
    expect(await s.outcomes()).toHaveLength(2);
  });

  it('a start that asks for a take-over is refused as well: the owner answers for itself', async () => {
    expect((await s.refused(B, { takeOver: 'I want it' })).type).toBe('AlreadyRunning');
    expect(await s.audit(first.run)).toEqual([]);
  });

  it('it is no matter what else the start would change', async () => {
    const changed = { ...caseStates, domain: 'another' };
    expect((await s.refused(B, { onChange: 'restart' }, changed)).type).toBe('AlreadyRunning');
    expect(await s.runs()).toEqual([{ run: first.run, state: 'open', epoch: 1, owner: 'a a1' }]);
  });
});

describe('where a run is open and its owner is gone', () => {
  it('a start goes on with it: id, input and bounds are kept, and what differs is named', async () => {
    const first = await s.start(A, { batchRows: 2, concurrency: 2, maxParked: 3, maxQuarantine: 0.5 });
    await addStates(s.engine, [{ id: 9 }]);
    const [before] = await s.engine.onTarget('SELECT input, lower_key, upper_key, estimated_rows FROM carryover.runs');
    await s.engine.onTarget(`UPDATE carryover.runs SET paused_at = now(), pause_cause = 'too many'`);
    const plan = await s.start(B, { batchRows: 7, concurrency: 4, maxParked: 9, maxQuarantine: 0.5 });
    expect(plan).toEqual({
      ...first,
      epoch: 2,
      resumed: true,
      differing: [
        'batchRows: 2, as the run has it, and not 7',
        'concurrency: 2, as the run has it, and not 4; setConcurrency changes it',
        'maxParked: 3, as the run has it, and not 9; resume changes it where the run is paused',
      ],
    });
    expect(await s.engine.onTarget('SELECT input, lower_key, upper_key, estimated_rows FROM carryover.runs')).toEqual([
      before,
    ]);
    expect(await s.runs()).toEqual([{ run: first.run, state: 'open', epoch: 2, owner: 'b b1' }]);
    expect(await s.engine.onTarget('SELECT paused_at, pause_cause FROM carryover.runs')).toEqual([
      { paused_at: null, pause_cause: null },
    ]);
    expect(await s.outcomes()).toEqual([`a a1 opened ${first.run}`, `b b1 took_over ${first.run}`]);
    expect(await cutAll(s.engine, caseStates, plan)).toEqual([2, 2]);
  });

  it('names no field that was not given, however the defaults are', async () => {
    await s.start(A, { batchRows: 2 });
    expect((await s.start(B)).differing).toEqual([]);
  });

  it.each([
    ['changed', 'resync'],
    ['replay', 'replay'],
    ['repair', 'repair'],
    ['undo', 'undo'],
  ])('one that was opened as %s is refused, naming the workflow type %s', async (mode, type) => {
    const { run } = await s.start(A);
    await s.engine.onTarget('UPDATE carryover.runs SET mode = $1, base_run = run_id', [mode]);
    const error = await s.refused(B, { onChange: 'restart' });
    expect(error).toMatchObject({
      type: 'MappingChanged',
      message:
        `run ${run} of case-states is open, and a workflow ${type} opened it, not migrate: start ${type} to go on ` +
        'with it, or abandon the run',
    });
    expect((await s.runs())[0]).toMatchObject({ state: 'open', epoch: 1, owner: 'a a1' });
  });
});

describe('a start by the very chain that owns the run', () => {
  it('that plans again, since its answer was lost, changes nothing and is recorded once', async () => {
    const first = await s.start(A);
    const again = await s.start(A);
    expect(again).toEqual({ ...first, resumed: true });
    expect(await s.runs()).toEqual([{ run: first.run, state: 'open', epoch: 1, owner: 'a a1' }]);
    expect(await s.outcomes()).toEqual([`a a1 opened ${first.run}`]);
    expect(s.temporal.asked).toEqual([]);
  });

  it('in a new run after a reset raises the epoch, and does not ask whether it lives itself', async () => {
    s.temporal.running.add('a a1');
    const first = await s.start(A);
    const reset = await s.start({ ...A, currentRun: 'a2' });
    expect(reset).toMatchObject({ run: first.run, epoch: 2, resumed: true });
    expect(await s.runs()).toEqual([{ run: first.run, state: 'open', epoch: 2, owner: 'a a2' }]);
    expect(await s.outcomes()).toEqual([`a a1 opened ${first.run}`, `a a2 resumed ${first.run}`]);
    expect((await refusal(s.engine.ports.runs.remaining(first.run, first.epoch, 10))).type).toBe('Superseded');
  });

  it('is another chain where the workflow id was used again', async () => {
    await s.start(A);
    s.temporal.running.add('a a1');
    expect((await s.refused({ ...A, firstRun: 'a9', currentRun: 'a9' })).type).toBe('AlreadyRunning');
    s.temporal.running.clear();
    expect((await s.start({ ...A, firstRun: 'a9', currentRun: 'a9' })).epoch).toBe(2);
  });
});

describe('a run whose owner is in another cluster or namespace', () => {
  it('of another cluster is refused, naming takeOver; nobody is asked', async () => {
    const { run } = await s.start(A);
    s.temporal.cluster = 'elsewhere';
    const error = await s.refused(B);
    expect(error).toMatchObject({
      type: 'AlreadyRunning',
      message:
        `run ${run} of case-states is open, owned by workflow a in namespace default of another Temporal cluster; from ` +
        'here nobody can ask whether it still runs. Start it there; or, where nothing of it runs any more, start here ' +
        'with "takeOver": "<why>".',
    });
    expect(s.temporal.asked).toEqual([]);
    expect((await s.outcomes()).at(-1)).toBe('b b1 refused');
  });

  it('of another namespace is refused, naming that', async () => {
    await s.start(A);
    const error = await s.refused({ ...B, namespace: 'other' });
    expect(error.message).toContain('workflow a in namespace default of this Temporal cluster; from here nobody');
    expect(error.message).toContain('"takeOver": "<why>"');
  });

  it('is refused to a schedule too, which fails: nobody knows that an owner lives', async () => {
    await s.start(A);
    s.temporal.cluster = 'elsewhere';
    expect((await s.refused({ ...B, schedule: 'nightly' })).type).toBe('AlreadyRunning');
    expect((await s.outcomes()).at(-1)).toBe('b b1 nightly refused');
  });

  it('is taken over with a reason, which is audited with who started it', async () => {
    const { run } = await s.start(A);
    s.temporal.cluster = 'elsewhere';
    const input = { takeOver: 'its disk burnt', by: 'Ada' };
    expect(await s.start(B, input)).toMatchObject({ run, epoch: 2 });
    expect(await s.start(B, input)).toMatchObject({ run, epoch: 2 });
    expect(await s.audit(run)).toEqual([
      { verb: 'takeOver', who: 'starter of b b1', claimed_by: 'Ada', reason: 'its disk burnt', workflow: 'b' },
    ]);
    expect((await s.outcomes()).at(-1)).toBe(`b b1 took_over ${run}`);
  });

  it('a reason that was not needed is nobody’s decision', async () => {
    const { run } = await s.start(A);
    await s.start(B, { takeOver: 'to be sure', acceptServer: 'to be sure' });
    expect(await s.audit(run)).toEqual([]);
  });
});
