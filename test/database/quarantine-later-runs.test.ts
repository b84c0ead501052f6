/** Later runs leave dismissed rows out, whether they are fit by then or not, as long as the source has them as they were. */
import { caseStates } from '../../mappings/case-states';
import { createCatalog } from '../../mappings/catalog';
import { messages } from '../../mappings/messages';
import {
  carryBatch,
  createEngine,
  cutAll,
  loadBatch,
  migrate,
  never,
  openRun,
  refOf,
  repair,
  replay,
  retryBatches,
} from '../support/engine';
import type { Engine } from '../support/engine';
import { createDepartmentTables, departments } from '../support/third-mapping';
import { verify } from '../support/verification';
import { BRING_ORDERS, decide, lines, misnoted, present, withDismissed } from './quarantine-fixture';

let engine: Engine;
beforeEach(async () => {
  engine = await createEngine({ sample: { rows: 400, dirty: true } });
});
afterEach(() => engine?.drop());

it('leaves them out of a later full run, of a replay and of a repair, whether they are fit by then or not', async () => {
  await migrate(engine, caseStates, 90);
  const held = await lines(engine, 'open');
  const unmapped = held.filter(({ reason }) => reason === 'case_unmapped').slice(0, 3);
  const unknown = held.filter(({ reason }) => reason === 'code_unknown').slice(0, 1);
  const chosen = [...unmapped, ...unknown];
  await decide(engine, 'dismiss', { rows: chosen.map(({ number }) => number) });
  const decided = await present(engine);
  // By now they could be loaded; another, which nobody dismissed, is.
  await engine.onTarget(BRING_ORDERS);
  const replayed = await replay(engine, caseStates, { batchRows: 20 });
  expect(replayed.headline).toMatchObject({ verdict: 'proven_with_exceptions', findings: 0 });
  expect(replayed.headline.excluded).toBe(chosen.length);
  const keys = chosen.map(({ key }) => key);
  const state = async (): Promise<string[]> =>
    (await lines(engine, 'dismissed')).filter(({ key }) => keys.includes(key)).map(({ key }) => key);
  expect(await state()).toHaveLength(chosen.length);

  const again = await migrate(engine, caseStates, 70);
  expect(again.headline).toMatchObject({
    verdict: 'proven_with_exceptions',
    excluded: chosen.length,
    inserted: 0,
    findings: 0,
    quarantined: replayed.headline.quarantined,
  });
  expect(await state()).toHaveLength(chosen.length);
  // Each batch compared them with the source as well: none of them is news to it.
  expect(await engine.onTarget('SELECT kind FROM carryover.findings WHERE run_id = $1', [again.plan.run])).toEqual([]);
  expect(await engine.onTarget('SELECT 1 FROM case_states WHERE legacy_id = ANY ($1::bigint[])', [keys])).toEqual([]);
  expect(await present(engine)).toMatchObject({
    excluded: chosen.length,
    decided: chosen.length,
    closed: true,
    complete: true,
  });
  expect(decided).toMatchObject({ excluded: chosen.length });
  expect(await misnoted(engine)).toEqual([]);

  // Taken back after that run: its batches count it as left out, and the decision moves it.
  await decide(engine, 'restore', { rows: [unmapped[0]!.number] });
  expect(await present(engine)).toMatchObject({
    excluded: chosen.length - 1,
    quarantined: replayed.headline.quarantined + 1,
    closed: true,
  });
  // Its reason is gone, which a verification says, and a replay brings it over.
  expect((await verify(engine, caseStates, true)).findings).toMatchObject([{ kind: 'stale', key: unmapped[0]!.key }]);
  const last = await replay(engine, caseStates);
  expect(last.headline).toMatchObject({ inserted: 1, findings: 0, excluded: chosen.length - 1 });
  expect(await present(engine)).toMatchObject({
    closed: true,
    complete: true,
    quarantined: replayed.headline.quarantined,
  });
});

it('leaves no trace in the verdict once all of it was taken back and came over', async () => {
  const clean = await createEngine({ sample: { rows: 200 } });
  try {
    await migrate(clean, caseStates, 50);
    const decideThere = (decision: 'dismiss' | 'restore'): Promise<string> =>
      clean.ports.quarantine.decide(
        decision,
        { migration: 'case-states', all: true, why: 'all' },
        { workflow: 'decides', workflowRun: decision },
      );
    await decideThere('dismiss');
    const { headline } = await migrate(clean, caseStates, 50);
    expect(headline).toMatchObject({ quarantined: 0, verdict: 'proven_with_exceptions' });
    expect(headline.excluded).toBeGreaterThan(3);
    await decideThere('restore');
    await clean.onTarget(BRING_ORDERS);
    expect((await replay(clean, caseStates)).headline).toMatchObject({
      verdict: 'proven',
      excluded: 0,
      quarantined: 0,
    });
    expect(await verify(clean, caseStates, true)).toMatchObject({ verdict: 'proven', excluded: 0 });
  } finally {
    await clean.drop();
  }
});

it('counts them once in a batch that differs, and is loaded again', async () => {
  await migrate(engine, caseStates, 90);
  await decide(engine, 'dismiss', { reasons: ['code_unknown', 'value_invalid'] });
  const dismissed = await lines(engine, 'dismissed');
  const plan = await openRun(engine, caseStates, { batchRows: 1_000 });
  await cutAll(engine, caseStates, plan);
  const [key] = (await engine.onTarget<{ key: string }>('SELECT min(legacy_id)::text AS key FROM case_states')).map(
    (row) => row.key,
  );
  const loaded = await loadBatch(engine, caseStates, refOf(plan, 1));
  expect(loaded.load).toMatchObject({ excluded: dismissed.length });
  await engine.onTarget(`UPDATE case_states SET notes = 'by another' WHERE legacy_id = $1`, [key]);
  expect(await engine.ports.steps.validate(caseStates, refOf(plan, 1), never())).toMatchObject({ differences: 1 });
  await engine.onTarget('DELETE FROM case_states WHERE legacy_id = $1', [key]);
  await engine.onTarget(`UPDATE carryover.inserted_keys SET legacy_keys = array_remove(legacy_keys, $1)`, [key]);
  await retryBatches(engine, plan, [1]);
  const again = await carryBatch(engine, caseStates, refOf(plan, 1));
  expect(again.load).toMatchObject({ inserted: 1, excluded: dismissed.length });
  expect(again.validate).toMatchObject({ differences: 0 });
  expect(await misnoted(engine)).toEqual([]);
});

it('is void once the source says something else: the row is loaded, or in open quarantine', async () => {
  await migrate(engine, caseStates, 90);
  const unknown = (await lines(engine, 'open')).filter(({ reason }) => reason === 'code_unknown');
  await decide(engine, 'dismiss', { reasons: ['code_unknown'] });
  const [fit, unfit, same] = unknown;
  expect(same).toBeDefined();
  await engine.onSource('UPDATE dispatch_state SET status = 11, reason = NULL, created_at = ? WHERE id = ?', [
    '2024-05-06 07:08:09',
    fit!.key,
  ]);
  await engine.onSource('UPDATE dispatch_state SET status = 77 WHERE id = ?', [unfit!.key]);
  // What moved is told, and nothing else.
  const between = await verify(engine, caseStates);
  expect(between.findings.map(({ kind, key }) => `${kind} ${key}`).sort()).toEqual(
    [`moved ${fit!.key}`, `moved ${unfit!.key}`].sort(),
  );
  expect(between.verdict).toBe('proven_with_exceptions');
  const { headline } = await migrate(engine, caseStates, 90);
  expect(headline).toMatchObject({ inserted: 1, excluded: unknown.length - 2, findings: 0 });
  const [now] = await engine.onTarget<{ states: string[] }>(
    `SELECT array_agg(state || coalesce(' by ' || dismissal, '') ORDER BY key_numbers) AS states FROM carryover.quarantine WHERE legacy_key IN ($1, $2)`,
    [fit!.key, unfit!.key],
  );
  expect([...now!.states].sort()).toEqual(['open', 'replayed']);
  expect(await present(engine)).toMatchObject({ closed: true, complete: true, excluded: unknown.length - 2 });
  expect(await misnoted(engine)).toEqual([]);
});

it('holds where keys are texts, whose order is unknown, and rows point to one another', async () => {
  const own = await createEngine({ catalog: createCatalog([departments]) });
  try {
    await createDepartmentTables(own);
    const look = (): Promise<{ key: string; state: string; number: string }[]> =>
      own.onTarget(
        'SELECT legacy_key AS key, state, number::text FROM carryover.quarantine ORDER BY legacy_key COLLATE "C"',
      );
    const first = await migrate(own, departments, 1);
    const held = await look();
    // The one could be loaded by the next run, since its parent is there by then; the other has no parent, and has children.
    const chosen = held.filter(({ key }) => key === '0' || key === 'lost');
    expect(chosen).toHaveLength(2);
    await own.ports.quarantine.decide(
      'dismiss',
      { migration: 'departments', rows: chosen.map(({ number }) => number), why: 'closed' },
      { workflow: 'decides', workflowRun: 'departments' },
    );
    const seen = { verdict: 'proven_with_exceptions', findings: [], faults: {}, excluded: 2 };
    expect(await verify(own, departments, true)).toMatchObject(seen);
    const second = (await migrate(own, departments, 1)).headline;
    expect(second).toMatchObject({ verdict: 'proven_with_exceptions', excluded: 2 });
    // Other parents are there by then too.
    expect(second.inserted).toBeGreaterThan(0);
    expect(second.inserted + second.quarantined).toBe(first.headline.quarantined - 2);
    const left = async (): Promise<string[]> =>
      (await look()).filter(({ state }) => state === 'dismissed').map(({ key }) => key);
    expect(await left()).toEqual(['0', 'lost']);
    const replayed = await replay(own, departments);
    expect(replayed.headline).toMatchObject({ findings: 0, excluded: 2 });
    expect(await left()).toEqual(['0', 'lost']);
    expect(await own.onTarget(`SELECT 1 FROM departments WHERE code IN ('0', 'lost', 'lost child')`)).toEqual([]);
    expect(await verify(own, departments, true)).toMatchObject(seen);
  } finally {
    await own.drop();
  }
});

it('holds where keys have several parts', async () => {
  await migrate(engine, messages, 10);
  const before = await present(engine, messages);
  const held = await lines(engine, 'open', messages);
  const chosen = held.slice(0, 5);
  await decide(engine, 'dismiss', { migration: 'messages', rows: chosen.map(({ number }) => number) });
  expect(await present(engine, messages)).toEqual({ ...withDismissed(before, 5), closed: true, complete: true });
  expect(await verify(engine, messages, true)).toMatchObject({
    verdict: 'proven_with_exceptions',
    findings: [],
    faults: {},
  });
  const { headline } = await migrate(engine, messages, 10);
  expect(headline).toMatchObject({ excluded: 5, findings: 0, quarantined: held.length - 5 });
});

it('finds nothing that a repair might mend in a row that is dismissed and loaded: a person has to', async () => {
  await migrate(engine, caseStates, 90);
  const [key] = (await engine.onTarget<{ key: string }>('SELECT min(legacy_id)::text AS key FROM case_states')).map(
    (r) => r.key,
  );
  await engine.onSource('UPDATE dispatch_state SET status = 99 WHERE id = ?', [key]);
  await migrate(engine, caseStates, 90);
  // A run of some rows has it once more: its line and that of the decision are both of that run.
  await replay(engine, caseStates);
  const before = await present(engine);
  const line = (await lines(engine, 'open')).find((each) => each.key === key);
  await decide(engine, 'dismiss', { rows: [line!.number] });
  expect(await verify(engine, caseStates, true)).toMatchObject({
    verdict: 'not_proven',
    findings: [{ kind: 'stale', key }],
  });
  const repaired = await repair(engine, caseStates);
  expect(repaired.headline).toMatchObject({ verdict: 'not_proven', excluded: 1 });
  expect(await present(engine)).toEqual({ ...withDismissed(before, 1), closed: true });
  // So it is where the full run itself had left it out, and nothing was settled since.
  await migrate(engine, caseStates, 90);
  const anew = await present(engine);
  expect(anew).toMatchObject({ excluded: 1, decided: 1 });
  await repair(engine, caseStates);
  expect(await present(engine)).toEqual(anew);
});
