/** What a load writes, and what it leaves alone: second runs, changes on either side, rows that become fit. */
import { caseStates } from '../../mappings/case-states';
import { checkRun } from '../support/closing';
import { createEngine, migrate, openRun, refOf, refusal, retryBatches, carryBatch, cutAll } from '../support/engine';
import type { Engine } from '../support/engine';
import { CASE, INSTRUCTION, addStates, createClinic, forgetStates } from './clinic';
import { pastTransitions } from '../support/ledger';

/** Where and by which transaction each row was written: any write changes it. */
const versions = (engine: Engine): Promise<object[]> =>
  engine.onTarget('SELECT legacy_id, ctid::text AS ctid, xmin::text AS xmin FROM case_states ORDER BY legacy_id');

const findings = (engine: Engine, run: string): Promise<object[]> =>
  engine.onTarget('SELECT kind, legacy_key FROM carryover.findings WHERE run_id = $1 ORDER BY legacy_key, kind', [run]);

describe('a second run over an unchanged source', () => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await createEngine({ sample: { rows: 1500, dirty: true } });
  });
  afterAll(() => engine?.drop());

  it('writes no target row, counts all as unchanged, and is proven again', async () => {
    const first = await migrate(engine, caseStates, 400);
    const before = await versions(engine);
    const second = await migrate(engine, caseStates, 333);
    expect(before).toHaveLength(first.headline.inserted);
    expect(await versions(engine)).toEqual(before);
    expect(second.headline).toEqual({ ...first.headline, inserted: 0, unchanged: first.headline.loaded });
    expect(await engine.onTarget('SELECT 1 FROM carryover.before_images')).toEqual([]);
    expect(await engine.onTarget('SELECT 1 FROM carryover.inserted_keys WHERE run_id = $1', [second.plan.run])).toEqual(
      [],
    );
  });

  it('keeps the keys of what each batch of the first run inserted', async () => {
    const [row] = await engine.onTarget<{ same: boolean }>(
      `SELECT (SELECT array_agg(key ORDER BY key::bigint) FROM (SELECT unnest(legacy_keys) AS key FROM carryover.inserted_keys) k)
              = (SELECT array_agg(legacy_id::text ORDER BY legacy_id) FROM case_states) AS same`,
    );
    expect(row).toEqual({ same: true });
  });
});

describe('a load over rows that are there', () => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await createClinic();
  });
  afterEach(() => forgetStates(engine));
  afterAll(() => engine?.drop());

  const states = [1, 2, 3, 4].map((id) => ({ id, notes: `note ${id}` }));

  it('updates what changed in the source, and keeps an image of the row before', async () => {
    await addStates(engine, states);
    await migrate(engine, caseStates);
    const [old] = await engine.onTarget<{ row: object }>(
      'SELECT to_jsonb(t) AS row FROM case_states t WHERE legacy_id = 2',
    );
    const before = await versions(engine);
    await engine.onSource(`UPDATE dispatch_state SET notes = 'changed', status = 12 WHERE id = 2`);
    await addStates(engine, [{ id: 5 }]);
    const { headline, plan } = await migrate(engine, caseStates);
    expect(headline).toMatchObject({ inserted: 1, updated: 1, unchanged: 3, findings: 0, verdict: 'proven' });
    expect(await engine.onTarget('SELECT notes, state FROM case_states WHERE legacy_id = 2')).toEqual([
      { notes: 'changed', state: 'case_closed' },
    ]);
    expect(
      await engine.onTarget('SELECT run_id::text AS run, legacy_key, target_row FROM carryover.before_images'),
    ).toEqual([{ run: plan.run, legacy_key: '2', target_row: old!.row }]);
    expect(
      await engine.onTarget('SELECT legacy_keys FROM carryover.inserted_keys WHERE run_id = $1', [plan.run]),
    ).toEqual([{ legacy_keys: ['5'] }]);
    const after = await versions(engine);
    expect(after.filter((row) => before.some((same) => JSON.stringify(same) === JSON.stringify(row)))).toHaveLength(3);
  });

  it('keeps a row that somebody changed in the target, and tells of it', async () => {
    await addStates(engine, states);
    await migrate(engine, caseStates);
    await engine.onTarget(`UPDATE case_states SET notes = 'by hand' WHERE legacy_id = 2`);
    await engine.onTarget(
      `UPDATE case_states SET metadata = metadata - 'target_row_sha256', notes = 'x' WHERE legacy_id = 3`,
    );
    await engine.onSource(`UPDATE dispatch_state SET notes = 'by the source' WHERE id IN (2, 3, 4)`);
    const { headline, plan, batches } = await migrate(engine, caseStates);
    expect(headline).toMatchObject({ inserted: 0, updated: 1, unchanged: 3, verdict: 'not_proven' });
    expect(await engine.onTarget('SELECT notes FROM case_states ORDER BY legacy_id')).toEqual(
      ['note 1', 'by hand', 'x', 'by the source'].map((notes) => ({ notes })),
    );
    expect(await findings(engine, plan.run)).toEqual([
      { kind: 'changed_in_target', legacy_key: '2' },
      { kind: 'changed_in_target', legacy_key: '3' },
    ]);
    expect(batches[0]!.validate).toEqual({ compared: 4, differences: 2 });
  });

  it('does not insert again what somebody deleted from the target, and tells of it', async () => {
    await addStates(engine, states);
    await migrate(engine, caseStates, 2);
    await engine.onTarget('DELETE FROM case_states WHERE legacy_id IN (1, 2, 4)');
    await addStates(engine, [{ id: 5 }]);
    const { headline, plan, batches } = await migrate(engine, caseStates, 2);
    // Of the first batch nothing is there any more; the last one has a row that is new.
    expect(batches.map(({ load }) => [load.inserted, load.unchanged])).toEqual([[0, 2], [0, 2], [1, 0]]); // prettier-ignore
    expect(headline).toMatchObject({ inserted: 1, loaded: 5, verdict: 'not_proven' });
    expect(await findings(engine, plan.run)).toEqual(
      ['1', '2', '4'].map((legacy_key) => ({ kind: 'deleted_in_target', legacy_key })),
    );
    expect(await engine.onTarget('SELECT legacy_id::int AS id FROM case_states ORDER BY 1')).toEqual([
      { id: 3 },
      { id: 5 },
    ]);
  });

  it('writes anew what somebody changed or deleted where the run was told why, which is audited', async () => {
    await addStates(engine, states);
    await migrate(engine, caseStates);
    const before = await engine.onTarget('SELECT * FROM case_states ORDER BY legacy_id');
    await engine.onTarget(`UPDATE case_states SET notes = 'by hand' WHERE legacy_id = 2`);
    await engine.onTarget('DELETE FROM case_states WHERE legacy_id = 4');
    await engine.onTarget(
      `INSERT INTO case_states (id, case_id, state, changed_at, metadata, legacy_id)
       VALUES (gen_random_uuid(), $1, 'intake', '2020-01-01', '{}', 5)`,
      [CASE.two],
    );
    await addStates(engine, [{ id: 5 }]);
    const plan = await openRun(engine, caseStates, { overwrite: 'a tool went wrong', by: 'Ada' });
    await cutAll(engine, caseStates, plan);
    const { load } = await carryBatch(engine, caseStates, refOf(plan, 1));
    expect(load).toMatchObject({ inserted: 1, updated: 1, unchanged: 3 });
    expect(await engine.onTarget('SELECT * FROM case_states WHERE legacy_id < 5 ORDER BY legacy_id')).toEqual(before);
    // What nobody of us wrote is never touched.
    expect(await findings(engine, plan.run)).toContainEqual({ kind: 'changed_in_target', legacy_key: '5' });
    expect(
      await engine.onTarget('SELECT verb, who, claimed_by, reason, run_id::text AS run FROM carryover.audit'),
    ).toEqual([
      { verb: 'overwrite', who: 'tester@starts', claimed_by: 'Ada', reason: 'a tool went wrong', run: plan.run },
    ]);
    expect(await engine.onTarget('SELECT legacy_key FROM carryover.before_images')).toEqual([{ legacy_key: '2' }]);
  });

  it('keeps a row of the same key that nobody of us wrote, and tells of it', async () => {
    await addStates(engine, states);
    await engine.onTarget(
      `INSERT INTO case_states (id, case_id, state, changed_at, metadata, legacy_id)
       VALUES (gen_random_uuid(), $1, 'intake', '2020-01-01', '{}', 2)`,
      [CASE.two],
    );
    const { headline, plan } = await migrate(engine, caseStates);
    expect(headline).toMatchObject({ inserted: 3, updated: 0, unchanged: 1, verdict: 'not_proven' });
    expect(await engine.onTarget('SELECT state FROM case_states WHERE legacy_id = 2')).toEqual([{ state: 'intake' }]);
    expect(await findings(engine, plan.run)).toContainEqual({ kind: 'changed_in_target', legacy_key: '2' });
    expect(await engine.onTarget('SELECT 1 FROM carryover.before_images')).toEqual([]);
  });

  it('brings a quarantined row over once it is fit, and settles it', async () => {
    await addStates(engine, [{ id: 1 }, { id: 2, instruction_id: INSTRUCTION.none }, { id: 3, status: 13 }]);
    const first = await migrate(engine, caseStates);
    expect(first.headline).toMatchObject({ inserted: 1, quarantined: 2 });
    await engine.onTarget(`INSERT INTO orders VALUES (gen_random_uuid(), $1, $2, 'LATE-1')`, [
      INSTRUCTION.none,
      CASE.two,
    ]);
    const { headline, plan } = await migrate(engine, caseStates);
    await engine.onTarget(`DELETE FROM orders WHERE order_number = 'LATE-1'`);
    expect(headline).toMatchObject({ inserted: 1, unchanged: 1, quarantined: 1, verdict: 'proven_with_exceptions' });
    expect(await engine.onTarget('SELECT case_id FROM case_states WHERE legacy_id = 2')).toEqual([
      { case_id: CASE.two },
    ]);
    expect(
      await engine.onTarget(
        'SELECT legacy_key, state, last_run::text AS run, attempts FROM carryover.quarantine ORDER BY legacy_key',
      ),
    ).toEqual([
      { legacy_key: '2', state: 'replayed', run: plan.run, attempts: 1 },
      { legacy_key: '3', state: 'open', run: plan.run, attempts: 2 },
    ]);
  });

  it('loads a parked batch anew after its difference was mended', async () => {
    await addStates(engine, [...states, { id: 9, status: 13 }]);
    const plan = await openRun(engine, caseStates);
    await cutAll(engine, caseStates, plan);
    const ref = refOf(plan, 1);
    const { ref: staged } = await carryBatch(engine, caseStates, ref).then(async (done) => {
      await engine.onTarget(pastTransitions(`UPDATE carryover.batches SET state = 'loaded', validated_at = NULL`));
      return done;
    });
    expect(staged.batch).toBe(1);
    await engine.onTarget('DELETE FROM case_states WHERE legacy_id = 3');
    expect(await engine.ports.steps.validate(caseStates, ref, new AbortController().signal)).toEqual({
      compared: 5,
      differences: 1,
    });
    // Nobody begins it again before somebody says so.
    expect((await refusal(carryBatch(engine, caseStates, ref))).type).toBe('BatchSetAside');
    await retryBatches(engine, plan, [1]);
    const again = await carryBatch(engine, caseStates, ref);
    expect(again.load).toMatchObject({ inserted: 1, updated: 0, unchanged: 3, quarantined: 1 });
    expect(again.validate).toEqual({ compared: 5, differences: 0 });
    expect(await findings(engine, plan.run)).toEqual([]);
    const [keys] = await engine.onTarget<{ keys: string[] }>('SELECT legacy_keys AS keys FROM carryover.inserted_keys');
    expect(keys!.keys).toEqual(['1', '2', '3', '4', '3']);
    await checkRun(engine, caseStates, plan);
    expect((await engine.ports.runs.finish(plan.run, plan.epoch)).verdict).toBe('proven_with_exceptions');
  });
});
