/** What an undo, and a re-sync after it, must not touch, miss or count twice. */
import { caseStates } from '../../mappings/case-states';
import type { Mapping } from '../../mappings/mapping';
import { carryRun, createEngine, loadBatch, migrate, openRun, refOf, refusal, retryBatches } from '../support/engine';
import type { Engine } from '../support/engine';
import { compareRun, resync, undo } from '../support/resync';
import { verify } from '../support/verification';
import { balance, keysOf } from './repair-fixture';

let engine: Engine;
beforeEach(async () => {
  engine = await createEngine({ sample: { rows: 300 } });
});
afterEach(() => engine?.drop());

const deleting: Mapping = { ...caseStates, gone: { policy: 'delete' } };
const COLUMNS = 'status, reason, notes, created_at, instruction_id, actor_id, `on`';
const bring = (rows: number): Promise<unknown> =>
  engine.onSource(
    `INSERT INTO dispatch_state (id, ${COLUMNS}) SELECT 2000000 + id, ${COLUMNS} FROM dispatch_state ORDER BY id LIMIT ${rows}`,
  );

it('leaves columns alone that the mapping does not write', async () => {
  await engine.onTarget('ALTER TABLE case_states ADD reviewed_by text, ADD number bigint GENERATED ALWAYS AS IDENTITY');
  await migrate(engine, caseStates, 90);
  const [key] = await keysOf(engine, 'case_states', 'true', 1);
  await engine.onSource(`UPDATE dispatch_state SET notes = 'said otherwise' WHERE id = ?`, [key]);
  const { plan } = await resync(engine, caseStates);
  await engine.onTarget(`UPDATE case_states SET reviewed_by = 'somebody' WHERE legacy_id = $1`, [key]);
  await undo(engine, caseStates, plan.run);
  expect(await engine.onTarget('SELECT reviewed_by, notes FROM case_states WHERE legacy_id = $1', [key])).toEqual([
    { reviewed_by: 'somebody', notes: expect.not.stringContaining('said otherwise') as string },
  ]);
});

it('takes rows out of the partition that they are in, and none of another', async () => {
  await engine.onTarget(`CREATE TABLE parts (LIKE case_states INCLUDING DEFAULTS, PRIMARY KEY (legacy_id), UNIQUE (id, legacy_id)) PARTITION BY RANGE (legacy_id);
    CREATE TABLE parts_old PARTITION OF parts FOR VALUES FROM (MINVALUE) TO (2000000);
    CREATE TABLE parts_new PARTITION OF parts FOR VALUES FROM (2000000) TO (MAXVALUE)`);
  const parted: Mapping = { ...caseStates, target: { schema: 'public', table: 'parts' } };
  await migrate(engine, parted, 90);
  const rows = (): Promise<object[]> => engine.onTarget('SELECT legacy_id FROM parts ORDER BY legacy_id');
  const before = await rows();
  await bring(10);
  const { plan, headline } = await resync(engine, parted);
  expect(headline.inserted).toBeGreaterThan(5);
  await undo(engine, parted, plan.run);
  expect(await rows()).toEqual(before);
});

it('counts rows as nothing that were taken out and that the source lost since', async () => {
  await migrate(engine, caseStates, 90);
  const balanced = await balance(engine);
  await bring(5);
  const { plan } = await resync(engine, caseStates);
  await undo(engine, caseStates, plan.run);
  expect(await balance(engine)).toMatchObject({ pending: 5, complete: false });
  await engine.onSource('DELETE FROM dispatch_state WHERE id > 2000000');
  expect((await resync(engine, caseStates)).headline).toMatchObject({ pending: 0, findings: 0 });
  expect(await balance(engine)).toEqual(balanced);
});

it('takes nothing off the balance that the full run had not counted', async () => {
  await migrate(engine, deleting, 90);
  const keys = await keysOf(engine, 'case_states', 'true', 2);
  await engine.onSource('DELETE FROM dispatch_state WHERE id IN (?)', [keys]);
  await migrate(engine, deleting, 90);
  const balanced = await balance(engine);
  expect((await resync(engine, deleting)).headline).toMatchObject({ findings: 0, pending: 0 });
  expect(await keysOf(engine, 'case_states', `legacy_id IN (${keys.join(', ')})`, 2)).toEqual([]);
  expect(await balance(engine)).toEqual(balanced);
  expect(await verify(engine, deleting, true)).toMatchObject({ findings: [], faults: {} });
});

it('goes on with the undo of no other run than the one that is named', async () => {
  await migrate(engine, caseStates, 90);
  await bring(5);
  const { plan } = await resync(engine, caseStates);
  const open = await openRun(engine, caseStates, { run: plan.run }, {}, 'undo');
  const other = await refusal(openRun(engine, caseStates, { run: '1' }, { currentRun: 'another' }, 'undo'));
  expect([other.type, other.message]).toEqual([
    'MappingChanged',
    expect.stringContaining(`run ${open.run} of case-states is open, and takes back run ${plan.run}, not 1`),
  ]);
});

it('knows what a run wrote by what it left behind, also where a batch was loaded twice', async () => {
  await migrate(engine, caseStates, 90);
  const before = await keysOf(engine, 'case_states', 'true', 999);
  await bring(5);
  const plan = await openRun(engine, caseStates, {}, {}, 'changed');
  await compareRun(engine, caseStates, plan);
  await loadBatch(engine, caseStates, refOf(plan, 1));
  await engine.ports.runs.park(refOf(plan, 1), 'difference');
  await retryBatches(engine, plan, [1]);
  expect((await carryRun(engine, caseStates, plan)).headline).toMatchObject({ inserted: 0, pending: 0 });
  expect((await refusal(openRun(engine, caseStates, { run: '1' }, {}, 'undo'))).message).toContain(
    'run 2 of case-states came after',
  );
  await undo(engine, caseStates, plan.run);
  expect(await keysOf(engine, 'case_states', 'true', 999)).toEqual(before);
});
