/** What becomes of people's decisions, and of full runs that came to no end, where a run is undone. */
import { caseStates } from '../../mappings/case-states';
import type { Mapping } from '../../mappings/mapping';
import { carryBatch, createEngine, cutAll, migrate, openRun, refOf, refusal } from '../support/engine';
import type { Engine } from '../support/engine';
import { resync, undo } from '../support/resync';
import { verify } from '../support/verification';
import { decide, lines, present } from './quarantine-fixture';
import { contents, keysOf } from './repair-fixture';

let engine: Engine;
beforeEach(async () => {
  engine = await createEngine({ sample: { rows: 400, dirty: true } });
});
afterEach(() => engine?.drop());

const deleting: Mapping = { ...caseStates, gone: { policy: 'delete' } };
const rowsOf = async (table: string): Promise<number> =>
  (await engine.onTarget<{ rows: number }>(`SELECT count(*)::int AS rows FROM ${table}`))[0]!.rows;

/** A line of quarantine as it stands, but for its key. */
const line = async (key: string): Promise<unknown> =>
  (await engine.onTarget('SELECT to_jsonb(q) AS line FROM carryover.quarantine q WHERE legacy_key = $1', [key]))[0];

/** Two rows that were left out: the source makes one fit since, and the other unfit in another way. */
async function voidTwo(): Promise<[fit: string, unfit: string]> {
  const chosen = (await lines(engine, 'open')).filter(({ reason }) => reason === 'code_unknown').slice(0, 2);
  expect(chosen).toHaveLength(2);
  await decide(engine, 'dismiss', { rows: chosen.map(({ number }) => number) });
  return [chosen[0]!.key, chosen[1]!.key];
}
const changeBoth = async ([fit, unfit]: readonly [string, string]): Promise<void> => {
  const [good] = await keysOf(engine, 'case_states', 'true', 1);
  await engine.onSource(
    `UPDATE dispatch_state d, dispatch_state g SET d.status = 11, d.created_at = g.created_at, d.instruction_id = g.instruction_id
     WHERE d.id = ? AND g.id = ?`,
    [fit, good],
  );
  await engine.onSource('UPDATE dispatch_state SET status = 99 WHERE id = ?', [unfit]);
};

it.each([
  ['a re-sync', () => resync(engine, caseStates)],
  ['a full run', () => migrate(engine, caseStates, 70)],
])('a dismissal that %s made void is back with its undo, and void again with the next run', async (_what, run) => {
  await migrate(engine, caseStates, 90);
  const keys = await voidTwo();
  const [fit, unfit] = keys;
  const [before, decided] = [[await line(fit), await line(unfit)], await present(engine)];
  const rows = await contents(engine, 'case_states');
  await changeBoth(keys);
  const { plan } = await run();
  const after = await present(engine);
  expect(after).toMatchObject({ decided: Number(decided.decided) - 2, loaded: Number(decided.loaded) + 1 });
  expect((await lines(engine, 'dismissed')).map(({ key }) => key)).toEqual([]);
  await undo(engine, caseStates, plan.run);
  expect([await line(fit), await line(unfit)]).toEqual(before);
  expect(await contents(engine, 'case_states')).toEqual(rows);
  expect(await present(engine)).toMatchObject({ ...decided, complete: expect.any(Boolean) as boolean });
});

it('is refused under another mapping, which could not tell what is still ours', async () => {
  const { plan } = await migrate(engine, caseStates, 200);
  const refused = await refusal(openRun(engine, deleting, { run: plan.run }, {}, 'undo'));
  expect([refused.type, refused.message]).toEqual([
    'MappingChanged',
    expect.stringMatching(/mapping .*changed since run 1 of case-states wrote its rows/),
  ]);
  expect(await rowsOf('carryover.runs')).toBe(1);
});

it('tells of a row that it was to change back and that somebody deleted', async () => {
  await migrate(engine, caseStates, 200);
  const [key, other] = await keysOf(engine, 'case_states', 'true', 2);
  await engine.onSource(`UPDATE dispatch_state SET notes = 'said otherwise' WHERE id IN (?)`, [[key, other]]);
  const { plan } = await resync(engine, caseStates);
  await engine.onTarget('DELETE FROM case_states WHERE legacy_id = $1', [key]);
  const undone = await undo(engine, caseStates, plan.run);
  expect(await keysOf(engine, 'case_states', `notes = 'said otherwise'`, 9)).toEqual([]);
  expect(
    await engine.onTarget(
      `SELECT kind, legacy_key AS key FROM carryover.findings WHERE run_id = $1 AND batch IS NOT NULL`,
      [undone.plan.run],
    ),
  ).toEqual([{ kind: 'deleted_in_target', key }]);
});

it('nobody takes back by an undo what a person has decided since', async () => {
  await migrate(engine, caseStates, 90);
  const [known] = (await lines(engine, 'open')).filter(({ reason }) => reason === 'code_unknown');
  await engine.onSource('UPDATE dispatch_state SET status = 98 WHERE id = ?', [known!.key]);
  const [sent] = await keysOf(engine, 'case_states', 'true', 1);
  await engine.onSource(
    `INSERT INTO dispatch_state (id, status, reason, notes, created_at, instruction_id, actor_id, \`on\`)
     SELECT 2000000, 99, reason, notes, created_at, instruction_id, actor_id, \`on\` FROM dispatch_state WHERE id = ?`,
    [sent],
  );
  const { plan } = await resync(engine, caseStates);
  const chosen = (await lines(engine, 'open')).filter(({ key }) => [known!.key, '2000000'].includes(key));
  expect(chosen).toHaveLength(2);
  await decide(engine, 'dismiss', { rows: chosen.map(({ number }) => number) });
  const [decided, left] = [await present(engine), await lines(engine, 'dismissed')];
  await undo(engine, caseStates, plan.run);
  expect(await lines(engine, 'dismissed')).toEqual(left);
  expect(await present(engine)).toEqual(decided);
});

it('a row that a full run left out as dismissed counts as left out when that run is undone', async () => {
  await migrate(engine, caseStates, 90);
  const keys = await voidTwo();
  const decided = await present(engine);
  const [changed] = await keysOf(engine, 'case_states', 'true', 1);
  await engine.onSource(`UPDATE dispatch_state SET notes = 'said otherwise' WHERE id = ?`, [changed]);
  const { plan, headline } = await migrate(engine, caseStates, 70);
  expect(headline).toMatchObject({ updated: 1, excluded: 2 });
  expect(await present(engine)).toEqual(decided);
  await undo(engine, caseStates, plan.run);
  expect(await present(engine)).toMatchObject({ ...decided, complete: expect.any(Boolean) as boolean });
  expect((await lines(engine, 'dismissed')).map(({ key }) => key)).toEqual(keys);
});

it('a row that left quarantine and was in the target all the while is in both again when that run is undone', async () => {
  await migrate(engine, caseStates, 90);
  const [key, other] = await keysOf(engine, 'case_states', 'true', 2);
  const [was] = await engine.onSource('SELECT status FROM dispatch_state WHERE id = ?', [key]);
  await engine.onSource('UPDATE dispatch_state SET status = 99 WHERE id = ?', [key]);
  await migrate(engine, caseStates, 90);
  const before = await present(engine);
  await engine.onSource('UPDATE dispatch_state SET status = ? WHERE id = ?', [was!.status, key]);
  await engine.onSource(`UPDATE dispatch_state SET notes = 'said otherwise' WHERE id = ?`, [other]);
  const { plan } = await migrate(engine, caseStates, 70);
  expect(await present(engine)).toMatchObject({ quarantined: Number(before.quarantined) - 1 });
  await undo(engine, caseStates, plan.run);
  expect(await present(engine)).toMatchObject({ ...before, complete: expect.any(Boolean) as boolean });
});

describe('beside a full run that was abandoned', () => {
  const abandon = (run: string): Promise<string> =>
    engine.ports.runs.abandon(
      { run, reason: 'it is not wanted' },
      { namespace: 'default', workflow: 'abandons', firstRun: run, currentRun: run, schedule: null },
    );
  const counted = async (): Promise<Record<string, number>> => {
    const now = await present(engine);
    expect(now.closed).toBe(true);
    return { loaded: Number(now.loaded), quarantined: Number(now.quarantined), pending: Number(now.pending) };
  };

  it('rows of batches that it had not taken are pending before and after', async () => {
    await migrate(engine, caseStates, 90);
    const plan = await openRun(engine, caseStates, { batchRows: 60 });
    const cut = await cutAll(engine, caseStates, plan);
    await abandon(plan.run);
    const all = cut.reduce((sum, rows) => sum + rows, 0);
    expect(await counted()).toEqual({ loaded: 0, quarantined: 0, pending: all });
    await undo(engine, caseStates, '1');
    expect(await rowsOf('case_states')).toBe(0);
    expect(await counted()).toEqual({ loaded: 0, quarantined: 0, pending: all });
  });

  it('and beside one that wrote nothing, rows that it had not counted are not taken off', async () => {
    await migrate(engine, caseStates, 90);
    const keys = (await keysOf(engine, 'case_states', 'true', 103)).slice(100);
    await engine.onSource('DELETE FROM dispatch_state WHERE id IN (?)', [keys]);
    await migrate(engine, caseStates, 70);
    const now = await counted();
    await undo(engine, caseStates, '1');
    expect(await rowsOf('case_states')).toBe(0);
    const all = now.loaded! + now.quarantined!;
    // Known from the undone run, and asked for again by the next one.
    expect(await counted()).toEqual({ loaded: 0, quarantined: 0, pending: all + keys.length });
  });

  it('rows of batches that it had taken are what they are by then, and the others as it has them', async () => {
    const first = await migrate(engine, deleting, 90);
    const [changed] = await keysOf(engine, 'case_states', 'true', 1);
    await engine.onSource(`UPDATE dispatch_state SET notes = 'said otherwise' WHERE id = ?`, [changed]);
    const before = await contents(engine, 'case_states');
    const plan = await openRun(engine, deleting, { batchRows: 60 });
    await cutAll(engine, deleting, plan);
    await carryBatch(engine, deleting, refOf(plan, 1));
    await abandon(plan.run);
    const now = await counted();
    await undo(engine, deleting, plan.run);
    expect(await contents(engine, 'case_states')).toEqual(before);
    expect(await counted()).toEqual(now);
    // Then the first one is the latest that wrote something; the abandoned one is undone, and still what is counted from.
    await undo(engine, deleting, first.plan.run);
    expect(await rowsOf('case_states')).toBe(0);
    const left = await counted();
    expect(left).toMatchObject({ loaded: 0, quarantined: 0, pending: now.loaded! + now.quarantined! + now.pending! });
    expect((await migrate(engine, deleting, 200)).headline).toMatchObject({ pending: 0, findings: 0 });
    expect(await verify(engine, deleting, true)).toMatchObject({ findings: [], faults: {} });
  });
});
