/** A forecast says what the run then does, row for row by reason, and leaves nothing of it behind. */
import { createCatalog } from '../../mappings/catalog';
import { caseStates } from '../../mappings/case-states';
import type { Mapping } from '../../mappings/mapping';
import { messages } from '../../mappings/messages';
import type { ForecastCounts } from '../../shared/forecast';
import { createEngine, migrate, sum } from '../support/engine';
import type { Engine } from '../support/engine';
import { forecast } from '../support/forecast';
import { createDepartmentTables, departments } from '../support/third-mapping';
import { everything } from '../support/everything';

let engine: Engine;

beforeAll(async () => {
  engine = await createEngine({
    sample: { rows: 600, dirty: true },
    catalog: createCatalog([caseStates, messages, departments]),
  });
  await createDepartmentTables(engine);
});
afterAll(() => engine?.drop());

type Comparable = Omit<ForecastCounts, 'batches' | 'duplicates' | 'folds' | 'unknownCodes' | 'causes'>;

/** What of a forecast a run can be held against. */
function comparable(counts: ForecastCounts): Comparable {
  const { batches, duplicates, folds, unknownCodes, causes, ...rest } = counts;
  void [batches, duplicates, folds, unknownCodes, causes];
  return rest;
}

/** A run, and what the ledger holds of it, in the same form. */
async function run(mapping: Mapping, batchRows: number): Promise<Comparable> {
  const { plan, batches } = await migrate(engine, mapping, batchRows);
  const tally = async (sql: string): Promise<Record<string, number>> =>
    Object.fromEntries(
      (await engine.onTarget<{ name: string; rows: number }>(sql, [plan.run])).map(({ name, rows }) => [name, rows]),
    );
  const mine = `FROM carryover.quarantine WHERE last_run = $1 AND state = 'open'`;
  const findings = await tally(
    'SELECT kind AS name, count(*)::int AS rows FROM carryover.findings WHERE run_id = $1 AND batch IS NOT NULL GROUP BY 1',
  );
  const columns: Record<string, Record<string, number>> = {};
  for (const { reason, column, rows } of await engine.onTarget<{ reason: string; column: string; rows: number }>(
    `SELECT a.reason, a.column, count(DISTINCT legacy_key)::int AS rows
     FROM carryover.quarantine q CROSS JOIN LATERAL unnest(q.reasons, q.columns) AS a (reason, "column")
     WHERE last_run = $1 AND state = 'open' GROUP BY 1, 2`,
    [plan.run],
  )) {
    (columns[reason] ??= {})[column] = rows;
  }
  const references: Record<string, Record<string, number>> = {};
  for (const { name, outcome, rows } of await engine.onTarget<{ name: string; outcome: string; rows: number }>(
    `SELECT reference AS name, outcome, sum(rows)::int AS rows FROM carryover.lookups WHERE run_id = $1 GROUP BY 1, 2`,
    [plan.run],
  )) {
    (references[name] ??= {})[outcome] = rows;
  }
  return {
    source: sum(batches, ({ load }) => load.source),
    inserted: sum(batches, ({ load }) => load.inserted),
    updated: sum(batches, ({ load }) => load.updated),
    unchanged: sum(batches, ({ load }) => load.unchanged),
    quarantined: sum(batches, ({ load }) => load.quarantined),
    excluded: sum(batches, ({ load }) => load.excluded),
    parked: 0,
    parkedBatches: 0,
    changedInTarget: findings.changed_in_target ?? 0,
    deletedInTarget: findings.deleted_in_target ?? 0,
    primary: await tally(`SELECT reason AS name, count(*)::int AS rows ${mine} GROUP BY 1`),
    reasons: await tally(
      `SELECT r AS name, count(DISTINCT legacy_key)::int AS rows
       FROM carryover.quarantine CROSS JOIN LATERAL unnest(reasons) r WHERE last_run = $1 AND state = 'open' GROUP BY 1`,
    ),
    columns,
    references,
  };
}

/** A forecast between two looks at everything that it must not touch. */
async function unseen(mapping: Mapping, batchRows: number): Promise<ForecastCounts> {
  const before = await everything(engine);
  const counts = await forecast(engine, mapping, batchRows);
  expect(await everything(engine)).toEqual(before);
  return counts;
}

describe.each([
  ['case-states', caseStates, 150, ['case_unmapped', 'code_unknown', 'value_invalid', 'value_too_long', 'time_gap']],
  ['messages', messages, 90, ['case_unmapped', 'actor_unmapped', 'value_too_long', 'time_gap', 'time_ambiguous']],
  // Rows point to rows of the same table, of earlier and later batches.
  ['departments', departments, 3, ['case_unmapped', 'value_too_long']],
] as const)('a forecast of %s', (_name, mapping, batchRows, reasons) => {
  it('is what the run then does, and writes nothing', async () => {
    const counts = await unseen(mapping, batchRows);
    expect(counts.batches).toBeGreaterThan(2);
    expect(Object.keys(counts.primary)).toEqual(expect.arrayContaining([...reasons]));
    expect(counts.source).toBe(
      counts.inserted + counts.updated + counts.unchanged + counts.quarantined + counts.excluded,
    );
    expect(comparable(counts)).toEqual(await run(mapping, batchRows));
  });

  it('is so on a target that holds the rows of that run', async () => {
    const counts = await unseen(mapping, batchRows);
    // A row whose parent came in a later batch comes over with the second run.
    expect(counts).toMatchObject({ inserted: mapping === departments ? 2 : 0, updated: 0 });
    expect(comparable(counts)).toEqual(await run(mapping, batchRows));
  });
});

it('counts what has changed on either side since as the run does', async () => {
  await engine.onSource(`UPDATE dispatch_state SET notes = 'anew' WHERE id % 5 = 0`);
  await engine.onTarget(`UPDATE case_states SET notes = 'by another' WHERE legacy_id % 7 = 0`);
  await engine.onTarget('DELETE FROM case_states WHERE legacy_id % 11 = 0');
  await engine.onTarget('ALTER TABLE case_states ADD CONSTRAINT rule CHECK (legacy_id % 100 <> 50) NOT VALID');
  const counts = await unseen(caseStates, 150);
  expect(counts.updated).toBeGreaterThan(10);
  expect(counts.changedInTarget).toBeGreaterThan(10);
  expect(counts.deletedInTarget).toBeGreaterThan(10);
  expect(counts.columns.constraint_rejected?.rule).toBeGreaterThan(0);
  expect(comparable(counts)).toEqual(await run(caseStates, 150));
});

it('leaves out what the mapping leaves out', async () => {
  const some: Mapping = { ...caseStates, source: { ...caseStates.source, where: 'status = 12' } };
  const counts = await unseen(some, 200);
  const [row] = await engine.onSource('SELECT sum(status <> 12) AS others, count(*) AS n FROM dispatch_state');
  expect(counts).toMatchObject({ excluded: Number(row!.others), source: Number(row!.n) });
});

it('forecasts no row for the sake of one that would be parked before it', async () => {
  const add = (code: string, parent: string | null, title: string) =>
    engine.onSource(`INSERT INTO department VALUES (?, ?, ?, '2020-02-29 12:34:56.123456')`, [code, parent, title]);
  for (let index = 10; index < 22; index += 1) await add(`p${index}`, null, 'refused');
  await add('o', null, 'fit, and parked with them');
  await add('z', 'o', 'its parent is parked');
  await engine.onTarget(`ALTER TABLE departments ADD CONSTRAINT rule CHECK (title <> 'refused')`);
  const counts = await unseen(departments, 23);
  expect(counts).toMatchObject({ source: 28, parked: 23, parkedBatches: 1, quarantined: 1, unchanged: 4 });
  expect(counts.primary).toEqual({ case_unmapped: 1 });
});
