/** Rows that were erased on both sides: each is told of by its key, and a re-sync takes it off the balance, whatever the policy. */
import { caseStates } from '../../mappings/case-states';
import { createCatalog } from '../../mappings/catalog';
import type { Mapping } from '../../mappings/mapping';
import { messages } from '../../mappings/messages';
import { createEngine, migrate } from '../support/engine';
import type { Engine } from '../support/engine';
import { resync, undo } from '../support/resync';
import { createDepartmentTables, departments } from '../support/third-mapping';
import { verify } from '../support/verification';
import { balance, contents, keysOf } from './repair-fixture';

let engine: Engine;
beforeEach(async () => {
  engine = await createEngine({
    sample: { rows: 600, dirty: true },
    catalog: createCatalog([caseStates, messages, departments]),
  });
});
afterEach(() => engine?.drop());

const deleting: Mapping = { ...caseStates, gone: { policy: 'delete' } };
const marking: Mapping = { ...caseStates, gone: { policy: 'mark', column: 'gone_since' } };

const eraseFromTarget = (keys: readonly string[]): Promise<unknown> =>
  engine.onTarget('DELETE FROM case_states WHERE legacy_id::text = ANY ($1)', [keys]);
const erase = async (keys: readonly string[]): Promise<void> => {
  await engine.onSource('DELETE FROM dispatch_state WHERE id IN (?)', [keys]);
  await eraseFromTarget(keys);
};

const sourceRows = async (table = 'dispatch_state'): Promise<number> =>
  Number((await engine.onSource(`SELECT count(*) AS count FROM ${table}`))[0]!.count);

const closed = { complete: true, adds_up: true, pending: 0 };
const gone = (keys: readonly string[]): unknown => [...keys].sort().map((key) => ({ kind: 'gone', key, columns: [] }));
const byKey = (findings: readonly { readonly key: string | null }[]): unknown =>
  [...findings].sort((a, b) => (a.key! < b.key! ? -1 : 1));

describe.each([
  ['reported', caseStates],
  ['deleted', deleting],
  ['marked', marking],
])('where rows that are gone are %s', (_policy, mapping) => {
  it('tells of each by its key, and counts it no more', async () => {
    if (mapping === marking) await engine.onTarget('ALTER TABLE case_states ADD COLUMN gone_since timestamptz');
    await migrate(engine, mapping, 90);
    const keys = (await keysOf(engine, 'case_states', 'true', 300)).filter((_key, index) => index % 100 === 7);
    expect(keys).toHaveLength(3);
    await erase(keys);
    const told = await verify(engine, mapping);
    expect(byKey(told.findings)).toEqual(gone(keys));
    expect(told).toMatchObject({ faults: {}, defects: 0, moved: 3, verdict: 'proven_with_exceptions' });
    expect((await verify(engine, mapping, true)).verdict).toBe('not_proven');

    const before = await contents(engine, 'case_states');
    const { headline, taken, plan } = await resync(engine, mapping);
    expect(taken).toMatchObject({ keys: 3, gone: 3 });
    expect(headline).toMatchObject({ inserted: 0, updated: 0, findings: 0, verdict: 'proven_with_exceptions' });
    expect(await engine.onTarget('SELECT kept FROM carryover.runs WHERE run_id = $1', [plan.run])).toEqual([
      { kept: {} },
    ]);
    const [report] = await engine.onTarget<{ erased: number; away: number }>(
      `SELECT (report -> 'again' ->> 'erased')::int AS erased, (report -> 'again' ->> 'takenAway')::int AS away
       FROM carryover.runs WHERE run_id = $1`,
      [plan.run],
    );
    expect(report).toEqual({ erased: 3, away: 0 });
    expect(await contents(engine, 'case_states')).toEqual(before);
    expect(await balance(engine)).toMatchObject({ source: await sourceRows(), ...closed });
    expect(await verify(engine, mapping, true)).toMatchObject({ findings: [], faults: {} });
    expect((await resync(engine, mapping)).taken).toMatchObject({ keys: 0, gone: 0 });
  });
});

it('is loaded as if it were new where it comes back', async () => {
  await migrate(engine, deleting, 90);
  const keys = await keysOf(engine, 'case_states', 'true', 2);
  await engine.onSource('CREATE TABLE hidden AS SELECT * FROM dispatch_state WHERE id IN (?)', [keys]);
  await erase(keys);
  await resync(engine, deleting);
  await engine.onSource('INSERT INTO dispatch_state SELECT * FROM hidden');
  await engine.onSource('DROP TABLE hidden');
  expect((await verify(engine, deleting)).findings.map(({ kind }) => kind)).toEqual(['new', 'new']);
  expect((await resync(engine, deleting)).headline).toMatchObject({ inserted: 2, findings: 0 });
  expect(await balance(engine)).toMatchObject({ source: await sourceRows(), ...closed });
  expect(await verify(engine, deleting, true)).toMatchObject({ findings: [], faults: {} });
});

it('is no row that went before the full run, whoever had written it', async () => {
  await migrate(engine, deleting, 90);
  const [first, early, late, deletedHere] = await keysOf(engine, 'case_states', 'true', 4);
  await erase([first!, early!]);
  await migrate(engine, deleting, 90);
  expect(await verify(engine, deleting, true)).toMatchObject({ findings: [], faults: {} });

  // The full run met it, and wrote nothing of it.
  await erase([late!]);
  await eraseFromTarget([deletedHere!]);
  const { findings, faults } = await verify(engine, deleting);
  expect(faults).toEqual({});
  expect(findings.map(({ kind }) => kind).sort()).toEqual(['deleted_in_target', 'gone']);
  // Which of the two that it may be nobody knows, but that it was none below the run's bounds.
  expect([early, late]).toContain(findings.find(({ kind }) => kind === 'gone')!.key);
  const { headline } = await resync(engine, deleting, { maxDeletes: 0.5 });
  // The other is still missed.
  expect(headline).toMatchObject({ findings: 1, verdict: 'not_proven' });
  expect((await verify(engine, deleting)).findings).toMatchObject([{ kind: 'deleted_in_target', key: deletedHere }]);
  expect(await balance(engine)).toMatchObject({ source: await sourceRows(), ...closed });
});

it('is no row that the full run had not met, and that was taken out by hand', async () => {
  await migrate(engine, deleting, 90);
  const [unmet, erased] = await keysOf(engine, 'case_states', 'true', 12).then((keys) => keys.slice(10));
  await engine.onSource('DELETE FROM dispatch_state WHERE id = ?', [unmet]);
  await migrate(engine, deleting, 90);
  await eraseFromTarget([unmet!]);
  await erase([erased!]);
  expect((await verify(engine, deleting)).findings).toEqual(gone([erased!]));
  await resync(engine, deleting);
  expect(await balance(engine)).toMatchObject({ source: await sourceRows(), ...closed });
  expect(await verify(engine, deleting, true)).toMatchObject({ findings: [], faults: {} });
});

it('is no row that the mapping leaves out by now, which the source may have', async () => {
  await migrate(engine, deleting, 90);
  const [key] = await keysOf(engine, 'case_states', `notes <> 'left out'`, 1);
  await engine.onSource(`UPDATE dispatch_state SET notes = 'left out' WHERE id = ?`, [key]);
  await eraseFromTarget([key!]);
  const choosing: Mapping = {
    ...deleting,
    source: { ...deleting.source, where: `notes IS NULL OR notes <> 'left out'` },
  };
  const { findings, faults, verdict } = await verify(engine, choosing);
  expect([findings, faults, verdict]).toEqual([[], { ledger: 1 }, 'not_proven']);
});

it('is taken off the balance also where another writer had marked it as gone', async () => {
  await engine.onTarget('ALTER TABLE case_states ADD COLUMN gone_since timestamptz');
  await migrate(engine, marking, 90);
  const [key] = await keysOf(engine, 'case_states', 'true', 1);
  await engine.onSource('DELETE FROM dispatch_state WHERE id = ?', [key]);
  await engine.onTarget('UPDATE case_states SET gone_since = now() WHERE legacy_id = $1', [key]);
  await resync(engine, marking);
  expect(await balance(engine)).toMatchObject({ source: await sourceRows(), ...closed });
  expect(await verify(engine, marking, true)).toMatchObject({ findings: [], faults: {} });
});

it('proves nothing where all rows are', async () => {
  await migrate(engine, deleting, 90);
  // With nothing in quarantine, both sides are empty in the end.
  const held = await engine.onTarget<{ key: string }>('SELECT legacy_key AS key FROM carryover.quarantine');
  await engine.onSource('DELETE FROM dispatch_state WHERE id IN (?)', [held.map(({ key }) => key)]);
  await resync(engine, deleting);
  expect(await balance(engine)).toMatchObject({ quarantined: 0, source: await sourceRows(), ...closed });
  await engine.onSource('DELETE FROM dispatch_state');
  await engine.onTarget('TRUNCATE case_states');
  expect(await verify(engine, deleting)).toMatchObject({
    verdict: 'not_proven',
    faults: {},
    defects: 0,
    source: 0,
    loaded: 0,
    quarantined: 0,
  });
  await expect(resync(engine, deleting)).rejects.toThrow(/all .* loaded rows are gone from the source/);
});

it('is counted as a fault where nothing says which row it was', async () => {
  await migrate(engine, caseStates, 90);
  const keys = await keysOf(engine, 'case_states', 'true', 2);
  await erase(keys);
  await engine.onTarget('UPDATE carryover.inserted_keys SET legacy_keys = array_remove(legacy_keys, $1)', [keys[0]]);
  const { findings, faults, verdict } = await verify(engine, caseStates);
  expect(findings).toEqual(gone([keys[1]!]));
  expect([faults, verdict]).toEqual([{ ledger: 1 }, 'not_proven']);
});

it('is pending after an undo of the run that had loaded it, until the next run asks the source', async () => {
  await migrate(engine, deleting, 90);
  await engine.onSource(`UPDATE dispatch_state SET notes = 'changed since' ORDER BY id LIMIT 5`);
  const { plan } = await resync(engine, deleting);
  const keys = await keysOf(engine, 'case_states', `notes = 'changed since'`, 2);
  await erase(keys);
  await resync(engine, deleting);
  // What that wrote is still the latest: to note that a row is nowhere writes nothing.
  await undo(engine, deleting, plan.run);
  expect((await resync(engine, deleting)).headline).toMatchObject({ updated: 3, findings: 0, pending: 0 });
  expect(await balance(engine)).toMatchObject({ source: await sourceRows(), ...closed });
  expect(await verify(engine, deleting, true)).toMatchObject({ findings: [], faults: {} });
});

it.each([
  ['reported', caseStates],
  ['deleted', deleting],
])('has a brake, where rows that are gone are %s', async (_policy, mapping) => {
  await migrate(engine, mapping, 90);
  await erase(await keysOf(engine, 'case_states', 'true', 20));
  // Those that are only reported are none of its business.
  if (mapping === caseStates) {
    await engine.onSource('DELETE FROM dispatch_state WHERE id IN (?)', [
      await keysOf(engine, 'case_states', 'true', 30),
    ]);
  }
  await expect(resync(engine, mapping)).rejects.toThrow(/20 .*gone from the source/);
  await engine.onTarget(`UPDATE carryover.runs SET state = 'abandoned', finished_at = now() WHERE state = 'open'`);
  const { headline, taken } = await resync(engine, mapping, { maxDeletes: 0.05 });
  expect(taken.keys).toBe(20);
  expect(headline.findings).toBe(0);
});

it('is told of by keys of several parts, and by texts', async () => {
  await createDepartmentTables(engine);
  await migrate(engine, messages, 90);
  await migrate(engine, departments, 90);
  const [{ thread, position }] = (await engine.onTarget(
    'SELECT legacy_thread_id::text AS thread, legacy_position::text AS position FROM messages ORDER BY 1, 2 LIMIT 1',
  )) as [{ thread: string; position: string }];
  await engine.onSource('DELETE FROM message WHERE thread_id = ? AND position = ?', [thread, position]);
  await engine.onTarget('DELETE FROM messages WHERE legacy_thread_id = $1 AND legacy_position = $2', [
    thread,
    position,
  ]);
  // Nobody refers to it.
  await engine.onSource(`DELETE FROM department WHERE code = 't\\tab'`);
  await engine.onTarget(`DELETE FROM departments WHERE code = E't\\tab'`);
  const told = async (mapping: Mapping): Promise<unknown> => {
    const { findings, faults } = await verify(engine, mapping);
    return { findings: findings.map(({ kind, key }) => `${kind} ${key}`), faults };
  };
  expect(await told(messages)).toEqual({ findings: [`gone ["${thread}", "${position}"]`], faults: {} });
  expect(await told(departments)).toEqual({ findings: ['gone t\tab'], faults: {} });
  for (const mapping of [messages, departments]) {
    const { headline } = await resync(engine, mapping, { maxDeletes: 0.2 });
    expect(headline).toMatchObject({ inserted: 0, updated: 0, findings: 0 });
    expect(await told(mapping)).toEqual({ findings: [], faults: {} });
  }
});
