/** What the closing checks find that no batch can see, and values that no comparison of both sides would show. */
import { createCatalog } from '../../mappings/catalog';
import { caseStates } from '../../mappings/case-states';
import { messages } from '../../mappings/messages';
import type { Mapping } from '../../mappings/mapping';
import { carryBatch, createEngine, cutAll, migrate, openRun, refOf } from '../support/engine';
import type { Engine } from '../support/engine';
import { checkRun } from '../support/closing';
import { CASE, INSTRUCTION, USER, addStates, createClinic, forgetStates } from './clinic';

const checkOf = async (
  engine: Engine,
  change: string,
  values: unknown[] = [],
  batchRows = 100,
): Promise<Record<string, number>> => {
  const plan = await openRun(engine, caseStates, { batchRows });
  for (const index of (await cutAll(engine, caseStates, plan)).keys()) {
    await carryBatch(engine, caseStates, refOf(plan, index + 1));
  }
  await engine.onTarget(change, values);
  await checkRun(engine, caseStates, plan);
  const { verdict } = await engine.ports.runs.finish(plan.run, plan.epoch);
  const found = await engine.onTarget<{ name: string; found: string }>(
    'SELECT name, found FROM carryover.checks WHERE run_id = $1 AND found > 0 ORDER BY position',
    [plan.run],
  );
  expect(verdict).toBe(found.length > 0 ? 'not_proven' : 'proven_with_exceptions');
  return Object.fromEntries(found.map(({ name, found: faults }) => [name, Number(faults)]));
};

describe('the checks of a run', () => {
  let engine: Engine;

  beforeAll(async () => (engine = await createClinic()));
  beforeEach(() =>
    addStates(engine, [
      { id: 1 },
      { id: 2, actor_id: null },
      { id: 3, instruction_id: INSTRUCTION.none },
      { id: 4, instruction_id: INSTRUCTION.ambiguous },
      { id: 5, status: 13 },
      { id: 6, actor_id: USER.ambiguous },
    ]),
  );
  afterEach(async () => {
    await forgetStates(engine);
    await engine.onTarget(`DELETE FROM orders WHERE order_number = 'LATE'`);
  });
  afterAll(() => engine?.drop());

  it('find nothing where every reason holds', async () => {
    expect(await checkOf(engine, 'SELECT 1')).toEqual({});
  });

  it('find a row whose case there is after all', async () => {
    const order = `INSERT INTO orders VALUES (gen_random_uuid(), $1, $2, 'LATE')`;
    expect(await checkOf(engine, order, [INSTRUCTION.none, CASE.two])).toEqual({ quarantine: 1 });
  });

  it('find a row that is called ambiguous and is not', async () => {
    const reason = `UPDATE carryover.quarantine SET reasons = '{case_ambiguous}' WHERE legacy_key = '3'`;
    expect(await checkOf(engine, reason)).toEqual({ quarantine: 1 });
  });

  it('find a code that is called unknown and is listed', async () => {
    const reason = `UPDATE carryover.quarantine SET reasons = '{code_unknown}', columns = '{status}' WHERE legacy_key = '3'`;
    expect(await checkOf(engine, reason)).toEqual({ quarantine: 1 });
  });

  it('find that the ledger lost a row that the run sent to quarantine', async () => {
    const lost = `DELETE FROM carryover.quarantine_occurrences WHERE legacy_key = '5'`;
    expect(await checkOf(engine, lost)).toEqual({ ledger: 1 });
  });

  it('find a row that somebody took out of quarantine', async () => {
    const lost = `WITH o AS (DELETE FROM carryover.quarantine_occurrences WHERE legacy_key = '5')
      DELETE FROM carryover.quarantine WHERE legacy_key = '5'`;
    expect(await checkOf(engine, lost)).toMatchObject({ rows: 1 });
  });

  // Rows of the source that no batch holds pass for new.
  it.each([
    ['in between', 2, 1],
    ['at the end', 3, 1],
    ['at the beginning', 1, 2],
  ])('find a batch that the ledger lost with its rows, %s', async (_where, batch, faults) => {
    const lost = `WITH lost AS (
        DELETE FROM carryover.batches WHERE batch = ${batch} RETURNING run_id, batch),
      occurrences AS (DELETE FROM carryover.quarantine_occurrences o USING lost l WHERE o.run_id = l.run_id AND o.batch = l.batch
        RETURNING o.legacy_key),
      quarantine AS (DELETE FROM carryover.quarantine q USING occurrences o WHERE q.legacy_key = o.legacy_key),
      lookups AS (DELETE FROM carryover.lookups k USING lost l WHERE k.run_id = l.run_id AND k.batch = l.batch),
      keys AS (DELETE FROM carryover.inserted_keys k USING lost l WHERE k.run_id = l.run_id AND k.batch = l.batch
        RETURNING legacy_keys)
      DELETE FROM case_states s USING keys k WHERE s.legacy_id::text = ANY (k.legacy_keys)`;
    expect(await checkOf(engine, lost, [], 2)).toEqual({ ledger: faults });
  });

  it('find a reference that its lookup does not bear out', async () => {
    const moved = 'UPDATE orders SET case_id = $1 WHERE instruction_id = $2';
    expect(await checkOf(engine, moved, [CASE.two, INSTRUCTION.known])).toEqual({ references: 3 });
    await engine.onTarget(moved, [CASE.one, INSTRUCTION.known]);
  });

  it('find a reference that another writer changed', async () => {
    const change = 'UPDATE case_states SET case_id = $1 WHERE legacy_id = 1';
    expect(await checkOf(engine, change, [CASE.two])).toEqual({ rows: 1 });
  });

  it('find an actor that was lost', async () => {
    expect(await checkOf(engine, 'UPDATE case_states SET actor_id = NULL WHERE legacy_id = 1')).toEqual({ rows: 1 });
  });

  it('find lineage that is not complete', async () => {
    const lineage = `UPDATE case_states SET metadata = metadata - 'source_on' WHERE legacy_id = 1`;
    expect(await checkOf(engine, lineage)).toEqual({ metadata: 1, rows: 1 });
  });
});

describe('a decimal wider than its mapping', () => {
  it('goes to quarantine as it is, where a cast by the server would have clamped it', async () => {
    const narrow: Mapping = {
      ...messages,
      columns: messages.columns.map((rule) =>
        rule.source === 'fee' ? { ...rule, convert: { kind: 'decimal', precision: 6, scale: 2 } } : rule,
      ),
    };
    const engine = await createEngine({ sample: { rows: 200 }, catalog: createCatalog([narrow]) });
    try {
      await engine.onSource('UPDATE message SET fee = NULL');
      await engine.onSource('UPDATE message SET fee = 123456.78 ORDER BY thread_id, position LIMIT 1');
      const { headline } = await migrate(engine, narrow);
      expect(headline).toMatchObject({ quarantined: 1, verdict: 'proven_with_exceptions' });
      expect(
        await engine.onTarget(`SELECT reason, columns, source_row ->> 'fee' AS fee FROM carryover.quarantine`),
      ).toEqual([{ reason: 'value_invalid', columns: ['fee'], fee: '123456.78' }]);
    } finally {
      await engine.drop();
    }
  });
});
