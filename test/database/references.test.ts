/** mapCases, mapActors and the value map: each row's fate by what its lookups and its code say. */
import { caseStates } from '../../mappings/case-states';
import { defineMapping } from '../../mappings/define';
import { migrate } from '../support/engine';
import type { Engine } from '../support/engine';
import { CASE, INSTRUCTION, PROFILE, USER, addStates, createClinic, forgetStates, quarantined } from './clinic';

let engine: Engine;

beforeAll(async () => {
  engine = await createClinic();
});

afterEach(() => forgetStates(engine));
afterAll(() => engine?.drop());

const loaded = <T extends object>(columns: string): Promise<T[]> =>
  engine.onTarget<T>(`SELECT legacy_id::int AS id, ${columns} FROM case_states ORDER BY legacy_id`);

const lookups = (): Promise<object[]> =>
  engine.onTarget('SELECT reference, outcome, rows::int AS rows FROM carryover.lookups ORDER BY 1, 2');

describe('mapCases', () => {
  it('takes exactly one answer, also from two orders of one case, and refuses none and two', async () => {
    await addStates(engine, [
      { id: 1, instruction_id: INSTRUCTION.known },
      { id: 2, instruction_id: INSTRUCTION.other },
      { id: 3, instruction_id: INSTRUCTION.twiceTheSame },
      { id: 4, instruction_id: INSTRUCTION.ambiguous },
      { id: 5, instruction_id: INSTRUCTION.none },
      { id: 6, instruction_id: 4_294_967_295 },
    ]);
    const { batches } = await migrate(engine, caseStates);
    expect(batches[0]!.mapCases).toEqual({ resolved: 3, missing: 3 });
    expect(await loaded('case_id')).toEqual([
      { id: 1, case_id: CASE.one },
      { id: 2, case_id: CASE.two },
      { id: 3, case_id: CASE.one },
    ]);
    expect(await quarantined(engine)).toEqual({ 4: ['case_ambiguous'], 5: ['case_unmapped'], 6: ['case_unmapped'] });
    expect(await lookups()).toEqual([
      { reference: 'actor', outcome: 'resolved', rows: 3 },
      { reference: 'case', outcome: 'ambiguous', rows: 1 },
      { reference: 'case', outcome: 'resolved', rows: 3 },
      { reference: 'case', outcome: 'unmapped', rows: 2 },
    ]);
  });

  it('takes an order without a case for no answer', async () => {
    await engine.onTarget('ALTER TABLE orders ALTER case_id DROP NOT NULL');
    await engine.onTarget(`INSERT INTO orders VALUES (gen_random_uuid(), 50, NULL, 'NULL-1')`);
    await engine.onTarget(`INSERT INTO orders VALUES (gen_random_uuid(), 51, NULL, 'NULL-2')`);
    await engine.onTarget(`INSERT INTO orders VALUES (gen_random_uuid(), 51, $1, 'NULL-3')`, [CASE.two]);
    await addStates(engine, [
      { id: 1, instruction_id: 50 },
      { id: 2, instruction_id: 51 },
    ]);
    await migrate(engine, caseStates);
    expect(await quarantined(engine)).toEqual({ 1: ['case_unmapped'] });
    expect(await loaded('case_id')).toEqual([{ id: 2, case_id: CASE.two }]);
  });
});

describe('mapActors', () => {
  const rows = [
    { id: 1, actor_id: USER.known },
    { id: 2, actor_id: null },
    { id: 3, actor_id: USER.none },
    { id: 4, actor_id: USER.ambiguous },
  ];

  it('loads rows without an actor with null and the flag', async () => {
    await addStates(engine, rows);
    const { batches } = await migrate(engine, caseStates);
    expect(batches[0]!.mapActors).toEqual({ resolved: 1, missing: 3 });
    expect(await loaded('actor_id, is_system_generated AS flag')).toEqual([
      { id: 1, actor_id: PROFILE, flag: false },
      { id: 2, actor_id: null, flag: true },
      { id: 3, actor_id: null, flag: true },
      { id: 4, actor_id: null, flag: true },
    ]);
    expect(await lookups()).toEqual([
      { reference: 'actor', outcome: 'absent', rows: 1 },
      { reference: 'actor', outcome: 'ambiguous', rows: 1 },
      { reference: 'actor', outcome: 'resolved', rows: 1 },
      { reference: 'actor', outcome: 'unmapped', rows: 1 },
      { reference: 'case', outcome: 'resolved', rows: 4 },
    ]);
  });

  it('quarantines them where the mapping says so, null too unless it is optional', async () => {
    const strict = caseStates.actors.map((actor) => ({ ...actor, missing: 'quarantine' as const }));
    const actors = strict.map((actor) => ({ ...actor, flag: undefined }));
    await addStates(engine, rows);
    await migrate(engine, defineMapping({ ...caseStates, actors }));
    expect((await loaded<{ id: number }>('actor_id')).map(({ id }) => id)).toEqual([1]);
    expect(await quarantined(engine)).toEqual({
      2: ['actor_unmapped'],
      3: ['actor_unmapped'],
      4: ['actor_ambiguous'],
    });
    const optional = strict.map((actor) => ({ ...actor, optional: true }));
    await migrate(engine, defineMapping({ ...caseStates, actors: optional }));
    expect(await loaded('actor_id, is_system_generated AS flag')).toEqual([
      { id: 1, actor_id: PROFILE, flag: false },
      { id: 2, actor_id: null, flag: true },
    ]);
  });
});

describe('the value map', () => {
  it('gives each code its state and refuses the unknown ones', async () => {
    await addStates(
      engine,
      [11, 12, 13, 0, -11, 1, 111].map((status, index) => ({ id: index + 1, status })),
    );
    await migrate(engine, caseStates);
    expect(await loaded('state')).toEqual([
      { id: 1, state: 'treatment_active' },
      { id: 2, state: 'case_closed' },
    ]);
    const unknown = ['code_unknown'];
    expect(await quarantined(engine)).toEqual({ 3: unknown, 4: unknown, 5: unknown, 6: unknown, 7: unknown });
  });

  it('gives unknown codes one state where the mapping says so', async () => {
    const columns = caseStates.columns.map((rule) =>
      rule.convert.kind === 'code' ? { ...rule, convert: { ...rule.convert, unknown: { value: 'intake' } } } : rule,
    );
    await addStates(
      engine,
      [11, 13].map((status, index) => ({ id: index + 1, status })),
    );
    const { headline } = await migrate(engine, defineMapping({ ...caseStates, columns }));
    expect(headline.verdict).toBe('proven');
    expect(await loaded('state')).toEqual([
      { id: 1, state: 'treatment_active' },
      { id: 2, state: 'intake' },
    ]);
  });
});
