/** What happens between the steps of a run, or between a comparison and its batches, and what people have said before. */
import { caseStates } from '../../mappings/case-states';
import { createCatalog } from '../../mappings/catalog';
import type { Mapping } from '../../mappings/mapping';
import { checkRun } from '../support/closing';
import {
  carryBatch,
  carryRun,
  createEngine,
  cutAll,
  loadBatch,
  migrate,
  never,
  openRun,
  refOf,
  refusal,
} from '../support/engine';
import type { Engine } from '../support/engine';
import { compareRun, resync } from '../support/resync';
import { createDepartmentTables, departments } from '../support/third-mapping';
import { verify } from '../support/verification';
import { balance, contents, keysOf, lose } from './repair-fixture';

let engine: Engine;
beforeEach(async () => {
  engine = await createEngine({ sample: { rows: 300 } });
});
afterEach(() => engine?.drop());

const deleting: Mapping = { ...caseStates, gone: { policy: 'delete' } };
const COLUMNS = 'id, status, reason, notes, created_at, instruction_id, actor_id, `on`';
const remove = (keys: readonly string[]): Promise<unknown> =>
  engine.onSource('DELETE FROM dispatch_state WHERE id IN (?)', [keys]);

it('takes off the balance what a batch had read and did not find again, beside what it had not met', async () => {
  await migrate(engine, deleting, 90);
  const keys = await keysOf(engine, 'case_states', 'true', 70);
  await remove(keys.slice(10, 12));
  const plan = await openRun(engine, deleting, { batchRows: 90 });
  const batches = (await cutAll(engine, deleting, plan)).length;
  await loadBatch(engine, deleting, refOf(plan, 1));
  await remove(keys.slice(14, 17));
  // Another that came meanwhile, into a gap of the batch.
  await engine.onSource(
    `INSERT INTO dispatch_state (${COLUMNS}) SELECT id + 1, ${COLUMNS.slice(4)} FROM dispatch_state a
     WHERE id BETWEEN ? AND ? AND NOT EXISTS (SELECT * FROM dispatch_state b WHERE b.id = a.id + 1) LIMIT 1`,
    [keys[2], keys[60]],
  );
  await engine.ports.steps.validate(deleting, refOf(plan, 1), never());
  for (let batch = 2; batch <= batches; batch += 1) await carryBatch(engine, deleting, refOf(plan, batch));
  await checkRun(engine, deleting, plan);
  await engine.ports.runs.draft(deleting, plan.run, plan.epoch);
  await engine.ports.runs.finish(plan.run, plan.epoch);
  const { taken, headline } = await resync(engine, deleting, { maxDeletes: 0.05 });
  expect([taken.gone, headline.inserted]).toEqual([5, 1]);
  const [line] = await engine.onTarget('SELECT count(*)::int AS loaded FROM case_states');
  const [count] = await engine.onSource('SELECT count(*) AS source FROM dispatch_state');
  expect(await balance(engine)).toMatchObject({ ...line, source: Number(count!.source), pending: 0 });
  expect(await verify(engine, deleting, true)).toMatchObject({ findings: [], faults: {} });
});

it.each([
  ['report', caseStates],
  ['delete', deleting],
])(
  'counts rows again that were gone before a full run, and came back as the target has them or otherwise (%s)',
  async (_policy, mapping) => {
    await migrate(engine, mapping, 90);
    const balanced = await balance(engine);
    const keys = (await keysOf(engine, 'case_states', 'true', 103)).slice(100);
    await engine.onSource('CREATE TABLE hidden AS SELECT * FROM dispatch_state WHERE id IN (?)', [keys]);
    await remove(keys);
    await migrate(engine, mapping, 90);
    await engine.onSource(`INSERT INTO dispatch_state (${COLUMNS}) SELECT ${COLUMNS} FROM hidden`);
    const back = await resync(engine, mapping);
    expect(back.headline).toMatchObject({ inserted: 0, updated: 0, findings: 0, verdict: 'proven_with_exceptions' });
    expect(await balance(engine)).toEqual(balanced);
    // Once is enough.
    expect((await resync(engine, mapping)).taken.keys).toBe(0);
    expect(await verify(engine, mapping, true)).toMatchObject({ findings: [], faults: {} });
  },
);

it('takes nothing away that came back, or that somebody changed, since it was compared', async () => {
  await migrate(engine, deleting, 90);
  const keys = await keysOf(engine, 'case_states', 'true', 3);
  const balanced = await balance(engine);
  await engine.onSource('CREATE TABLE hidden AS SELECT * FROM dispatch_state WHERE id IN (?)', [keys]);
  await remove(keys);
  const plan = await openRun(engine, deleting, { maxDeletes: 0.05 }, {}, 'changed');
  expect((await compareRun(engine, deleting, plan)).taken).toMatchObject({ gone: 3, brake: null });
  await engine.onSource(`INSERT INTO dispatch_state (${COLUMNS}) SELECT ${COLUMNS} FROM hidden WHERE id = ?`, [
    keys[0],
  ]);
  await engine.onTarget(`UPDATE case_states SET notes = 'by hand' WHERE legacy_id = $1`, [keys[1]]);
  await carryRun(engine, deleting, plan);
  expect(await keysOf(engine, 'case_states', `legacy_id IN (${keys.join(', ')})`, 9)).toEqual(keys.slice(0, 2));
  expect(
    await engine.onTarget('SELECT kind, legacy_key AS key FROM carryover.findings WHERE run_id = $1', [plan.run]),
  ).toEqual([{ kind: 'changed_in_target', key: keys[1] }]);
  const [source, loaded] = [Number(balanced.source) - 1, Number(balanced.loaded) - 1];
  expect(await balance(engine)).toEqual({ ...balanced, source, loaded });
});

it('cuts nothing before every range was looked at', async () => {
  await migrate(engine, deleting, 90);
  const plan = await openRun(engine, deleting, {}, {}, 'changed');
  const ref = { run: plan.run, migration: plan.migration, epoch: plan.epoch };
  const { verifications } = engine.ports;
  const { verification } = await verifications.planComparison(deleting, { ...ref, concurrency: 1 }, 'test');
  const { ranges } = await verifications.unverified(verification);
  for (const range of ranges.slice(1)) {
    await verifications.range(deleting, { verification, migration: plan.migration, range }, never());
  }
  const refused = await refusal(verifications.take(deleting, { ...ref, verification }));
  expect([refused.type, refused.message]).toEqual([
    'LedgerBehind',
    expect.stringContaining(`comparison ${verification} has not looked at every key`),
  ]);
  expect(await engine.onTarget('SELECT FROM carryover.batches WHERE run_id = $1', [plan.run])).toEqual([]);
});

it('closes a comparison that left something to do without a verdict, and proves the whole anew', async () => {
  await migrate(engine, caseStates, 90);
  await engine.onSource(`UPDATE dispatch_state SET notes = 'said otherwise' ORDER BY id LIMIT 2`);
  const { plan } = await resync(engine, caseStates);
  expect(
    await engine.onTarget(
      `SELECT v.state, v.verdict, v.verification_id <> r.verification_id AS another
       FROM carryover.runs r JOIN carryover.verifications v ON v.verification_id = r.compared_by WHERE r.run_id = $1`,
      [plan.run],
    ),
  ).toEqual([{ state: 'compared', verdict: null, another: true }]);
});

it('leaves alone what a person has accepted as it is', async () => {
  await migrate(engine, caseStates, 90);
  await lose(engine, 'case_states', 'legacy_id', await keysOf(engine, 'case_states', 'true', 2));
  const { verification, findings } = await verify(engine, caseStates, true);
  expect(findings.map(({ kind }) => kind)).toEqual(['missing', 'missing']);
  await engine.ports.verifications.accept(
    { migration: 'case-states', verification, reason: 'they may', kinds: ['missing'] },
    { workflow: 'accepts', workflowRun: 'once' },
  );
  const before = await contents(engine, 'case_states');
  const { headline, taken } = await resync(engine, caseStates);
  expect([taken.keys, headline.inserted]).toEqual([0, 0]);
  expect(await contents(engine, 'case_states')).toEqual(before);
});

it('tells by numbers which text keys a run had met that are gone at its end', async () => {
  const third = await createEngine({ catalog: createCatalog([departments]) });
  const all: Mapping = { ...departments, gone: { policy: 'delete' } };
  try {
    await createDepartmentTables(third);
    await migrate(third, all, 100);
    await third.onSource(`DELETE FROM department WHERE code = 'child of long'`);
    await migrate(third, all, 100);
    // One that the next run does not meet, and two that it meets, unchanged.
    await third.onSource(`DELETE FROM department WHERE code = 't\tab'`);
    const plan = await openRun(third, all, {});
    await cutAll(third, all, plan);
    await carryBatch(third, all, refOf(plan, 1));
    await third.onSource(`DELETE FROM department WHERE code IN ('self', '0')`);
    await checkRun(third, all, plan);
    await third.ports.runs.draft(all, plan.run, plan.epoch);
    await third.ports.runs.finish(plan.run, plan.epoch);
    expect((await resync(third, all, { maxDeletes: 0.9 })).headline).toMatchObject({ findings: 0, pending: 0 });
    const [counted] = await third.onTarget<Record<string, number>>(
      `SELECT source::int, loaded::int FROM carryover.migration_balance WHERE migration = 'departments'`,
    );
    const [there] = await third.onTarget<{ rows: number }>('SELECT count(*)::int AS rows FROM departments');
    const [source] = await third.onSource('SELECT count(*) AS count FROM department');
    expect(counted).toEqual({ source: Number(source!.count), loaded: there!.rows });
    expect(await verify(third, all, true)).toMatchObject({ findings: [], faults: {} });
  } finally {
    await third.drop();
  }
});
