/** Where a re-sync brakes, what it refuses, and what it must not count twice. */
import { caseStates } from '../../mappings/case-states';
import { createCatalog } from '../../mappings/catalog';
import type { Mapping } from '../../mappings/mapping';
import { checkRun } from '../support/closing';
import { carryBatch, createEngine, cutAll, migrate, openRun, refOf, refusal } from '../support/engine';
import type { Engine } from '../support/engine';
import { compareRun, resync, undo } from '../support/resync';
import { createDepartmentTables, departments } from '../support/third-mapping';
import { verify } from '../support/verification';
import { lines, present } from './quarantine-fixture';
import { balance, contents, keysOf } from './repair-fixture';

let engine: Engine;
beforeEach(async () => {
  engine = await createEngine({
    sample: { rows: 400, dirty: true },
    catalog: createCatalog([caseStates, departments]),
  });
});
afterEach(() => engine?.drop());

const deleting: Mapping = { ...caseStates, gone: { policy: 'delete' } };
const marking: Mapping = { ...caseStates, gone: { policy: 'mark', column: 'gone_since' } };
const COLUMNS = 'status, reason, notes, created_at, instruction_id, actor_id, `on`';
const lose = (keys: readonly string[]): Promise<unknown> =>
  engine.onSource('DELETE FROM dispatch_state WHERE id IN (?)', [keys]);
const held = async (): Promise<string[]> => (await lines(engine, 'open')).map(({ key }) => key);
/** Rows from the midst of the table, so that batches lie around them. */
const some = async (rows: number): Promise<string[]> =>
  (await keysOf(engine, 'case_states', 'true', 100 + rows)).slice(100);
const abandon = (run: string): Promise<string> =>
  engine.ports.runs.abandon(
    { run, reason: 'it is not wanted' },
    { namespace: 'default', workflow: 'abandons', firstRun: run, currentRun: run, schedule: null },
  );
const rowsOf = async (table: string): Promise<number> =>
  (await engine.onTarget<{ rows: number }>(`SELECT count(*)::int AS rows FROM ${table}`))[0]!.rows;

it('brakes at one row above the share, where rows of quarantine that are gone are none of it', async () => {
  await migrate(engine, deleting, 90);
  const [open, loaded] = [await held(), await rowsOf('case_states')];
  const keys = await some(4);
  // Many more than may go, and none of them a row of the target.
  await lose([...open.slice(0, 12), ...keys.slice(0, 3)]);
  const plan = await openRun(engine, deleting, { maxDeletes: 3 / loaded }, {}, 'changed');
  await lose([keys[3]!]);
  const { taken } = await compareRun(engine, deleting, plan);
  expect(taken).toMatchObject({ keys: 0, gone: 4, loaded });
  expect(taken.brake).toMatch(new RegExp(`^4 of ${loaded} loaded rows `));
  await engine.onSource(
    `INSERT INTO dispatch_state (id, ${COLUMNS}) SELECT ${keys[3]!}, ${COLUMNS} FROM dispatch_state LIMIT 1`,
  );
  await abandon(plan.run);
  const passed = await resync(engine, deleting, { maxDeletes: 3 / loaded });
  expect(passed.taken).toMatchObject({ brake: null, gone: 3 });
  expect(await keysOf(engine, 'case_states', `legacy_id IN (${keys.join(', ')})`, 9)).toEqual([keys[3]]);
});

it('lets everything go where a person has said that all may, and nothing else empties the target', async () => {
  await migrate(engine, deleting, 90);
  const before = await contents(engine, 'case_states');
  await engine.onSource('DELETE FROM dispatch_state');
  const plan = await openRun(engine, deleting, { maxDeletes: 0.999 }, {}, 'changed');
  expect((await compareRun(engine, deleting, plan)).taken.brake).toMatch(/^all \d+ loaded rows are gone/);
  expect(await contents(engine, 'case_states')).toEqual(before);
  await engine.ports.runs.decide(
    { run: plan.run, migration: plan.migration, epoch: 1, verb: 'resume', update: 'raise', maxDeletes: 1 },
    { workflow: 'test', workflowRun: 'first' },
  );
  expect((await compareRun(engine, deleting, plan)).taken).toMatchObject({ brake: null });
});

it('is refused of text keys beside a skipped batch, and leaves nothing', async () => {
  await createDepartmentTables(engine);
  const full = await openRun(engine, departments, { batchRows: 5 });
  await cutAll(engine, departments, full);
  await engine.ports.runs.park(refOf(full, 2), 'a person decides');
  await engine.ports.runs.decide(
    {
      run: full.run,
      migration: full.migration,
      epoch: 1,
      verb: 'skipBatch',
      update: 's',
      batches: [2],
      reason: 'archived',
    },
    { workflow: 'test', workflowRun: 'first' },
  );
  for (const batch of [1, 3]) await carryBatch(engine, departments, refOf(full, batch));
  await checkRun(engine, departments, full);
  await engine.ports.runs.draft(departments, full.run, full.epoch);
  await engine.ports.runs.finish(full.run, full.epoch);
  const [rows, before] = [await contents(engine, 'departments'), await present(engine, departments)];
  const refused = await refusal(openRun(engine, departments, {}, {}, 'changed'));
  expect([refused.type, refused.message]).toEqual([
    'InputRefused',
    'Nothing was compared: run 1 of departments has batches that somebody skipped, and of keys that are no numbers ' +
      'nobody can tell which rows are theirs. Take them back with "takeSkipped" of replay, or start migrate.',
  ]);
  expect(await contents(engine, 'departments')).toEqual(rows);
  expect(await present(engine, departments)).toEqual(before);
  expect(await rowsOf('carryover.runs')).toBe(1);
  expect(await rowsOf('carryover.verifications')).toBe(1);
});

it('settles what an undo left pending: what is there is loaded again, what the source lost is nothing', async () => {
  await migrate(engine, deleting, 90);
  const balanced = await balance(engine);
  const from = await some(6);
  await engine.onSource(
    `INSERT INTO dispatch_state (id, ${COLUMNS}) SELECT 2000000 + id, ${COLUMNS} FROM dispatch_state WHERE id IN (?)`,
    [from],
  );
  const { plan } = await resync(engine, deleting);
  await undo(engine, deleting, plan.run);
  expect(await balance(engine)).toMatchObject({ pending: 6, complete: false });
  await engine.onSource('DELETE FROM dispatch_state WHERE id > 2000000 ORDER BY id LIMIT 4');
  expect((await resync(engine, deleting)).headline).toMatchObject({ inserted: 2, pending: 0, findings: 0 });
  const [source, loaded] = [Number(balanced.source) + 2, Number(balanced.loaded) + 2];
  expect(await balance(engine)).toEqual({ ...balanced, source, loaded });
  // What is nothing stays so, however often it is asked.
  expect((await resync(engine, deleting)).headline).toMatchObject({ inserted: 0, pending: 0, findings: 0 });
  expect(await balance(engine)).toEqual({ ...balanced, source, loaded });
});

describe.each([
  ['delete', deleting],
  ['mark', marking],
])('rows that are gone (%s)', (_policy, mapping) => {
  beforeEach(() => engine.onTarget('ALTER TABLE case_states ADD COLUMN gone_since timestamptz'));
  const counted = async (): Promise<void> => {
    const [line] = await engine.onSource('SELECT count(*) AS count FROM dispatch_state');
    expect(await balance(engine)).toMatchObject({
      source: Number(line!.count),
      loaded: await rowsOf('case_states WHERE gone_since IS NULL'),
      quarantined: (await held()).length,
      pending: 0,
      adds_up: true,
    });
  };

  it('before a second full run are taken off the balance by nobody, and are new where they come back', async () => {
    await migrate(engine, mapping, 90);
    const [whole, keys] = [await contents(engine, 'case_states'), [...(await some(3)), ...(await held()).slice(0, 2)]];
    await engine.onSource('CREATE TABLE hidden AS SELECT * FROM dispatch_state WHERE id IN (?)', [keys]);
    await lose(keys);
    await migrate(engine, mapping, 90);
    await resync(engine, mapping, { maxDeletes: 0.05 });
    await counted();
    expect(await verify(engine, mapping, true)).toMatchObject({ findings: [], faults: {} });
    await engine.onSource(`INSERT INTO dispatch_state (id, ${COLUMNS}) SELECT id, ${COLUMNS} FROM hidden`);
    expect((await resync(engine, mapping)).headline).toMatchObject({ findings: 0, pending: 0 });
    expect(await contents(engine, 'case_states')).toEqual(whole);
    await counted();
    expect(await verify(engine, mapping, true)).toMatchObject({ findings: [], faults: {} });
  });

  it('after a full run came to them, and before it ended, are taken off the balance', async () => {
    const plan = await openRun(engine, mapping, { batchRows: 90 });
    const batches = (await cutAll(engine, mapping, plan)).length;
    for (let batch = 1; batch <= batches; batch += 1) await carryBatch(engine, mapping, refOf(plan, batch));
    await lose([...(await some(3)), ...(await held()).slice(0, 2)]);
    await checkRun(engine, mapping, plan);
    await engine.ports.runs.draft(mapping, plan.run, plan.epoch);
    await engine.ports.runs.finish(plan.run, plan.epoch);
    await resync(engine, mapping, { maxDeletes: 0.05 });
    await counted();
    expect(await verify(engine, mapping, true)).toMatchObject({ findings: [], faults: {} });
  });
});
