/** Validation must find whatever differs between the two sides: each kind of damage is done by hand, and named. */
import { caseStates } from '../../mappings/case-states';
import { messages } from '../../mappings/messages';
import type { Mapping } from '../../mappings/mapping';
import { createCatalog } from '../../mappings/catalog';
import { createEngine, cutAll, loadBatch, never, openRun, refOf } from '../support/engine';
import type { Engine } from '../support/engine';
import { createDepartmentTables, departments } from '../support/third-mapping';
import { CASE, addStates, createClinic, forgetStates } from './clinic';
import { pastTransitions } from '../support/ledger';

let engine: Engine;

/** Loads all rows in one batch; the returned function validates it and tells what was found. */
async function loaded(over: Engine, mapping: Mapping) {
  const plan = await openRun(over, mapping);
  await cutAll(over, mapping, plan);
  const { load } = await loadBatch(over, mapping, refOf(plan, 1));
  return async () => {
    const result = await over.ports.steps.validate(mapping, refOf(plan, 1), never());
    const findings = await over.onTarget<{ kind: string; legacy_key: string }>(
      'SELECT kind, legacy_key FROM carryover.findings WHERE run_id = $1 AND batch = 1 ORDER BY legacy_key, kind',
      [plan.run],
    );
    const [batch] = await over.onTarget<{ state: string; cause: string | null }>(
      'SELECT state, cause FROM carryover.batches WHERE run_id = $1',
      [plan.run],
    );
    return { ...result, load, ...batch, found: findings.map(({ kind, legacy_key }) => `${kind} ${legacy_key}`) };
  };
}

describe('validate, by ranges of an integer key', () => {
  beforeAll(async () => {
    engine = await createClinic();
  });
  afterEach(() => forgetStates(engine));
  afterAll(() => engine?.drop());

  const rows = [
    { id: 1, notes: 'plain', reason: 'a' },
    { id: 2, notes: "tab\tnewline\nbackslash\\ quote' emoji 🦷", status: 12 },
    { id: 3, created_at: '2024-10-27 02:30:00' },
    { id: 4, actor_id: null, on: 0 },
    { id: 5, status: 13, notes: Buffer.from('a\0b') },
    { id: 7 },
  ];
  const set = (assignment: string, id: number): string =>
    `UPDATE case_states SET ${assignment} WHERE legacy_id = ${id}`;

  it('finds nothing where nothing differs', async () => {
    await addStates(engine, rows);
    const outcome = await (await loaded(engine, caseStates))();
    expect(outcome).toMatchObject({ compared: 6, differences: 0, state: 'validated', cause: null, found: [] });
  });

  it.each([
    ['a changed character', set(`notes = 'plaim'`, 1), ['changed 1']],
    ['a lost space at the end', set(`notes = notes || ' '`, 2), ['changed 2']],
    ['an empty text instead of none', set(`reason = ''`, 2), ['changed 2']],
    ['none instead of a text', set('reason = NULL', 1), ['changed 1']],
    ['a swapped state', set(`state = 'treatment_active'`, 2), ['changed 2']],
    ['a state that no code maps to', set(`state = 'intake'`, 1), ['changed 1']],
    ['a time one hour later', set(`changed_at = changed_at + interval '1 hour'`, 1), ['changed 1']],
    ['a time one microsecond later', set(`changed_at = changed_at + interval '1 microsecond'`, 1), ['changed 1']],
    ['the other of two instants of the fold', set(`changed_at = changed_at + interval '1 hour'`, 3), ['changed 3']],
    ['a lost row', 'DELETE FROM case_states WHERE legacy_id = 4', ['missing 4']],
    ['a renumbered row', set('legacy_id = 6', 7), ['extra 6', 'missing 7']],
    ['a changed flag of the lineage', set(`metadata = jsonb_set(metadata, '{source_on}', 'true')`, 4), ['changed 4']],
    [
      'a changed reference of the lineage',
      set(`metadata = jsonb_set(metadata, '{source_instruction_id}', '2')`, 1),
      ['changed 1'],
    ],
    ['a changed code of the lineage', set(`metadata = jsonb_set(metadata, '{source_status}', '12')`, 1), ['changed 1']],
    ['a changed key of the lineage', set(`metadata = jsonb_set(metadata, '{source_state_id}', '2')`, 1), ['changed 1']],
    ['a lineage without a value', set(`metadata = metadata - 'source_on'`, 1), ['changed 1']],
    [
      'a lineage with another hash',
      set(`metadata = jsonb_set(metadata, '{source_row_sha256}', '"00"')`, 1),
      ['changed 1'],
    ],
    [
      'a changed row of the quarantine',
      `UPDATE carryover.quarantine SET source_row = jsonb_set(source_row, '{status}', '"14"')`,
      ['changed 5'],
    ],
    [
      'changed bytes in the quarantine',
      `UPDATE carryover.quarantine SET source_row = jsonb_set(source_row, '{notes,base64}', '"YQFi"')`,
      ['changed 5'],
    ],
    [
      'a quarantined row that is loaded as well',
      `INSERT INTO case_states SELECT gen_random_uuid(), case_id, state, actor_id, true, reason, notes, changed_at, metadata, 5 FROM case_states WHERE legacy_id = 1`,
      ['changed 5', 'stale 5'],
    ],
  ])('finds %s', async (_what, damage, found) => {
    await addStates(engine, rows);
    const validate = await loaded(engine, caseStates);
    await engine.onTarget(damage);
    const outcome = await validate();
    expect(outcome.found).toEqual(found);
    expect(outcome).toMatchObject({ compared: 6, differences: found.length, state: 'parked', cause: 'difference' });
  });

  it('finds a row too many', async () => {
    await addStates(engine, rows);
    const validate = await loaded(engine, caseStates);
    await engine.onTarget(
      `INSERT INTO case_states (id, case_id, state, changed_at, metadata, legacy_id) VALUES (gen_random_uuid(), $1, 'intake', now(), '{}', 6)`,
      [CASE.one],
    );
    expect((await validate()).found).toEqual(['extra 6']);
  });

  it('tells a moved source from a difference', async () => {
    await addStates(engine, rows);
    const validate = await loaded(engine, caseStates);
    await engine.onSource(`UPDATE dispatch_state SET notes = 'later' WHERE id = 1`);
    await engine.onSource('DELETE FROM dispatch_state WHERE id = 4');
    await addStates(engine, [{ id: 6 }]);
    const outcome = await validate();
    expect(outcome).toMatchObject({ compared: 6, differences: 0, state: 'validated' });
    expect(outcome.found).toEqual(['moved 1', 'gone 4', 'new 6']);
  });

  it('writes its findings anew each time', async () => {
    await addStates(engine, rows);
    const validate = await loaded(engine, caseStates);
    await engine.onTarget(set(`notes = 'x'`, 1));
    expect((await validate()).found).toEqual(['changed 1']);
    await engine.onTarget(set(`notes = 'plain'`, 1));
    await engine.onTarget(set(`notes = 'x'`, 2));
    await engine.onTarget(pastTransitions(`UPDATE carryover.batches SET state = 'loaded'`));
    expect((await validate()).found).toEqual(['changed 2']);
  });
});

describe('validate, of a composite key with decimals and dates', () => {
  beforeAll(async () => {
    engine = await createEngine({ sample: { rows: 200, dirty: true } });
  });
  afterAll(() => engine?.drop());

  it('finds each changed column of a row, and nothing else', async () => {
    const validate = await loaded(engine, messages);
    const [row] = await engine.onTarget<{ key: string; id: string }>(
      `SELECT jsonb_build_array(legacy_thread_id::text, legacy_position::text)::text AS key, id FROM messages
       WHERE fee IS NOT NULL AND due_on IS NOT NULL AND read_at IS NOT NULL AND order_id IS NOT NULL LIMIT 1`,
    );
    const kept = await engine.onTarget<Record<string, unknown>>(
      'SELECT to_jsonb(m) AS row FROM messages m WHERE id = $1',
      [row!.id],
    );
    const changes = [
      'fee = fee + 0.01',
      `due_on = due_on + 1`,
      'due_on = NULL',
      `sent_at = sent_at + interval '1 millisecond'`,
      `sent_at = sent_at + interval '1 microsecond'`,
      `read_at = read_at + interval '1 second'`,
      'read_at = NULL',
      'legacy_position = legacy_position + 30000',
      `subject = subject || '.'`,
      `lineage = jsonb_set(lineage, '{source_order_number}', '"other"')`,
    ];
    for (const change of changes) {
      await engine.onTarget(`UPDATE messages SET ${change} WHERE id = $1`, [row!.id]);
      const found = (await validate()).found;
      expect([change, ...found.filter((each) => !each.startsWith('extra'))]).toEqual([
        change,
        `${change.startsWith('legacy') ? 'missing' : 'changed'} ${row!.key}`,
      ]);
      await engine.onTarget(
        `UPDATE messages m SET (fee, due_on, sent_at, read_at, legacy_position, subject, lineage) =
           (SELECT fee, due_on, sent_at, read_at, legacy_position, subject, lineage FROM jsonb_populate_record(NULL::messages, $2)) WHERE id = $1`,
        [row!.id, JSON.stringify(kept[0]!.row)],
      );
      await engine.onTarget(pastTransitions(`UPDATE carryover.batches SET state = 'loaded'`));
    }
    expect((await validate()).found).toEqual([]);
  });
});

describe('validate, of a text key', () => {
  beforeAll(async () => {
    engine = await createEngine({ catalog: createCatalog([departments]) });
    await createDepartmentTables(engine);
  });
  afterAll(() => engine?.drop());

  it('finds changed, lost and renamed rows by their keys', async () => {
    const validate = await loaded(engine, departments);
    const clean = await validate();
    expect(clean).toMatchObject({ differences: 0, state: 'validated', found: [] });
    expect(clean.load.quarantined).toBeGreaterThan(0);
    await engine.onTarget(pastTransitions(`UPDATE carryover.batches SET state = 'loaded'`));
    await engine.onTarget(`UPDATE departments SET title = title || '!' WHERE code = 'b/1'`);
    await engine.onTarget(`DELETE FROM departments WHERE title = 'a key with a tab'`);
    await engine.onTarget(
      `UPDATE carryover.quarantine SET source_row = source_row || '{"title": "other"}' WHERE legacy_key = 'lost'`,
    );
    expect((await validate()).found.sort()).toEqual(['changed b/1', 'changed lost', 'missing t\tab']);
  });
});
