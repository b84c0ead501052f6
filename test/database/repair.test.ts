/** A repair takes again what a verification found wrong, as far as it is ours; the rest it keeps, and says so. */
import { caseStates } from '../../mappings/case-states';
import { createCatalog } from '../../mappings/catalog';
import { messages } from '../../mappings/messages';
import { createDepartmentTables, departments } from '../support/third-mapping';
import { createEngine, migrate, openRun, refOf, refusal, repair, startRun, sum } from '../support/engine';
import type { Engine } from '../support/engine';
import { verify } from '../support/verification';
import { FORGE } from './plantings';
import { balance, contents, keysOf, lose, times } from './repair-fixture';

const ROWS = 400;

let engine: Engine;
beforeEach(async () => {
  engine = await createEngine({ sample: { rows: ROWS, dirty: true } });
  await engine.onTarget(FORGE);
});
afterEach(() => engine?.drop());

/** Everything of the target table and of open quarantine, as one text. */
async function standing(): Promise<string> {
  const [line] = await engine.onTarget<{ all: string }>(
    `SELECT md5((SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM case_states t)
       || (SELECT string_agg(concat_ws('|', legacy_key, reasons, source_row, target_id), E'\\n' ORDER BY legacy_key)
           FROM carryover.quarantine WHERE state = 'open')) AS all`,
  );
  return line!.all;
}

it('brings target and quarantine back to what they were, row by row, and the balance with them', async () => {
  await migrate(engine, caseStates, 90);
  const [before, counts] = [await standing(), await balance(engine)];
  const keys = await keysOf(engine, 'case_states', 'notes IS NOT NULL', 30);
  for (const key of keys.slice(0, 5))
    await engine.onTarget(`UPDATE case_states SET notes = 'x' WHERE legacy_id = ${key}; SELECT forge(${key})`);
  for (const key of keys.slice(5, 8)) {
    await engine.onTarget(
      `DELETE FROM case_states WHERE legacy_id = ${key};
       UPDATE carryover.inserted_keys SET legacy_keys = array_remove(legacy_keys, '${key}')`,
    );
  }
  await engine.onTarget(
    `UPDATE carryover.quarantine SET source_row = source_row || '{"notes": "other"}'
     WHERE legacy_key IN (SELECT legacy_key FROM carryover.quarantine WHERE state = 'open' ORDER BY legacy_key LIMIT 2)`,
  );
  const found = await verify(engine, caseStates);
  expect(found.findings.map(({ kind }) => kind).sort()).toEqual([...times(7, 'changed'), ...times(3, 'missing')]);

  const { headline, batches, plan } = await repair(engine, caseStates, { batchRows: 4 });
  expect(plan.estimatedRows).toBe(10);
  expect(batches).toHaveLength(3);
  expect(sum(batches, ({ load }) => load.source)).toBe(10);
  expect(headline).toMatchObject({
    verdict: 'proven_with_exceptions',
    inserted: 3,
    updated: 5,
    findings: 0,
    pending: 0,
  });
  expect(await standing()).toBe(before);
  expect(await balance(engine)).toEqual(counts);
  expect(counts).toMatchObject({ complete: true, adds_up: true });
  expect((await verify(engine, caseStates, true)).findings).toEqual([]);
});

it('follows what the lookups say now: rows leave quarantine, others go there, and the balance follows', async () => {
  await migrate(engine, caseStates, 90);
  const counts = await balance(engine);
  // One instruction gets its order after all; the order of another, whose rows were lost, is gone.
  await engine.onTarget(
    `INSERT INTO orders (id, instruction_id, case_id, order_number)
     SELECT gen_random_uuid(), min((source_row ->> 'instruction_id')::bigint), (SELECT id FROM cases LIMIT 1), 'new'
     FROM carryover.quarantine WHERE reasons = '{case_unmapped}'`,
  );
  const { findings } = await verify(engine, caseStates);
  const freed = findings.length;
  expect(freed).toBeGreaterThan(0);
  expect(new Set(findings.map(({ kind }) => kind))).toEqual(new Set(['stale']));
  expect((await repair(engine, caseStates)).headline).toMatchObject({ inserted: freed, findings: 0 });
  const after = await balance(engine);
  expect(after).toEqual({
    ...counts,
    loaded: Number(counts.loaded) + freed,
    quarantined: Number(counts.quarantined) - freed,
  });

  // The next one takes rows again that the last one took: what it made of them counts, and not what the full run did.
  const keys = findings.map(({ key }) => key!);
  await lose(engine, 'case_states', 'legacy_id::text', keys);
  await engine.onTarget(`DELETE FROM orders WHERE order_number = 'new'`);
  expect(new Set((await verify(engine, caseStates)).findings.map(({ kind }) => kind))).toEqual(new Set(['missing']));
  expect((await repair(engine, caseStates)).headline).toMatchObject({ inserted: 0, findings: 0 });
  expect(await balance(engine)).toEqual(counts);
  expect((await verify(engine, caseStates, true)).findings).toEqual([]);
});

it('keeps what another writer did, names how much, and ends not proven', async () => {
  await migrate(engine, caseStates, 90);
  const [mine, theirs, deleted] = await keysOf(engine, 'case_states', 'notes IS NOT NULL', 3);
  await engine.onTarget(`UPDATE case_states SET notes = 'x' WHERE legacy_id = ${mine!}; SELECT forge(${mine!})`);
  await engine.onTarget(`UPDATE case_states SET notes = 'theirs' WHERE legacy_id = ${theirs!}`);
  await engine.onTarget(`DELETE FROM case_states WHERE legacy_id = ${deleted!}`);
  await verify(engine, caseStates);
  const { headline, plan } = await repair(engine, caseStates);
  expect(headline).toMatchObject({ verdict: 'not_proven', inserted: 0, updated: 1 });
  expect(await engine.onTarget('SELECT kept FROM carryover.runs WHERE run_id = $1', [plan.run])).toEqual([
    { kept: { changed_in_target: 1, deleted_in_target: 1 } },
  ]);
  expect(await engine.onTarget(`SELECT notes FROM case_states WHERE legacy_id = ${theirs!}`)).toEqual([
    { notes: 'theirs' },
  ]);
  expect(await keysOf(engine, 'case_states', `legacy_id = ${deleted!}`, 1)).toEqual([]);

  const refused = await refusal(startRun(engine, caseStates, {}, {}, 'repair'));
  expect(refused.type).toBe('InputRefused');
  expect(refused.message).toMatch(
    /has no open finding that a repair may mend; 1 changed_in_target, 1 deleted_in_target/,
  );
  expect(await engine.onTarget(`SELECT count(*)::int FROM carryover.runs`)).toEqual([{ count: 2 }]);

  // A person may decide otherwise, with a reason.
  const undone = await repair(engine, caseStates, { overwrite: 'a tool went wrong' });
  expect(undone.headline).toMatchObject({ verdict: 'proven_with_exceptions', inserted: 1, updated: 1, findings: 0 });
});

it('takes rows whose key has two parts', async () => {
  await migrate(engine, messages, 100);
  const before = await contents(engine, 'messages');
  const keys = await engine.onTarget<{ key: string }>(
    `SELECT i.key FROM carryover.inserted_keys k, unnest(k.legacy_keys) AS i (key) ORDER BY md5(i.key) LIMIT 5`,
  );
  const key = 'jsonb_build_array(legacy_thread_id::text, legacy_position::text)::text';
  await lose(
    engine,
    'messages',
    key,
    keys.map((row) => row.key),
  );
  const found = await verify(engine, messages);
  expect(found.findings.map(({ kind }) => kind)).toEqual(times(5, 'missing'));
  expect((await repair(engine, messages)).headline).toMatchObject({ inserted: 5, findings: 0 });
  expect(await contents(engine, 'messages')).toEqual(before);
});

it('takes rows whose key is a text, and that point to one another', async () => {
  const third = await createEngine({ catalog: createCatalog([departments]) });
  try {
    await createDepartmentTables(third);
    await migrate(third, departments, 5);
    const before = await contents(third, 'departments');
    await lose(third, 'departments', 'code', ['t\tab', "q'uote", 'self']);
    expect((await verify(third, departments)).findings.map(({ kind }) => kind)).toEqual(times(3, 'missing'));
    // A child whose parent comes behind it waits for nothing: the batch looks its own rows up too.
    const { headline } = await repair(third, departments, { batchRows: 2 });
    expect(headline).toMatchObject({ inserted: 3, findings: 0, pending: 0 });
    expect(await contents(third, 'departments')).toEqual(before);
  } finally {
    await third.drop();
  }
});

it.each([
  ['has not been migrated', () => Promise.resolve()],
  [
    'is abandoned, so not every row was looked at',
    async () => {
      const plan = await openRun(engine, caseStates, {});
      await engine.onTarget(`UPDATE carryover.runs SET state = 'abandoned', finished_at = now() WHERE run_id = $1`, [
        plan.run,
      ]);
    },
  ],
  ['has no open finding that a repair may mend\\.', () => migrate(engine, caseStates)],
])('is refused where the migration %s', async (words, prepare: () => Promise<unknown>) => {
  await prepare();
  const refused = await refusal(startRun(engine, caseStates, {}, {}, 'repair'));
  expect(refused.type).toBe('InputRefused');
  expect(refused.message).toMatch(new RegExp(words));
});

it('repairs by a verification that is named, and none of another run', async () => {
  await migrate(engine, caseStates);
  const [key] = await keysOf(engine, 'case_states', 'true', 1);
  await engine.onTarget(`UPDATE case_states SET notes = 'x' WHERE legacy_id = ${key!}; SELECT forge(${key!})`);
  const { verification } = await verify(engine, caseStates);
  const refused = await refusal(startRun(engine, caseStates, { verification: '99' }, {}, 'repair'));
  expect(refused.message).toMatch(/verification 99 is none of run 1 of case-states that is over/);
  expect((await repair(engine, caseStates, { verification })).headline).toMatchObject({ updated: 1, findings: 0 });
});

it('takes a key of the source by its bytes, whatever its collation takes for equal', async () => {
  const third = await createEngine({ catalog: createCatalog([departments]) });
  try {
    await createDepartmentTables(third);
    await migrate(third, departments);
    const before = await contents(third, 'departments');
    await lose(third, 'departments', 'code', ['self']);
    await verify(third, departments);
    await third.onSource('ALTER TABLE department CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci');
    await third.onSource(`UPDATE department SET code = 'SELF', parent_code = 'SELF' WHERE code = 'self'`);
    const plan = await openRun(third, departments, {}, {}, 'repair');
    const extract = await third.ports.steps.extract(departments, refOf(plan, 1), new AbortController().signal);
    expect(extract).toMatchObject({ source: 0, staged: 0 });
    expect(await contents(third, 'departments')).not.toEqual(before);
  } finally {
    await third.drop();
  }
});

it('takes thousands of keys by the indexes of both servers', async () => {
  const rows = 6_000;
  const large = await createEngine({ sample: { rows } });
  try {
    await migrate(large, caseStates, 1_000);
    const before = await contents(large, 'case_states');
    await large.onTarget(FORGE);
    await large.onTarget(`UPDATE case_states SET notes = 'x'; SELECT forge(legacy_id) FROM case_states`);
    await verify(large, caseStates);
    const { batches, headline } = await repair(large, caseStates);
    expect(batches.map(({ load }) => load.source)[0]).toBe(5_000);
    expect(headline).toMatchObject({ inserted: 0, updated: sum(batches, ({ load }) => load.source), findings: 0 });
    expect(await contents(large, 'case_states')).toEqual(before);
    const [bounds] = await large.onTarget(
      'SELECT a.to_key = b.after_key AS touch FROM carryover.batches a JOIN carryover.batches b USING (run_id) WHERE run_id = 2 AND a.batch = 1 AND b.batch = 2',
    );
    expect(bounds).toEqual({ touch: true });
  } finally {
    await large.drop();
  }
});
