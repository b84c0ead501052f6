/** A replay tries rows in quarantine again, from the source as it is now. */
import { caseStates } from '../../mappings/case-states';
import { createEngine, migrate, refusal, replay, startRun } from '../support/engine';
import type { Engine } from '../support/engine';
import { verify } from '../support/verification';
import { balance } from './repair-fixture';

let engine: Engine;
beforeEach(async () => {
  engine = await createEngine({ sample: { rows: 400, dirty: true } });
});
afterEach(() => engine?.drop());

const heldBy = async (reason: string): Promise<number> => {
  const [line] = await engine.onTarget<{ rows: number }>(
    `SELECT count(*)::int AS rows FROM carryover.quarantine WHERE state = 'open' AND reason = $1`,
    [reason],
  );
  return line!.rows;
};

/** Every record that rows in quarantine wait for appears. */
const bringOrders = (): Promise<unknown> =>
  engine.onTarget(
    `INSERT INTO orders (id, instruction_id, case_id, order_number)
     SELECT gen_random_uuid(), instruction, (SELECT id FROM cases LIMIT 1), 'late ' || instruction
     FROM (SELECT DISTINCT (source_row ->> 'instruction_id')::bigint AS instruction FROM carryover.quarantine
           WHERE state = 'open' AND reasons = '{case_unmapped}') q`,
  );

it('brings over what is fit by now; their history stays, and the balance closes', async () => {
  await migrate(engine, caseStates, 90);
  const before = await balance(engine);
  const all = Number(before.quarantined);
  const [fit] = await engine.onTarget<{ rows: number }>(
    `SELECT count(*)::int AS rows FROM carryover.quarantine WHERE state = 'open' AND reasons = '{case_unmapped}'`,
  );
  expect(fit!.rows).toBeGreaterThan(5);
  await bringOrders();
  const { headline, plan, batches } = await replay(engine, caseStates, { batchRows: 10 });
  expect(plan.estimatedRows).toBe(all);
  expect(batches.length).toBe(Math.ceil(all / 10));
  expect(headline).toMatchObject({ inserted: fit!.rows, findings: 0, pending: 0, verdict: 'proven_with_exceptions' });
  expect(await balance(engine)).toEqual({
    ...before,
    loaded: Number(before.loaded) + fit!.rows,
    quarantined: all - fit!.rows,
  });
  const [history] = await engine.onTarget<{ replayed: number; twice: number }>(
    `SELECT count(*) FILTER (WHERE state = 'replayed')::int AS replayed,
            (SELECT count(*)::int FROM carryover.quarantine_occurrences WHERE run_id = $1) AS twice FROM carryover.quarantine`,
    [plan.run],
  );
  expect(history).toEqual({ replayed: fit!.rows, twice: all - fit!.rows });
  expect((await verify(engine, caseStates, true)).findings).toEqual([]);
});

it('takes the source as it is now, and but the rows of a reason where one is named', async () => {
  await migrate(engine, caseStates, 90);
  const [unknown, unmapped] = [await heldBy('code_unknown'), await heldBy('case_unmapped')];
  expect(unknown).toBeGreaterThan(0);
  await bringOrders();
  await engine.onSource('UPDATE dispatch_state SET status = 11 WHERE status NOT IN (11, 12)');
  const { headline, plan } = await replay(engine, caseStates, { reasons: ['code_unknown'] });
  expect(plan.estimatedRows).toBe(unknown);
  expect(headline.inserted).toBeGreaterThan(0);
  expect(await heldBy('code_unknown')).toBe(0);
  // What was not asked for waits, and the verification says that its reason is gone.
  expect(await heldBy('case_unmapped')).toBeGreaterThanOrEqual(unmapped);
  expect(headline.verdict).toBe('not_proven');
  expect((await replay(engine, caseStates)).headline).toMatchObject({ findings: 0 });
});

it('is refused where nothing was migrated, or a reason is none', async () => {
  const early = await refusal(startRun(engine, caseStates, {}, {}, 'replay'));
  expect(early).toMatchObject({
    type: 'InputRefused',
    message: 'Nothing was replayed: case-states has not been migrated. Start migrate first.',
  });
  await migrate(engine, caseStates);
  await expect(startRun(engine, caseStates, { reasons: ['bad luck'] }, {}, 'replay')).rejects.toThrow(
    '"reasons" must be a list of case_unmapped, case_ambiguous',
  );
});

describe('where nothing is in open quarantine', () => {
  const runs = () => engine.onTarget('SELECT run_id FROM carryover.runs');
  const starts = (workflowRun: string) =>
    engine.onTarget('SELECT outcome, run_id, schedule, cause FROM carryover.starts WHERE workflow_run = $1', [
      workflowRun,
    ]);
  const start = (currentRun: string, reasons?: readonly string[]) => {
    const starter = { firstRun: currentRun, currentRun, schedule: 'nightly' };
    return startRun(engine, caseStates, reasons === undefined ? {} : { reasons }, starter, 'replay');
  };

  it('has nothing to do, for the reason or at all: it opens no run, and is on record', async () => {
    await migrate(engine, caseStates);
    const before = await runs();
    const cause = 'no row of case-states is in open quarantine for constraint_rejected';
    expect(await start('one', ['constraint_rejected'])).toEqual({
      nothingToDo: cause,
      verdict: 'proven_with_exceptions',
    });
    await engine.onTarget(`UPDATE carryover.quarantine SET state = 'replayed'`);
    expect(await start('two')).toMatchObject({ nothingToDo: 'no row of case-states is in open quarantine' });
    expect(await runs()).toEqual(before);
    expect(await starts('one')).toEqual([{ outcome: 'nothing_to_do', run_id: null, schedule: 'nightly', cause }]);
  });

  it('says so again to an attempt that comes late, whatever is there by then, and opens no run for it', async () => {
    await migrate(engine, caseStates);
    await engine.onTarget(`UPDATE carryover.quarantine SET state = 'replayed'`);
    const said = await start('one');
    expect(said).toHaveProperty('nothingToDo');
    await engine.onTarget(`UPDATE carryover.quarantine SET state = 'open'`);
    expect(await start('one')).toEqual(said);
    expect(await starts('one')).toHaveLength(1);
    expect(await start('two')).toMatchObject({ resumed: false });
  });

  it('tells the latest word on the migration, and proves nothing itself', async () => {
    const { plan } = await migrate(engine, caseStates);
    const none = async (workflowRun: string): Promise<unknown> => {
      const planned = await start(workflowRun, ['constraint_rejected']);
      return (planned as { verdict?: unknown }).verdict;
    };
    await engine.onTarget(
      `UPDATE case_states SET notes = 'by another' WHERE ctid = (SELECT min(ctid) FROM case_states)`,
    );
    expect(await none('one')).toBe('proven_with_exceptions');
    expect((await verify(engine, caseStates)).verdict).toBe('not_proven');
    expect(await none('two')).toBe('not_proven');
    await engine.onTarget(
      `INSERT INTO carryover.runs OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(r, jsonb_build_object(
         'run_id', r.run_id + 100, 'state', 'abandoned', 'mode', 'replay', 'base_run', r.run_id, 'verdict', NULL, 'verification_id', NULL,
         'finished_at', now()))).* FROM carryover.runs r WHERE run_id = $1`,
      [plan.run],
    );
    expect(await none('three')).toBe('not_proven');
  });
});
