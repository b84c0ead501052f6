/** Runs that nobody goes on with: abandoned with a reason, swept, released. */
import { caseStates } from '../../mappings/case-states';
import type { AbandonInput, RunPlan } from '../../shared/messages';
import { carryBatch, cutAll, never, refOf, refusal, stageBatch } from '../support/engine';
import { A, B, createStarts } from './starts-fixture';
import type { Starts } from './starts-fixture';

let s: Starts;
let plan: RunPlan;

beforeAll(async () => {
  s = await createStarts();
});

beforeEach(async () => {
  await s.begin();
  plan = await s.start(A, { batchRows: 2 });
  await cutAll(s.engine, caseStates, plan);
});
afterEach(() => s.forget());
afterAll(() => s?.engine.drop());

const X = { ...A, workflow: 'x', firstRun: 'x1', currentRun: 'x1' };
const abandon = (input: Partial<AbandonInput> = {}, starter = X): Promise<string> =>
  s.engine.ports.runs.abandon({ run: plan.run, reason: 'its table is gone', ...input }, starter);
const refusedToAbandon = (input: Partial<AbandonInput> = {}, starter = X) => refusal(abandon(input, starter));

const stageTables = async (): Promise<string[]> =>
  (
    await s.engine.onTarget<{ run: string }>(
      `SELECT DISTINCT split_part(relname, '_', 2) AS run FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
       WHERE nspname = 'carryover_stage' AND relkind = 'r' ORDER BY 1`,
    )
  ).map(({ run }) => run);

describe('abandon', () => {
  it('closes the run; what it had not done stays pending, and the next start begins a new one', async () => {
    await carryBatch(s.engine, caseStates, refOf(plan, 1));
    await stageBatch(s.engine, caseStates, refOf(plan, 2));
    await s.engine.onTarget(`UPDATE carryover.runs SET paused_at = now(), pause_cause = 'a brake'`);
    const said =
      `run ${plan.run} of case-states is abandoned: one batch was not finished, 2 rows counted so far stay pending; ` +
      'a new start begins a new run';
    expect(await abandon({ by: 'Ada' })).toBe(said);
    expect(await s.runs()).toEqual([{ run: plan.run, state: 'abandoned', epoch: 2, owner: 'a a1' }]);
    expect(await s.audit(plan.run)).toEqual([
      { verb: 'abandon', who: 'starter of x x1', claimed_by: 'Ada', reason: 'its table is gone', workflow: 'x' },
    ]);
    expect(
      await s.engine.onTarget('SELECT loaded::int, pending::int, complete FROM carryover.migration_balance'),
    ).toEqual([{ loaded: 2, pending: 2, complete: false }]);
    expect(await stageTables()).toEqual([]);
    for (const late of [
      s.engine.ports.steps.extract(caseStates, refOf(plan, 2), never()),
      s.engine.ports.runs.finish(plan.run, plan.epoch),
    ]) {
      expect((await refusal(late)).type).toBe('Superseded');
    }
    // Its answer was lost: told again, and decided once.
    expect(await abandon({ by: 'Ada' })).toBe(said);
    expect(await s.audit(plan.run)).toHaveLength(1);
    expect(await s.start(B)).toMatchObject({ epoch: 1, resumed: false });
  });

  it('is refused for a run that the ledger does not know', async () => {
    expect(await refusedToAbandon({ run: '999' })).toMatchObject({
      type: 'InputRefused',
      message: 'the ledger knows no run 999; `carryover status` lists the latest',
    });
  });

  it('is refused for a run that is closed, and leaves nothing', async () => {
    await abandon();
    expect(await refusedToAbandon({}, B)).toMatchObject({
      type: 'InputRefused',
      message: `run ${plan.run} is abandoned already; only an open run can be abandoned`,
    });
    expect(await s.audit(plan.run)).toHaveLength(1);
  });

  it('is refused while the owner lives, saying what to do', async () => {
    s.temporal.running.add('a a1');
    expect(await refusedToAbandon()).toMatchObject({
      type: 'AlreadyRunning',
      message:
        `run ${plan.run} of case-states is open, owned by workflow a, which is running. Wait for it, or send it the ` +
        'update cancel; a run can be abandoned once nobody works on it.',
    });
    expect(await s.runs()).toMatchObject([{ state: 'open', epoch: 1 }]);
    expect(await s.audit(plan.run)).toEqual([]);
  });

  it('is refused from another cluster, saying what to do', async () => {
    s.temporal.cluster = 'elsewhere';
    const error = await refusedToAbandon();
    expect(error.type).toBe('AlreadyRunning');
    expect(error.message).toContain(
      'of another Temporal cluster; from here nobody can ask whether it still runs. Abandon it there; or, where ' +
        'nothing of it runs any more, start it here with "takeOver": "<why>", cancel that and abandon the ' +
        'run then.',
    );
  });

  it('and a start at the same moment: the start goes on with the run, or begins a new one; never with a closed one', async () => {
    s.temporal.running.add('b b1');
    const [said, started] = await Promise.allSettled([abandon(), s.start(B)]);
    const open = (await s.runs()).filter(({ state }) => state === 'open');
    expect(started.status).toBe('fulfilled');
    const next = (started as PromiseFulfilledResult<RunPlan>).value;
    expect(open).toEqual([expect.objectContaining({ run: next.run, epoch: next.epoch })]);
    expect((await s.runs())[0]!.state).toBe(said.status === 'fulfilled' ? 'abandoned' : 'open');
  });
});

describe('stage tables', () => {
  it('of closed and unknown runs are swept by a start, those of the open run are kept', async () => {
    await stageBatch(s.engine, caseStates, refOf(plan, 1));
    await s.engine.onTarget(`CREATE UNLOGGED TABLE carryover_stage.b_999999_1_7_rows (n int)`);
    await s.engine.onTarget(`CREATE TABLE carryover_stage.mine (n int)`);
    expect(await stageTables()).toEqual(['', '999999', plan.run].sort());
    await s.start(B);
    expect(await stageTables()).toEqual(['', plan.run]);
    await s.engine.onTarget(`DROP TABLE carryover_stage.mine`);
    await s.engine.onTarget(`UPDATE carryover.runs SET state = 'finished', verdict = 'proven', finished_at = now()`);
    await s.start({ ...B, currentRun: 'b2' });
    expect(await stageTables()).toEqual([]);
  });

  it('that somebody holds do not hold up a start; a later one sweeps them', async () => {
    for (const n of [1, 2]) {
      await s.engine.onTarget(`CREATE UNLOGGED TABLE carryover_stage.b_99999${n}_1_7_rows (n int)`);
    }
    const holder = await s.engine.pool.connect();
    try {
      await holder.query('BEGIN; LOCK TABLE carryover_stage.b_999991_1_7_rows IN ACCESS SHARE MODE');
      expect(await s.start(B)).toMatchObject({ run: plan.run, epoch: 2 });
      expect(await stageTables()).toEqual(['999991']);
    } finally {
      await holder.query('ROLLBACK');
      holder.release();
    }
    await s.start(B);
    expect(await stageTables()).toEqual([]);
  });

  it('of a run that is cancelled are swept by its release, which leaves it open', async () => {
    await stageBatch(s.engine, caseStates, refOf(plan, 1));
    await s.engine.onTarget(`CREATE UNLOGGED TABLE carryover_stage.b_999999_1_7_rows (n int)`);
    await s.engine.ports.runs.release(plan.run, plan.epoch);
    expect(await stageTables()).toEqual(['999999']);
    expect(await s.runs()).toMatchObject([{ run: plan.run, state: 'open', epoch: 1 }]);
    await s.start(B);
    expect((await refusal(s.engine.ports.runs.release(plan.run, plan.epoch))).type).toBe('Superseded');
  });
});
