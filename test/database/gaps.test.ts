/** Rows of the source that nobody has brought over, as a look for gaps finds them. */
import { findGaps } from '../../database/gaps/find-gaps';
import { importBaseline, readBaseline } from '../../database/ledger/baseline';
import { openSource } from '../../database/source/open-source';
import { caseStates } from '../../mappings/case-states';
import { messages } from '../../mappings/messages';
import baseline from '../../sample/baseline.json';
import { createEngine, migrate, openRun, refOf } from '../support/engine';
import type { Engine } from '../support/engine';

let engine: Engine;

beforeAll(async () => {
  engine = await createEngine({ sample: { rows: 200, dirty: true } });
});
afterAll(() => engine?.drop());

const look = (limitMs?: number) => findGaps(engine, [caseStates, messages], limitMs);
const gaps = async (limitMs?: number) => (await look(limitMs)).gaps;
const count = async (table: string): Promise<number> =>
  Number((await engine.onSource(`SELECT COUNT(*) AS n FROM ${table}`))[0]!.n);

it('lists what neither a mapping nor the baseline names, in a fresh sample', async () => {
  expect((await gaps()).map(({ kind, table }) => `${kind} ${table}`)).toEqual([
    'never_migrated dispatch_state',
    'unmapped instruction',
    'never_migrated message',
    'unmapped patient',
    'unmapped payment',
    'unmapped shipment',
    'unmapped user',
  ]);
});

it('lists the two tables that were missed, and nothing else, where the baseline is imported', async () => {
  const { lines, problems } = readBaseline(baseline);
  expect(problems).toEqual([]);
  expect((await importBaseline(engine.target, lines)).added).toBe(35);
  const { gaps: found, looked } = await look();
  expect(found).toEqual([
    {
      kind: 'never_migrated',
      table: 'dispatch_state',
      rows: await count('dispatch_state'),
      migration: 'case-states',
      target: 'public.case_states',
      targetHolds: 'nothing',
    },
    {
      kind: 'never_migrated',
      table: 'message',
      rows: await count('message'),
      migration: 'messages',
      target: 'public.messages',
      targetHolds: 'nothing',
    },
  ]);
  expect(looked).toEqual({ tables: 7, mapped: 2, baseline: 5, empty: 0 });
});

it('lists nothing while a run is under way, nor once it is over', async () => {
  const plan = await openRun(engine, caseStates, { batchRows: 100 });
  await engine.ports.runs.cut(caseStates, refOf(plan, 1));
  expect((await gaps()).map(({ table }) => table)).toEqual(['message']);
  await engine.onTarget(`UPDATE carryover.runs SET state = 'abandoned', finished_at = now() WHERE state = 'open'`);
  expect(await gaps()).toEqual([
    expect.objectContaining({ kind: 'pending', migration: 'case-states', rows: 100, run: '1' }),
    expect.objectContaining({ kind: 'lagging', migration: 'case-states', rows: (await count('dispatch_state')) - 100 }),
    expect.objectContaining({ kind: 'never_migrated', migration: 'messages' }),
  ]);
  await migrate(engine, caseStates, 100);
  await migrate(engine, messages, 100);
  expect(await gaps()).toEqual([]);
});

it('lists a new table once it holds a row; views and tables of Carryover never', async () => {
  await engine.onSource('CREATE TABLE `new``comer` (id INT PRIMARY KEY)');
  await engine.onSource('CREATE TABLE carryover_notes AS SELECT 1 AS id');
  await engine.onSource('CREATE VIEW seen AS SELECT * FROM patient');
  expect(await look()).toMatchObject({ gaps: [], looked: { tables: 8, empty: 1 } });
  await engine.onSource('INSERT INTO `new``comer` VALUES (1), (2)');
  expect(await gaps()).toEqual([{ kind: 'unmapped', table: 'new`comer', rows: 2 }]);
  // Where counting takes too long, that there are some is known nevertheless.
  expect(await gaps(0)).toEqual([{ kind: 'unmapped', table: 'new`comer', rows: null }]);
  await engine.onSource('DROP TABLE `new``comer`, carryover_notes');
  await engine.onSource('DROP VIEW seen');
});

it('lists rows beyond the run: by number within its bounds, by key above them', async () => {
  const insert = (id: number) =>
    engine.onSource(
      `INSERT INTO dispatch_state (id, instruction_id, status, \`on\`, created_at) VALUES (${id}, 1, 11, 1, '2024-05-06 07:08:09')`,
    );
  const lag = async () => (await gaps()).map(({ kind, rows }) => [kind, rows]);
  await insert(3_000_000_000);
  expect(await lag()).toEqual([['lagging', 1]]);
  await insert(4_000_000_001);
  await insert(4_000_000_002);
  expect(await lag()).toEqual([['lagging', 3]]);
  // As many were deleted: by number nothing is missing.
  await engine.onSource('DELETE FROM dispatch_state WHERE id <> 4000000001 AND id <> 4000000002 LIMIT 5');
  expect(await lag()).toEqual([['lagging', 2]]);
  const excluding = { ...caseStates, source: { ...caseStates.source, where: 'id <= 4000000001' } };
  expect((await findGaps(engine, [excluding, messages])).gaps).toMatchObject([{ kind: 'lagging', rows: 1 }]);
  await migrate(engine, caseStates, 100);
  expect(await lag()).toEqual([]);
});

it('lists a target that was emptied, or is gone', async () => {
  await engine.onTarget('CREATE TABLE kept AS SELECT * FROM messages');
  await engine.onTarget('TRUNCATE messages');
  const expected = { kind: 'emptied', table: 'message', migration: 'messages', rows: await count('message') };
  expect(await gaps()).toEqual([expect.objectContaining({ ...expected, targetHolds: 'nothing' })]);
  await engine.onTarget('ALTER TABLE messages RENAME TO elsewhere');
  expect(await gaps()).toEqual([expect.objectContaining({ ...expected, targetHolds: 'no table' })]);
  await engine.onTarget('ALTER TABLE elsewhere RENAME TO messages');
  await engine.onTarget('INSERT INTO messages SELECT * FROM kept');
  expect(await gaps()).toEqual([]);
});

it('lists a table that the account sees and may not read', async () => {
  const database = new URL(engine.sourceUrl).pathname.slice(1);
  const [user, password] = [`r_${database.slice(2)}`, 'Limited-1'];
  await engine.onSource('CREATE TABLE hidden (id INT PRIMARY KEY)');
  await engine.onSource(`CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'`);
  for (const table of ['dispatch_state', 'message']) {
    await engine.onSource(`GRANT SELECT ON ${database}.${table} TO '${user}'@'%'`);
  }
  await engine.onSource(`GRANT INSERT ON ${database}.hidden TO '${user}'@'%'`);
  const url = new URL(engine.sourceUrl);
  [url.username, url.password] = [user, password];
  const source = openSource(url.href);
  try {
    const found = await findGaps({ source, target: engine.target }, [caseStates, messages]);
    expect(found.gaps).toEqual([{ kind: 'unreadable', table: 'hidden', rows: null }]);
  } finally {
    await source.close();
    await engine.onSource(`DROP USER '${user}'@'%'`);
    await engine.onSource('DROP TABLE hidden');
  }
});

describe('the source tables of a baseline', () => {
  const line = { table: 'ledgers', domain: 'finance', sourceRows: 5, records: 4 };

  it('may be told later, once, and are not changed then', async () => {
    await importBaseline(engine.target, [line]);
    expect(await importBaseline(engine.target, [{ ...line, sourceTables: ['book'] }])).toEqual({
      added: 0,
      known: 1,
      problems: [],
    });
    expect((await importBaseline(engine.target, [line])).problems).toEqual([]);
    const { problems } = await importBaseline(engine.target, [{ ...line, sourceTables: ['book', 'page'] }]);
    expect(problems).toEqual([
      expect.stringContaining(
        'already holds "ledgers" (finance, 4 of 5, from book), and the file says otherwise (finance, 4 of 5, from book, page)',
      ),
    ]);
    expect(
      await engine.onTarget(`SELECT source_tables AS t FROM carryover.baseline WHERE table_name = 'ledgers'`),
    ).toEqual([{ t: ['book'] }]);
  });

  it('are names', () => {
    expect(readBaseline([{ ...line, sourceTables: 'book' }]).problems).toEqual([
      'Entry 1: "sourceTables" must be a list of names of tables of the source.',
    ]);
  });
});
