/** What a verification could pass over: each once came out proven, or as a fault where nothing is wrong. */
import { openSource } from '../../database/source/open-source';
import type { Point } from '../../database/points';
import { caseStates } from '../../mappings/case-states';
import { createCatalog } from '../../mappings/catalog';
import type { Mapping } from '../../mappings/mapping';
import { messages } from '../../mappings/messages';
import { carryBatch, createEngine, cutAll, migrate, openRun, refOf, refusal } from '../support/engine';
import type { Engine } from '../support/engine';
import type { RunPlan } from '../../shared/messages';
import { startVerification, verify } from '../support/verification';
import type { Finding } from '../support/verification';
import { createDepartmentTables, departments } from '../support/third-mapping';
import { FORGE } from './plantings';

let engine: Engine;
beforeEach(async () => {
  engine = await createEngine({ sample: { rows: 300, dirty: true } });
});
afterEach(() => engine?.drop());

const kinds = (findings: readonly Finding[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { kind } of findings) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
};

const someKeys = async (count: number): Promise<string[]> =>
  (
    await engine.onTarget<{ key: string }>(
      `SELECT legacy_id::text AS key FROM case_states ORDER BY legacy_id OFFSET 20 LIMIT ${count}`,
    )
  ).map(({ key }) => key);

const insertLike = (key: string, id: number): Promise<unknown> =>
  engine.onSource(
    'INSERT INTO dispatch_state (id, instruction_id, status, `on`, actor_id, created_at) ' +
      'SELECT ?, instruction_id, status, `on`, actor_id, created_at FROM dispatch_state WHERE id = ?',
    [id, key],
  );

/** Skips the first batch of a run and carries the others: two ranges, of which the first is not settled. */
async function leaveFirstOut(plan: RunPlan, cut: readonly number[]): Promise<void> {
  const { run, migration, epoch } = plan;
  const { runs } = engine.ports;
  await runs.park(refOf(plan, 1), 'no room');
  await runs.decide(
    { run, migration, epoch, verb: 'skipBatch', update: 'u', batches: [1], reason: 'not wanted' },
    { workflow: 'test', workflowRun: 'first' },
  );
  for (const index of cut.keys()) if (index > 0) await carryBatch(engine, caseStates, refOf(plan, index + 1));
}

describe('a reference that must be answered', () => {
  const withOrder = (change: Partial<Mapping['cases'][number]>): Mapping => ({
    ...messages,
    cases: messages.cases.map((reference) => ({ ...reference, ...change })),
  });

  it('is not to be loaded as NULL', async () => {
    await migrate(engine, withOrder({ missing: 'null' }));
    const found = await verify(engine, messages, true);
    expect(found.verdict).toBe('not_proven');
    expect(kinds(found.findings)).toEqual({ stale: found.findings.length });
  });

  it('and is optional, may be NULL: no reason to hold a row back', async () => {
    await migrate(engine, withOrder({ optional: false }));
    const found = await verify(engine, messages, true);
    expect(found.verdict).toBe('not_proven');
    expect(kinds(found.findings)).toEqual({ stale: found.findings.length });
  });
});

describe('a source', () => {
  it('that is empty proves nothing', async () => {
    await migrate(engine, caseStates);
    await engine.onSource('DELETE FROM dispatch_state');
    expect((await verify(engine, caseStates)).verdict).toBe('not_proven');
  });

  it('that is not the one that the run read is refused', async () => {
    await migrate(engine, caseStates);
    await engine.onTarget(`UPDATE carryover.runs SET source_identity = '{"server": "another", "schema": "clinic"}'`);
    const error = await refusal(verify(engine, caseStates));
    expect(error.type).toBe('MappingChanged');
    expect(error.message).toContain('the source server or schema');
  });

  it('whose rows the mapping leaves out by now makes those that are loaded stale', async () => {
    await migrate(engine, caseStates);
    const [key] = await someKeys(1);
    const narrower = { ...caseStates, source: { ...caseStates.source, where: `\`id\` <> ${key}` } };
    const found = await verify(engine, narrower);
    expect(found.findings).toEqual([{ kind: 'stale', key, columns: [] }]);
    expect(found.verdict).toBe('not_proven');
  });

  it('that lost rows before the latest run is no fault of the ledger', async () => {
    await migrate(engine, caseStates, 70);
    const gone = await someKeys(5);
    await engine.onSource(`DELETE FROM dispatch_state WHERE id IN (${gone.join(', ')})`);
    await migrate(engine, caseStates, 70);
    const found = await verify(engine, caseStates);
    expect(found).toMatchObject({ verdict: 'proven_with_exceptions', faults: {}, defects: 0, moved: 5 });
    expect(kinds(found.findings)).toEqual({ gone: 5 });
  });

  it('that is written to between two looks at a range does not unbalance it', async () => {
    await migrate(engine, caseStates);
    const [key] = await someKeys(1);
    await insertLike(key!, 4_100_000_001);
    let inserted = false;
    const source = openSource(engine.sourceUrl, 4, async (point: Point, moment) => {
      if (point !== 'verify.sourceRows' || moment !== 'before' || inserted) return;
      inserted = true;
      await insertLike(key!, 4_100_000_002);
    });
    try {
      const found = await verify(engine.as(source, engine.target), caseStates);
      expect(inserted).toBe(true);
      expect(kinds(found.findings)).toEqual({ new: 2 });
      expect(found).toMatchObject({ faults: {}, defects: 0 });
    } finally {
      await source.close();
    }
  });
});

describe('a run that is not whole when its verification is planned', () => {
  it('stays so, also where it ends meanwhile', async () => {
    await migrate(engine, caseStates, 70);
    const plan = await openRun(engine, caseStates, { batchRows: 70 });
    const cut = await cutAll(engine, caseStates, plan);
    const batches = cut.map((_rows, index) => index + 1);
    for (const batch of batches.slice(1)) await carryBatch(engine, caseStates, refOf(plan, batch));
    const verification = await startVerification(engine, caseStates, true);
    await verification.look();
    await carryBatch(engine, caseStates, refOf(plan, 1));
    const found = await verification.finish();
    expect(found).toMatchObject({ verdict: 'not_proven', faults: {}, defects: 0 });
  });

  it('is told of what is wrong with rows that an earlier run has loaded, and of no fault beside', async () => {
    await engine.onTarget(FORGE);
    await migrate(engine, caseStates, 70);
    const plan = await openRun(engine, caseStates, { batchRows: 70 });
    const cut = await cutAll(engine, caseStates, plan);
    const [key] = await someKeys(1);
    await engine.onTarget(
      `UPDATE case_states SET id = gen_random_uuid() WHERE legacy_id = ${key}; SELECT forge(${key})`,
    );
    await leaveFirstOut(plan, cut);
    const found = await verify(engine, caseStates);
    expect(found.findings).toEqual([{ kind: 'changed', key, columns: ['case_states.id'] }]);
    expect(found).toMatchObject({ faults: {}, defects: 1 });
  });
});

describe('rows that no range names', () => {
  it('without a key are extra, each of them', async () => {
    await migrate(engine, caseStates);
    await engine.onTarget(`ALTER TABLE case_states ALTER legacy_id DROP NOT NULL;
      INSERT INTO case_states (id, case_id, state, changed_at, metadata)
      SELECT gen_random_uuid(), case_id, state, changed_at, '{}' FROM case_states LIMIT 2`);
    const found = await verify(engine, caseStates, true);
    expect(found.findings).toEqual(Array.from({ length: 2 }, () => ({ kind: 'extra', key: null, columns: [] })));
    expect(found.faults.duplicates).toBeUndefined();
  });

  it('in quarantine under a key that is no number are extra', async () => {
    await migrate(engine, caseStates, 70);
    const plan = await openRun(engine, caseStates, { batchRows: 70 });
    await leaveFirstOut(plan, await cutAll(engine, caseStates, plan));
    await engine.onTarget(`INSERT INTO carryover.quarantine (migration, legacy_key, reason, reasons, columns, source_row,
        source_row_sha256, target_id, first_run, first_batch, last_run, last_batch)
      SELECT migration, 'x', reason, reasons, columns, source_row, source_row_sha256, target_id, first_run, first_batch,
        last_run, last_batch FROM carryover.quarantine WHERE reason = 'case_unmapped' LIMIT 1`);
    const found = await verify(engine, caseStates, true);
    expect(found.findings.map(({ key }) => key)).toEqual(['x']);
    expect(found.verdict).toBe('not_proven');
  });
});

it('a workflow that runs again looks again', async () => {
  await migrate(engine, caseStates);
  const first = await startVerification(engine, caseStates, true, 'one run');
  await first.look();
  expect((await first.finish()).verdict).toBe('proven_with_exceptions');
  const [key] = await someKeys(1);
  await engine.onTarget(`DELETE FROM case_states WHERE legacy_id = ${key}`);
  const again = await startVerification(engine, caseStates, true, 'one run');
  expect(again.verification).toBe(first.verification);
  const second = await startVerification(engine, caseStates, true, 'the next');
  await second.look();
  expect((await second.finish()).verdict).toBe('not_proven');
});

it('a row that is said to have no parent in its own table, whose parent had come before it', async () => {
  const third = await createEngine({ catalog: createCatalog([departments]) });
  try {
    await createDepartmentTables(third);
    // Of all that are set aside, one waits for a parent that came later, and that is no fault.
    await migrate(third, departments, 2);
    const found = await verify(third, departments, true);
    expect([found.verdict, found.findings]).toEqual(['proven_with_exceptions', []]);
    await third.onTarget(
      `WITH child AS (DELETE FROM departments WHERE code = 'Ä-2' RETURNING *),
         own AS (SELECT run_id, batch FROM carryover.inserted_keys WHERE 'Ä-2' = ANY (legacy_keys))
       INSERT INTO carryover.quarantine (migration, legacy_key, reason, reasons, columns, source_row, source_row_sha256,
         target_id, first_run, first_batch, last_run, last_batch)
       SELECT 'departments', code, 'case_unmapped', '{case_unmapped}', '{parent_code}',
         jsonb_build_object('code', code, 'title', title, 'parent_code', 'b/1', 'opened_at', '2020-02-29 12:34:56.123456'),
         lineage ->> 'source_row_sha256', id, run_id, batch, run_id, batch FROM child, own`,
    );
    const wrong = await verify(third, departments, true);
    expect(wrong.findings).toEqual([{ kind: 'stale', key: 'Ä-2', columns: ['parent_code'] }]);
    await third.onTarget(`UPDATE carryover.quarantine SET last_batch = 0 WHERE legacy_key = 'Ä-2'`);
    expect((await verify(third, departments, true)).findings).toEqual([]);
  } finally {
    await third.drop();
  }
});
