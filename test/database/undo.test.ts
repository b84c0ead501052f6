/** An undo gives the target table and the quarantine back as they were before the latest run that wrote something. */
import { caseStates } from '../../mappings/case-states';
import type { Mapping } from '../../mappings/mapping';
import { createEngine, migrate, openRun, refusal, replay } from '../support/engine';
import type { Engine } from '../support/engine';
import { resync, undo } from '../support/resync';
import { verify } from '../support/verification';
import { balance, contents, keysOf } from './repair-fixture';

let engine: Engine;
beforeEach(async () => {
  engine = await createEngine({ sample: { rows: 600, dirty: true } });
});
afterEach(() => engine?.drop());

const deleting: Mapping = { ...caseStates, gone: { policy: 'delete' } };

/** What an undo is to give back, whole. */
const state = async (): Promise<unknown> => [
  await contents(engine, 'case_states'),
  await engine.onTarget(
    `SELECT md5(string_agg(q::text, E'\\n' ORDER BY legacy_key)), count(*)::int FROM carryover.quarantine q WHERE state = 'open'`,
  ),
];

/** What only grows. */
const history = async (): Promise<number[]> => {
  const [line] = await engine.onTarget<Record<string, number>>(
    `SELECT (SELECT count(*) FROM carryover.audit)::int AS audit, (SELECT count(*) FROM carryover.runs)::int AS runs,
       (SELECT count(*) FROM carryover.batches)::int AS batches, (SELECT count(*) FROM carryover.quarantine)::int AS held,
       (SELECT count(*) FROM carryover.quarantine_occurrences)::int AS occurrences`,
  );
  return Object.values(line!);
};

const COLUMNS = 'status, reason, notes, created_at, instruction_id, actor_id, `on`';

/** New rows, changed ones, some that are gone, some that may leave quarantine, one that must go there. */
async function moveSource(): Promise<void> {
  await engine.onSource(
    `INSERT INTO dispatch_state (id, ${COLUMNS}) SELECT 2000000 + id, ${COLUMNS} FROM dispatch_state ORDER BY id LIMIT 20`,
  );
  const keys = await keysOf(engine, 'case_states', 'true', 60);
  await engine.onSource(`UPDATE dispatch_state SET notes = 'said otherwise' WHERE id IN (?)`, [keys.slice(0, 20)]);
  await engine.onSource('DELETE FROM dispatch_state WHERE id IN (?)', [keys.slice(30, 33)]);
  await engine.onSource('UPDATE dispatch_state SET status = 11 WHERE status NOT IN (11, 12)');
  const [held] = await engine.onTarget<{ key: string }>(
    `SELECT legacy_key AS key FROM carryover.quarantine WHERE state = 'open' AND reason = 'case_unmapped' ORDER BY 1 LIMIT 1`,
  );
  await engine.onSource('DELETE FROM dispatch_state WHERE id = ?', [held!.key]);
}

it('of a run with inserts, changes, deletes and replayed rows leaves all as it was, bit by bit', async () => {
  await migrate(engine, deleting, 90);
  const [before, balanced] = [await state(), await balance(engine)];
  await moveSource();
  const { plan, headline } = await resync(engine, deleting, { maxDeletes: 0.05, batchRows: 7 });
  expect(headline).toMatchObject({ findings: 0, verdict: 'proven_with_exceptions' });
  expect(headline.inserted).toBeGreaterThan(15);
  expect(headline.updated).toBeGreaterThanOrEqual(20);
  expect(await state()).not.toEqual(before);
  const grown = await history();

  const undone = await undo(engine, deleting, plan.run);
  expect(await state()).toEqual(before);
  for (const [index, count] of (await history()).entries()) expect(count).toBeGreaterThanOrEqual(grown[index]!);
  expect(
    await engine.onTarget('SELECT run_id::int AS run, state, mode, undoes::int FROM carryover.runs ORDER BY run_id'),
  ).toEqual([
    { run: 1, state: 'finished', mode: 'full', undoes: null },
    { run: 2, state: 'undone', mode: 'changed', undoes: null },
    { run: 3, state: 'finished', mode: 'undo', undoes: 2 },
  ]);
  // What the run brought is known, and undecided: all else counts as before.
  const now = await balance(engine);
  expect(now).toMatchObject({ loaded: balanced.loaded, quarantined: balanced.quarantined, complete: false });
  expect(Number(now.pending)).toBeGreaterThan(15);
  expect(Number(now.source)).toBe(Number(balanced.source) + Number(now.pending));
  expect(undone.headline).toMatchObject({ verdict: 'not_proven', pending: now.pending });
  // Nothing is wrong but that rows are pending.
  expect(
    await engine.onTarget('SELECT name FROM carryover.checks WHERE run_id = $1 AND found > 0', [undone.plan.run]),
  ).toEqual([{ name: 'verification' }]);

  const again = await resync(engine, deleting, { maxDeletes: 0.05 });
  expect(again.headline).toMatchObject({
    inserted: headline.inserted,
    findings: 0,
    pending: 0,
    verdict: headline.verdict,
  });
  expect(await verify(engine, deleting, true)).toMatchObject({ findings: [], faults: {} });
});

it('keeps a row that was changed by hand since, or that others refer to, and names it', async () => {
  await migrate(engine, deleting, 90);
  await moveSource();
  const { plan } = await resync(engine, deleting, { maxDeletes: 0.05 });
  const [hand, referred] = await keysOf(engine, 'case_states', 'legacy_id BETWEEN 2000000 AND 3000000', 2);
  const [changed] = await keysOf(engine, 'case_states', `notes = 'said otherwise'`, 1);
  await engine.onTarget(`UPDATE case_states SET notes = 'by hand' WHERE legacy_id IN (${hand!}, ${changed!});
    CREATE TABLE follow_ups (id int PRIMARY KEY, state uuid REFERENCES case_states (id) ON DELETE CASCADE);
    INSERT INTO follow_ups SELECT 1, id FROM case_states WHERE legacy_id = ${referred!}`);
  const undone = await undo(engine, deleting, plan.run);
  expect(await keysOf(engine, 'case_states', 'legacy_id BETWEEN 2000000 AND 3000000', 9)).toEqual([hand, referred]);
  expect(await keysOf(engine, 'case_states', `notes = 'by hand'`, 9)).toEqual([changed, hand].sort());
  expect(await engine.onTarget('SELECT id FROM follow_ups')).toEqual([{ id: 1 }]);
  expect(
    await engine.onTarget(
      'SELECT kind, legacy_key AS key FROM carryover.findings WHERE run_id = $1 ORDER BY kind, legacy_key::numeric',
      [undone.plan.run],
    ),
  ).toEqual([
    { kind: 'changed_in_target', key: changed },
    { kind: 'changed_in_target', key: hand },
    { kind: 'referenced', key: referred },
  ]);
});

it('of the first run leaves nothing but its history; of a replay the rows are back in quarantine', async () => {
  await migrate(engine, caseStates, 90);
  const before = await state();
  await engine.onTarget(
    `INSERT INTO orders (id, instruction_id, case_id, order_number)
     SELECT gen_random_uuid(), instruction, (SELECT id FROM cases LIMIT 1), 'late ' || instruction
     FROM (SELECT DISTINCT (source_row ->> 'instruction_id')::bigint AS instruction FROM carryover.quarantine
           WHERE state = 'open' AND reasons = '{case_unmapped}') q`,
  );
  const replayed = await replay(engine, caseStates, { batchRows: 10 });
  expect(replayed.headline.inserted).toBeGreaterThan(5);
  await undo(engine, caseStates, replayed.plan.run);
  expect(await state()).toEqual(before);
  // Now the first is the latest that wrote something.
  await undo(engine, caseStates, '1');
  const [rows] = await engine.onTarget<Record<string, number>>(
    `SELECT (SELECT count(*) FROM case_states)::int AS rows, count(*) FILTER (WHERE state = 'open')::int AS open,
       count(*)::int AS lines FROM carryover.quarantine`,
  );
  expect(rows).toMatchObject({ rows: 0, open: 0 });
  expect(rows!.lines).toBeGreaterThan(5);
  const now = await balance(engine);
  expect(now).toMatchObject({ loaded: 0, quarantined: 0, complete: false });
  expect(now.pending).toBe(Number(now.source) - Number(now.excluded));
  const refused = await refusal(openRun(engine, caseStates, {}, {}, 'changed'));
  expect(refused.message).toBe(
    'Nothing was compared: run 1 of case-states is undone, so not every row was looked at. Start migrate.',
  );
  expect((await migrate(engine, caseStates, 200)).headline).toMatchObject({ pending: 0, findings: 0 });
});

it('is refused of any run but the latest that wrote something', async () => {
  await migrate(engine, caseStates, 90);
  const second = await migrate(engine, caseStates, 90);
  const say = async (run: string): Promise<string> =>
    (await refusal(openRun(engine, caseStates, { run }, {}, 'undo'))).message;
  expect(await say(second.plan.run)).toBe(
    'Nothing was undone: run 2 of case-states wrote nothing; the latest that wrote something is run 1.',
  );
  expect(await say('9')).toMatch(/^Nothing was undone: run 9 is no run of case-states that is over/);
  await engine.onSource(`UPDATE dispatch_state SET notes = 'said otherwise' ORDER BY id LIMIT 3`);
  const third = await resync(engine, caseStates);
  expect(await say('1')).toBe(
    'Nothing was undone: run 3 of case-states came after run 1 and wrote rows too; only the latest is undone.',
  );
  await engine.onTarget('UPDATE carryover.quarantine_images SET line = NULL WHERE run_id = 3');
  await engine.onTarget('ALTER TABLE carryover.before_images ALTER target_row DROP NOT NULL');
  await engine.onTarget('UPDATE carryover.before_images SET target_row = NULL WHERE run_id = 3');
  expect(await say(third.plan.run)).toMatch(/^Nothing was undone: what \d+ rows of run 3 were before was purged/);
  expect(await engine.onTarget('SELECT count(*)::int AS runs FROM carryover.runs')).toEqual([{ runs: 3 }]);
});
