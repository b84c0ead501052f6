/** Rows that are gone from the source: reported, marked or deleted, and never more than the brake lets pass. */
import { caseStates } from '../../mappings/case-states';
import type { Mapping } from '../../mappings/mapping';
import { checkRun } from '../support/closing';
import { carryBatch, createEngine, cutAll, migrate, openRun, refOf, refusal } from '../support/engine';
import type { Engine } from '../support/engine';
import { compareRun, resync } from '../support/resync';
import { verify } from '../support/verification';
import { balance, contents, keysOf } from './repair-fixture';

let engine: Engine;
beforeEach(async () => {
  engine = await createEngine({ sample: { rows: 600, dirty: true } });
});
afterEach(() => engine?.drop());

const deleting: Mapping = { ...caseStates, gone: { policy: 'delete' } };
const marking: Mapping = { ...caseStates, gone: { policy: 'mark', column: 'gone_since' } };
const addMark = (): Promise<unknown> => engine.onTarget('ALTER TABLE case_states ADD COLUMN gone_since timestamptz');

const COLUMNS = 'id, status, reason, notes, created_at, instruction_id, actor_id, `on`';
/** Moves rows of the source aside, and back. */
const hide = async (keys: readonly string[]): Promise<void> => {
  await engine.onSource('CREATE TABLE IF NOT EXISTS hidden AS SELECT * FROM dispatch_state WHERE false');
  await engine.onSource('INSERT INTO hidden SELECT * FROM dispatch_state WHERE id IN (?)', [keys]);
  await engine.onSource('DELETE FROM dispatch_state WHERE id IN (?)', [keys]);
};
const bringBack = async (): Promise<void> => {
  await engine.onSource(`INSERT INTO dispatch_state (${COLUMNS}) SELECT ${COLUMNS} FROM hidden`);
  await engine.onSource('DROP TABLE hidden');
};

const heldKeys = async (): Promise<string[]> =>
  (
    await engine.onTarget<{ key: string }>(
      `SELECT legacy_key AS key FROM carryover.quarantine WHERE state = 'open' ORDER BY 1 LIMIT 2`,
    )
  ).map(({ key }) => key);

const sourceRows = async (): Promise<number> =>
  Number((await engine.onSource('SELECT count(*) AS count FROM dispatch_state'))[0]!.count);

it('reports them unless the mapping says otherwise, each time', async () => {
  await migrate(engine, caseStates, 90);
  const before = await contents(engine, 'case_states');
  await hide(await keysOf(engine, 'case_states', 'true', 50));
  for (const run of [2, 3]) {
    const { headline, plan, taken } = await resync(engine, caseStates);
    expect([plan.run, taken.gone]).toEqual([String(run), 50]);
    expect(headline).toMatchObject({ inserted: 0, updated: 0, findings: 0, verdict: 'proven_with_exceptions' });
  }
  expect(await contents(engine, 'case_states')).toEqual(before);
  expect((await verify(engine, caseStates)).moved).toBe(50);
});

it('deletes them with an image each; one that comes back is loaded as if it were new', async () => {
  await migrate(engine, deleting, 90);
  const [whole, balanced] = [await contents(engine, 'case_states'), await balance(engine)];
  const keys = [...(await keysOf(engine, 'case_states', 'true', 3)), ...(await heldKeys())];
  await hide(keys);
  const gone = await resync(engine, deleting, { maxDeletes: 0.02 });
  expect(gone.headline).toMatchObject({ inserted: 0, findings: 0, pending: 0, verdict: 'proven_with_exceptions' });
  const [left] = await engine.onTarget<Record<string, number>>(
    `SELECT (SELECT count(*) FROM case_states WHERE legacy_id::text = ANY ($1))::int AS rows,
       (SELECT count(*) FROM carryover.before_images WHERE run_id = $2)::int AS images,
       (SELECT sum(taken_away) FROM carryover.batches WHERE run_id = $2)::int AS taken,
       (SELECT count(*) FROM carryover.quarantine WHERE state = 'gone')::int AS held`,
    [keys, gone.plan.run],
  );
  expect(left).toEqual({ rows: 0, images: 3, taken: 3, held: 2 });
  expect(await balance(engine)).toMatchObject({
    source: await sourceRows(),
    complete: true,
    adds_up: true,
    pending: 0,
  });
  expect(await verify(engine, deleting, true)).toMatchObject({ findings: [], faults: {} });

  await bringBack();
  const back = await resync(engine, deleting);
  expect(back.headline).toMatchObject({ inserted: 3, findings: 0, verdict: 'proven_with_exceptions' });
  expect(await contents(engine, 'case_states')).toEqual(whole);
  expect(await balance(engine)).toEqual(balanced);
  expect(await verify(engine, deleting, true)).toMatchObject({ findings: [], faults: {} });

  // What another writer deletes after that is that writer's doing.
  await engine.onTarget('DELETE FROM case_states WHERE legacy_id = $1', [keys[0]]);
  const other = await resync(engine, deleting);
  expect(other.headline).toMatchObject({ inserted: 0, findings: 1 });
  expect((await verify(engine, deleting)).findings).toMatchObject([{ kind: 'deleted_in_target', key: keys[0] }]);
});

it('marks them with when that was seen, and takes the mark off where the source has the row again', async () => {
  await addMark();
  await migrate(engine, marking, 90);
  const [whole, balanced] = [await contents(engine, 'case_states'), await balance(engine)];
  const keys = await keysOf(engine, 'case_states', 'true', 4);
  await hide(keys);
  const gone = await resync(engine, marking, { maxDeletes: 0.02 });
  expect(gone.headline).toMatchObject({ inserted: 0, updated: 0, findings: 0, verdict: 'proven_with_exceptions' });
  expect(await keysOf(engine, 'case_states', `gone_since > now() - interval '1 minute'`, 9)).toEqual(keys);
  expect(await balance(engine)).toMatchObject({ source: await sourceRows(), complete: true, adds_up: true });
  // Once is enough.
  expect((await resync(engine, marking)).taken).toMatchObject({ gone: 0 });
  expect(await verify(engine, marking, true)).toMatchObject({ findings: [], faults: {} });
  await bringBack();
  expect((await resync(engine, marking)).headline).toMatchObject({ inserted: 0, updated: 4, findings: 0 });
  expect(await contents(engine, 'case_states')).toEqual(whole);
  expect(await balance(engine)).toEqual(balanced);
  expect(await verify(engine, marking, true)).toMatchObject({ findings: [], faults: {} });
});

it('keeps what rows of another table refer to, and no cascade fires', async () => {
  await migrate(engine, deleting, 90);
  const keys = await keysOf(engine, 'case_states', 'true', 3);
  await engine.onTarget(`CREATE TABLE follow_ups (id int PRIMARY KEY, state uuid REFERENCES case_states (id) ON DELETE CASCADE);
    INSERT INTO follow_ups SELECT 1, id FROM case_states WHERE legacy_id = ${keys[1]!}`);
  await hide(keys);
  const { headline, plan } = await resync(engine, deleting, { maxDeletes: 0.02 });
  expect(headline).toMatchObject({ findings: 0 });
  expect(await keysOf(engine, 'case_states', `legacy_id IN (${keys.join(', ')})`, 9)).toEqual([keys[1]]);
  expect(await engine.onTarget('SELECT id FROM follow_ups')).toEqual([{ id: 1 }]);
  expect(
    await engine.onTarget(
      `SELECT kind, legacy_key AS key FROM carryover.findings WHERE run_id = $1 AND kind <> 'moved'`,
      [plan.run],
    ),
  ).toEqual([{ kind: 'referenced', key: keys[1] }]);
});

it('stops before the first where more are gone than the brake lets pass, or the source is empty', async () => {
  await migrate(engine, deleting, 90);
  const before = await contents(engine, 'case_states');
  const plan = await openRun(engine, deleting, {}, {}, 'changed');
  await engine.onSource(`DELETE FROM dispatch_state WHERE id IN (?)`, [
    await keysOf(engine, 'case_states', 'true', 12),
  ]);
  await engine.onSource(`UPDATE dispatch_state SET notes = 'said otherwise' ORDER BY id DESC LIMIT 3`);
  const { taken } = await compareRun(engine, deleting, plan);
  expect(taken).toMatchObject({ keys: 0, gone: 12 });
  expect(taken.brake).toMatch(
    /^12 of \d+ loaded rows \(2\.\d %\) are gone from the source, more than maxDeletes \(1\.0 %\); nothing was moved/,
  );
  const cut = (): Promise<object[]> => engine.onTarget('SELECT FROM carryover.batches WHERE run_id = $1', [plan.run]);
  expect(await cut()).toEqual([]);
  expect(await contents(engine, 'case_states')).toEqual(before);
  // A person says that they may go.
  await engine.ports.runs.decide(
    { run: plan.run, migration: plan.migration, epoch: 1, verb: 'resume', update: 'raise', maxDeletes: 0.03 },
    { workflow: 'test', workflowRun: 'first' },
  );
  expect((await compareRun(engine, deleting, plan)).taken).toMatchObject({ brake: null, gone: 12 });
  expect((await cut()).length).toBeGreaterThan(0);
});

it.each([['report', caseStates] as const, ['delete', deleting] as const])(
  'takes an empty source for an accident (%s)',
  async (_policy, mapping) => {
    await migrate(engine, mapping, 90);
    const before = await contents(engine, 'case_states');
    await engine.onSource('DELETE FROM dispatch_state');
    const error = await resync(engine, mapping).catch((caught: Error) => caught.message);
    expect(error).toMatch(/^all \d+ loaded rows are gone from the source, more than maxDeletes/);
    expect(await contents(engine, 'case_states')).toEqual(before);
  },
);

it('is refused where nothing was migrated, or on another server', async () => {
  const early = await refusal(openRun(engine, caseStates, {}, {}, 'changed'));
  expect(early.message).toBe('Nothing was compared: case-states has not been migrated. Start migrate first.');
  await migrate(engine, caseStates, 90);
  await engine.onTarget(
    `UPDATE carryover.runs SET source_identity = jsonb_set(source_identity, '{server}', '"another"')`,
  );
  const other = await refusal(openRun(engine, caseStates, {}, {}, 'changed'));
  expect([other.type, other.message]).toEqual([
    'MappingChanged',
    expect.stringMatching(/source server .* of this worker is not that of run 1 of case-states/),
  ]);
  expect(await engine.onTarget('SELECT run_id::int FROM carryover.runs')).toEqual([{ run_id: 1 }]);
});

/** A full run beside a source that lives: rows go before it begins, between a batch and the end, or both. */
describe('counts a row as nothing where the full run had not counted it, and only there', () => {
  it.each([
    ['after its batch, in the first run', false, 'after'],
    ['before it, in a run of rows that were there', true, 'before'],
    ['after its batch, in a run of rows that were there', true, 'after'],
    ['before it and after its batch', true, 'both'],
  ])('gone %s', async (_when, again, when) => {
    if (again) await migrate(engine, deleting, 90);
    const plan = await openRun(engine, deleting, { batchRows: 90 });
    const keys = async (from: number): Promise<string[]> => {
      const ids = await engine.onSource(`SELECT id FROM dispatch_state ORDER BY id LIMIT 7 OFFSET ${from}`);
      return ids.map(({ id }) => String(id));
    };
    if (when !== 'after') await hide(await keys(100));
    const cut = await cutAll(engine, deleting, plan);
    for (const index of cut.keys()) await carryBatch(engine, deleting, refOf(plan, index + 1));
    if (when !== 'before') await hide([...(await keys(120)), ...(await heldKeys())]);
    await checkRun(engine, deleting, plan);
    await engine.ports.runs.draft(deleting, plan.run, plan.epoch);
    await engine.ports.runs.finish(plan.run, plan.epoch);

    const { headline } = await resync(engine, deleting, { maxDeletes: 0.1 });
    expect(headline).toMatchObject({ findings: 0, pending: 0 });
    const now = await balance(engine);
    expect(now).toMatchObject({ source: await sourceRows(), complete: true });
    const [there] = await engine.onTarget<{ rows: number }>('SELECT count(*)::int AS rows FROM case_states');
    expect(now.loaded).toBe(there!.rows);
    expect(await verify(engine, deleting, true)).toMatchObject({ findings: [], faults: {} });
  });
});
