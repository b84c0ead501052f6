/** Rows that depend on one another, on other writers or on the nights before, when a run that wrote them is taken back. */
import { caseStates } from '../../mappings/case-states';
import { createCatalog } from '../../mappings/catalog';
import { carryRun, createEngine, cutAll, migrate, openRun } from '../support/engine';
import type { Engine, Migrated } from '../support/engine';
import { resync, undo } from '../support/resync';
import { createDepartmentTables, departments } from '../support/third-mapping';
import { verify } from '../support/verification';
import { balance, contents, keysOf } from './repair-fixture';

let engine: Engine;
afterEach(() => engine?.drop());

const findingsOf = (run: string): Promise<object[]> =>
  engine.onTarget('SELECT kind, legacy_key AS key FROM carryover.findings WHERE run_id = $1', [run]);

describe('a row that another writer had deleted', () => {
  beforeEach(async () => {
    engine = await createEngine({ sample: { rows: 300 } });
  });

  const overwrite = 'a tool went wrong';
  const migrateOver = async (): Promise<Migrated> => {
    const plan = await openRun(engine, caseStates, { batchRows: 90, overwrite });
    await cutAll(engine, caseStates, plan);
    return carryRun(engine, caseStates, plan);
  };

  it.each([
    ['a re-sync', () => resync(engine, caseStates, { overwrite })],
    ['a full run', migrateOver],
  ])('stays deleted once %s that overwrote was taken back', async (_what, run) => {
    await migrate(engine, caseStates, 90);
    const [deleted, fresh] = await keysOf(engine, 'case_states', 'true', 2);
    await engine.onTarget('DELETE FROM case_states WHERE legacy_id = $1', [deleted]);
    await engine.onSource('UPDATE dispatch_state SET id = 2000000 WHERE id = ?', [fresh]);
    const [before, told] = [await contents(engine, 'case_states'), await verify(engine, caseStates)];
    expect(told.findings).toContainEqual(expect.objectContaining({ kind: 'deleted_in_target', key: deleted }));
    const { plan, headline } = await run();
    expect(headline.inserted).toBe(2);

    await undo(engine, caseStates, plan.run);
    expect(await contents(engine, 'case_states')).toEqual(before);
    expect(await balance(engine)).toMatchObject({ pending: 1, complete: false });
    const after = await verify(engine, caseStates);
    expect(after.findings).toContainEqual(expect.objectContaining({ kind: 'deleted_in_target', key: deleted }));
  });

  it('is not brought back by the next re-sync, which brings what was new', async () => {
    await migrate(engine, caseStates, 90);
    const [deleted, moved] = await keysOf(engine, 'case_states', 'true', 2);
    await engine.onTarget('DELETE FROM case_states WHERE legacy_id = $1', [deleted]);
    await engine.onSource('UPDATE dispatch_state SET id = 2000000 WHERE id = ?', [moved]);
    const { plan } = await resync(engine, caseStates, { overwrite });
    await undo(engine, caseStates, plan.run);
    const { headline } = await resync(engine, caseStates);
    expect(headline).toMatchObject({ inserted: 1, pending: 0 });
    expect(await keysOf(engine, 'case_states', `legacy_id IN (${deleted!}, 2000000)`, 3)).toEqual(['2000000']);
  });
});

describe('rows of one batch that point to each other', () => {
  const bring = async (): Promise<string> => {
    await engine.onSource(
      `INSERT INTO department SELECT 'new', NULL, 'below the root', opened_at FROM department WHERE code = 'a'`,
    );
    await engine.onSource(`UPDATE department SET parent_code = 'new', title = 'moved' WHERE code = 'b'`);
    const { plan, headline } = await resync(engine, departments);
    expect(headline).toMatchObject({ inserted: 1, updated: 1, findings: 0 });
    return plan.run;
  };

  beforeEach(async () => {
    engine = await createEngine({ catalog: createCatalog([departments]) });
    await createDepartmentTables(engine);
    await engine.onTarget('ALTER TABLE departments ADD UNIQUE (title)');
    await migrate(engine, departments, 5);
  });

  it('let go of each other, and of values that only one row may have', async () => {
    const before = await contents(engine, 'departments');
    const run = await bring();
    const undone = await undo(engine, departments, run);
    expect(await findingsOf(undone.plan.run)).toEqual([]);
    expect(await contents(engine, 'departments')).toEqual(before);
  });

  it('keep what a row refers to by a column that is another writer’s', async () => {
    await engine.onTarget('ALTER TABLE departments ADD deputy uuid REFERENCES departments ON DELETE CASCADE');
    const run = await bring();
    await engine.onTarget(
      `UPDATE departments SET deputy = (SELECT id FROM departments WHERE code = 'new') WHERE code = 'b'`,
    );
    await engine.onTarget('ALTER TABLE departments DROP CONSTRAINT departments_title_key');
    const undone = await undo(engine, departments, run);
    expect(await findingsOf(undone.plan.run)).toEqual([{ kind: 'referenced', key: 'new' }]);
    expect(await engine.onTarget(`SELECT title FROM departments WHERE code IN ('b', 'new')`)).toEqual([
      { title: 'below the root' },
      { title: 'below the root' },
    ]);
  });
});

it('come over together beside a row that the target refuses', async () => {
  engine = await createEngine({ catalog: createCatalog([departments]) });
  await createDepartmentTables(engine);
  await engine.onTarget(`ALTER TABLE departments ADD CONSTRAINT decent CHECK (title <> 'bad')`);
  await migrate(engine, departments, 100);
  await engine.onSource(
    `INSERT INTO department SELECT 'zz', NULL, 'comes behind those that refer to it', opened_at FROM department WHERE code = 'a'`,
  );
  await engine.onSource(`UPDATE department SET parent_code = 'zz' WHERE code IN ('9', 'b')`);
  await engine.onSource(`UPDATE department SET title = 'bad' WHERE code = 'b/1'`);
  const { headline } = await resync(engine, departments);
  expect(headline).toMatchObject({ inserted: 1, updated: 2 });
  expect(
    await engine.onTarget(
      `SELECT legacy_key AS key, columns FROM carryover.quarantine WHERE reason = 'constraint_rejected'`,
    ),
  ).toEqual([{ key: 'b/1', columns: ['decent'] }]);
});

describe('a night in which nothing changed', () => {
  const lines = async (): Promise<Record<string, number>> => {
    const [line] = await engine.onTarget<Record<string, number>>(
      `SELECT (SELECT count(*) FROM carryover.settled_keys)::int AS settled,
         (SELECT count(*) FROM carryover.quarantine_images)::int AS images`,
    );
    return line!;
  };

  it('leaves no lines behind of rows that only a load can ask about again', async () => {
    engine = await createEngine({ sample: { rows: 300 } });
    await engine.onTarget(`ALTER TABLE case_states ADD CHECK (legacy_id % 50 <> 0)`);
    await migrate(engine, caseStates, 90);
    const first = await resync(engine, caseStates);
    expect(first.taken.keys).toBeGreaterThan(2);
    const { settled, images } = await lines();
    expect(images).toBe(0);
    const second = await resync(engine, caseStates);
    expect(second.taken.keys).toBe(first.taken.keys);
    expect(second.headline).toMatchObject({ inserted: 0, pending: 0, findings: 0 });
    expect(await lines()).toEqual({ settled, images: 0 });
    // What was tried is still on record, each time.
    const [tried] = await engine.onTarget<{ times: number }>(
      'SELECT count(*)::int AS times FROM carryover.quarantine_occurrences WHERE run_id = $1',
      [second.plan.run],
    );
    expect(tried!.times).toBe(first.taken.keys);
  });
});
