/** The list of a run's batches shows bounds of integer keys alone: any other key is a value of a row. */
import { readBatches } from '../../database/ledger/read-batches';
import { createCatalog } from '../../mappings/catalog';
import { caseStates } from '../../mappings/case-states';
import type { Mapping } from '../../mappings/mapping';
import { BATCH_STATES } from '../../shared/batch-states';
import { createEngine, cutAll, openRun } from '../support/engine';
import type { Engine } from '../support/engine';
import { createDepartmentTables, departments } from '../support/third-mapping';

let engine: Engine;

beforeAll(async () => {
  engine = await createEngine({ sample: { rows: 100 }, catalog: createCatalog([caseStates, departments]) });
  await createDepartmentTables(engine);
});
afterAll(() => engine?.drop());

async function cutRun(mapping: Mapping): Promise<string> {
  const plan = await openRun(engine, mapping, { batchRows: 40 });
  await cutAll(engine, mapping, plan);
  return plan.run;
}

const list = (run: string, limit = 10) => readBatches(engine.target, run, BATCH_STATES, limit);

it('has the bounds of an integer key, in order and within the limit', async () => {
  const run = await cutRun(caseStates);
  const { batches, total } = await list(run);
  const ids = (await engine.onSource('SELECT id FROM dispatch_state ORDER BY id')).map(({ id }) => id!);
  expect(batches.map(({ batch, keys }) => [batch, keys])).toEqual([
    [1, { after: null, to: [ids[39]] }],
    [2, { after: [ids[39]], to: [ids[79]] }],
    [3, { after: [ids[79]], to: [ids[99]] }],
  ]);
  expect(total).toBe(3);
  expect(await list(run, 2)).toMatchObject({ total: 3, batches: [{ batch: 1 }, { batch: 2 }] });
});

it('has none of a text key, even where its values are digits, and none where the ledger does not tell its type', async () => {
  await engine.onSource(`UPDATE department SET code = '4711' WHERE code = (SELECT m FROM (SELECT max(code) AS m FROM department) x)`); // prettier-ignore
  const texts = await list(await cutRun(departments));
  expect(texts.batches.length).toBeGreaterThan(0);
  expect(texts.batches.map(({ keys }) => keys)).toEqual(texts.batches.map(() => null));

  const { rows } = await engine.pool.query<{ run_id: string }>(
    `UPDATE carryover.runs SET source_columns = NULL WHERE migration = 'case-states' RETURNING run_id`,
  );
  const untold = await list(rows[0]!.run_id);
  expect(untold.batches.map(({ keys }) => keys)).toEqual([null, null, null]);
});
