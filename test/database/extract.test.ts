/** Extract and the cutting of batches: every row of the source is read exactly once, or an error says why not. */
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { readBatch } from '../../database/source/read-batch';
import { caseStates } from '../../mappings/case-states';
import { createCatalog } from '../../mappings/catalog';
import { defineMapping } from '../../mappings/define';
import type { Mapping } from '../../mappings/mapping';
import { messages } from '../../mappings/messages';
import {
  createEngine,
  cutAll,
  eventually,
  loadBatch,
  migrate,
  never,
  openRun,
  refOf,
  refusal,
  sum,
} from '../support/engine';
import type { Engine } from '../support/engine';
import { DEPARTMENTS, createDepartmentTables, departments } from '../support/third-mapping';
import { addStates, createClinic, forgetStates } from './clinic';

/** A mapping of a table with a signed key, whose rows need no lookup. */
const readings = defineMapping({
  ...caseStates,
  name: 'readings',
  source: { table: 'reading', key: ['id'] },
  id: { namespace: '5b0d7d35-8c1f-5b43-9a43-6fca1f2f3a10', target: 'id' },
  target: { schema: 'public', table: 'readings' },
  cases: [],
  actors: [],
  columns: [{ source: 'id', target: 'legacy_id', convert: { kind: 'integer', type: 'bigint' } }],
  lineage: { target: 'lineage', values: [], constants: {} },
  report: {},
});

async function forgetRuns(engine: Engine): Promise<void> {
  await engine.onTarget('TRUNCATE carryover.runs CASCADE');
}

describe('extract', () => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await createClinic();
    await engine.onSource('CREATE TABLE reading (id BIGINT NOT NULL PRIMARY KEY)');
    await engine.onTarget(
      'CREATE TABLE readings (id uuid PRIMARY KEY, legacy_id bigint UNIQUE, lineage jsonb NOT NULL)',
    );
  });
  afterEach(() => forgetStates(engine));
  afterAll(() => engine?.drop());

  it('ends with an error, and does not hang, when its connection is killed in mid-stream', async () => {
    await engine.onSource(
      `INSERT INTO dispatch_state (instruction_id, status, \`on\`, notes, created_at)
       SELECT 1, 11, 1, REPEAT('x', 2000), '2024-01-01'
       FROM information_schema.collations a, information_schema.collations b LIMIT 20000`,
    );
    let taken = 0;
    const slow = new Writable({
      highWaterMark: 1,
      write: (chunk: Buffer, _encoding, done) => {
        taken += chunk.length;
        setTimeout(done, 5);
      },
    });
    const range = { after: null, from: ['1'], to: ['4294967295'] };
    const reading = refusal(readBatch(engine.source, caseStates, range, [], () => slow, never()));
    await eventually('a stream that flows', () => Promise.resolve(taken > 200_000));
    const [found] = await engine.onSource(
      `SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'SELECT (\`id\`%'`,
    );
    await engine.onSource(`KILL ${found!.id}`);
    const error = await Promise.race([reading, sleep(20_000, undefined, { ref: false })]);
    expect(error?.type).toBe('SourceUnavailable');
    expect(taken).toBeLessThan(40_000_000);
  });

  it('is cancelled by its signal, and leaves no statement running on the source', async () => {
    const blocked = new Writable({ highWaterMark: 1, write: () => undefined });
    await addStates(engine, [{ id: 1 }]);
    const stop = new AbortController();
    const range = { after: null, from: ['1'], to: ['9'] };
    const reading = readBatch(engine.source, caseStates, range, [], () => blocked, stop.signal);
    setTimeout(() => stop.abort(), 300);
    await expect(reading).rejects.toThrow();
    await eventually('no connection to this database but the test’s', async () => {
      const rows = await engine.onSource(
        `SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND command <> 'Sleep' AND id <> CONNECTION_ID()`,
      );
      return rows.length === 0;
    });
  });

  it('blames the target where its COPY fails, and so does validation', async () => {
    await addStates(engine, [{ id: 1 }]);
    const plan = await openRun(engine, caseStates);
    await cutAll(engine, caseStates, plan);
    const ref = refOf(plan, 1);
    await engine.onTarget(`
CREATE FUNCTION spoil() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE made record;
BEGIN
  FOR made IN SELECT object_identity AS name FROM pg_event_trigger_ddl_commands() WHERE object_identity ~ '_rows$' LOOP
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT spoiled CHECK (false)', made.name);
  END LOOP;
END $$;
CREATE EVENT TRIGGER spoil ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION spoil();
ALTER EVENT TRIGGER spoil DISABLE`);
    const spoiled = async (step: () => Promise<unknown>): Promise<string> => {
      await engine.onTarget('ALTER EVENT TRIGGER spoil ENABLE');
      const { message } = await refusal(step());
      await engine.onTarget('ALTER EVENT TRIGGER spoil DISABLE');
      return message;
    };
    const { steps } = engine.ports;
    const target =
      /^the target refused a statement \(SQLSTATE 23514, table \S+_rows, constraint spoiled\): a table of Carryover refuses /;
    expect(await spoiled(() => steps.extract(caseStates, ref, never()))).toMatch(target);
    await loadBatch(engine, caseStates, ref);
    await engine.onTarget('DELETE FROM case_states');
    expect(await spoiled(() => steps.validate(caseStates, ref, never()))).toMatch(target);
    await engine.onTarget('DROP EVENT TRIGGER spoil');
  });

  it('lets the source count what the mapping excludes, rows of which the rule says nothing among them', async () => {
    const mapping = defineMapping({ ...caseStates, source: { ...caseStates.source, where: "`reason` <> 'old'" } });
    await addStates(engine, [
      { id: 1, reason: 'new' },
      { id: 2, reason: 'old' },
      { id: 3, reason: null },
      { id: 4, reason: 'newer' },
    ]);
    const { batches, headline } = await migrate(engine, mapping);
    expect(batches[0]!.extract).toMatchObject({ source: 4, staged: 2, excluded: 2 });
    expect(headline).toMatchObject({
      source: 4,
      inserted: 2,
      excluded: 2,
      pending: 0,
      verdict: 'proven_with_exceptions',
    });
    const rows = await engine.onTarget('SELECT legacy_id::int AS id FROM case_states ORDER BY 1');
    expect(rows).toEqual([{ id: 1 }, { id: 4 }]);
  });

  it('counts a row that appeared between the cut and the read', async () => {
    await addStates(engine, [{ id: 1 }, { id: 5 }]);
    const plan = await openRun(engine, caseStates);
    expect(await cutAll(engine, caseStates, plan)).toEqual([2]);
    await addStates(engine, [{ id: 3 }, { id: 6 }]);
    const extracted = await engine.ports.steps.extract(caseStates, refOf(plan, 1), never());
    expect(extracted).toMatchObject({ source: 3, staged: 3 });
    expect(await engine.onTarget('SELECT source::int, pending::int FROM carryover.batches')).toEqual([
      { source: 3, pending: 3 },
    ]);
  });

  it('of an empty table is no batch, and the run is proven', async () => {
    const { batches, headline } = await migrate(engine, caseStates);
    expect(batches).toEqual([]);
    expect(headline).toMatchObject({ source: 0, loaded: 0, pending: 0, verdict: 'proven' });
  });

  it.each([1, 2])('of one row is one batch, cut by %i rows', async (batchRows) => {
    await addStates(engine, [{ id: 4_294_967_295 }]);
    const { batches, headline } = await migrate(engine, caseStates, batchRows);
    expect(batches).toHaveLength(1);
    expect(headline).toMatchObject({ source: 1, inserted: 1, verdict: 'proven' });
  });

  it.each([1, 2, 3, 100])('carries key 0, negative keys and the largest ones, by %i rows', async (batchRows) => {
    await engine.onSource('DELETE FROM reading');
    await engine.onTarget('TRUNCATE readings');
    const keys = ['-9223372036854775808', '-9223372036854775807', '-2', '-1', '0', '1', '10', '9', '9007199254740993', '9223372036854775806', '9223372036854775807']; // prettier-ignore
    await engine.onSource(`INSERT INTO reading VALUES ${keys.map((key) => `(${key})`).join(', ')}`);
    const { headline } = await migrate(engine, readings, batchRows);
    expect(headline).toMatchObject({ source: keys.length, inserted: keys.length, verdict: 'proven' });
    const rows = await engine.onTarget<{ key: string }>('SELECT legacy_id::text AS key FROM readings');
    expect(rows.map(({ key }) => key).sort()).toEqual([...keys].sort());
  });
});

describe('batches of random sizes', () => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await createEngine({
      sample: { rows: 300, dirty: true },
      catalog: createCatalog([caseStates, messages, departments]),
    });
    await createDepartmentTables(engine);
  });
  afterEach(() => forgetRuns(engine));
  afterAll(() => engine?.drop());

  const count = async (mapping: Mapping): Promise<number> =>
    Number((await engine.onSource(`SELECT COUNT(*) AS n FROM \`${mapping.source.table}\``))[0]!.n);

  it.each([
    ['an integer key', caseStates],
    ['a composite key', messages],
    ['a text key', departments],
  ])('cover every row of %s exactly once', async (_what, mapping) => {
    const rows = await count(mapping);
    const sizes = [1 + Math.floor(rows / 40), rows - 1, rows, rows + 1];
    for (let extra = 0; extra < 6; extra += 1) sizes.push(1 + Math.floor(Math.random() * rows));
    for (const batchRows of sizes) {
      const plan = await openRun(engine, mapping, { batchRows });
      const cut = await cutAll(engine, mapping, plan);
      expect([batchRows, sum(cut, (each) => each), cut.length]).toEqual([batchRows, rows, Math.ceil(rows / batchRows)]);
      expect(cut.slice(0, -1).every((each) => each === batchRows)).toBe(true);
      await forgetRuns(engine);
    }
  });

  it.each([
    ['an integer key', caseStates, ['c0']],
    ['a composite key', messages, ['c0', 'c1']],
    ['a text key', departments, ['c0']],
  ])('read every row of %s exactly once', async (_what, mapping, columns) => {
    const rows = await count(mapping);
    const batchRows = Math.ceil(rows / 7) + Math.floor(Math.random() * 3);
    const plan = await openRun(engine, mapping, { batchRows });
    const seen: string[] = [];
    for (const index of (await cutAll(engine, mapping, plan)).keys()) {
      const { stage } = await engine.ports.steps.extract(mapping, refOf(plan, index + 1), never());
      const keys = await engine.onTarget<{ key: string }>(
        `SELECT concat_ws('/', ${columns.join(', ')}) AS key FROM carryover_stage.b_${plan.run}_${index + 1}_${stage}_rows`,
      );
      seen.push(...keys.map(({ key }) => key));
    }
    const all = await engine.onSource(
      `SELECT CONCAT_WS('/', ${mapping.source.key.join(', ')}) AS row_key FROM \`${mapping.source.table}\``,
    );
    expect(seen.sort()).toEqual(all.map(({ row_key }) => row_key!).sort());
  });

  it('carry a table that points to itself in any cut, children before their parents too', async () => {
    for (const batchRows of [1, 3, 100]) {
      await engine.onTarget('TRUNCATE departments, carryover.runs, carryover.quarantine CASCADE');
      const { headline } = await migrate(engine, departments, batchRows);
      expect(headline).toMatchObject({ source: DEPARTMENTS.length, pending: 0, findings: 0 });
    }
  });
});
