/** Values of rows that nobody needs any more are removed; keys, reasons and hashes stay, and nothing that is proved is lost. */
import { caseStates } from '../../mappings/case-states';
import { createEngine, migrate, replay } from '../support/engine';
import type { Engine } from '../support/engine';
import { verify } from '../support/verification';

let engine: Engine;
let courier = 0;

beforeEach(async () => {
  engine = await createEngine({ sample: { rows: 400, dirty: true } });
  await migrate(engine, caseStates, 90);
});
afterEach(() => engine?.drop());

const deliver = () => ({ workflow: 'decides', workflowRun: `run ${(courier += 1)}` });
const dismiss = (reason: string): Promise<string> =>
  engine.ports.quarantine.decide('dismiss', { migration: 'case-states', reasons: [reason], why: 'tests' }, deliver());
const purge = (olderThanDays: number, courierOf = deliver()): Promise<string> =>
  engine.ports.quarantine.purge({ migration: 'case-states', olderThanDays, why: 'retention', by: 'Ada' }, courierOf);

/** Lines are as old as this from now on. */
const age = (days: number, where = 'true'): Promise<unknown> =>
  engine.onTarget(`UPDATE carryover.quarantine SET last_seen = now() - make_interval(days => $1) WHERE ${where}`, [
    days,
  ]);

/** Lines with and without values, by state. */
const values = (): Promise<{ state: string; kept: number; purged: number }[]> =>
  engine.onTarget(
    `SELECT state, count(source_row)::int AS kept, (count(*) - count(source_row))::int AS purged
     FROM carryover.quarantine GROUP BY state ORDER BY state`,
  );

/** Everything of the lines but the values. */
const rest = (): Promise<unknown> =>
  engine.onTarget(`SELECT to_jsonb(q) - 'source_row' AS line FROM carryover.quarantine q ORDER BY number`);

it('takes rows that came over or were dismissed, old ones alone, and open ones never', async () => {
  await engine.onSource('UPDATE dispatch_state SET reason = NULL WHERE char_length(reason) > 120');
  await replay(engine, caseStates, { reasons: ['value_too_long'] });
  await dismiss('code_unknown');
  const before = await values();
  const count = (state: string): number => before.find((line) => line.state === state)!.kept;
  expect([count('replayed'), count('dismissed'), count('open')].every((rows) => rows > 1)).toBe(true);
  await age(100);
  // One of those that came over is younger.
  await age(10, `number = (SELECT min(number) FROM carryover.quarantine WHERE state = 'replayed')`);
  const others = await rest();
  const same = deliver();
  const said = await purge(90, same);
  const gone = count('replayed') - 1 + count('dismissed');
  expect(said).toContain(`the values of ${gone} rows that were in quarantine and of 0 before-images are purged`);
  expect(await values()).toEqual([
    { state: 'dismissed', kept: 0, purged: count('dismissed') },
    { state: 'open', kept: count('open'), purged: 0 },
    { state: 'replayed', kept: 1, purged: count('replayed') - 1 },
  ]);
  expect(await rest()).toEqual(others);
  expect(await purge(90, same)).toBe(said);
  expect(
    await engine.onTarget(`SELECT who, claimed_by, reason, details FROM carryover.audit WHERE verb = 'purge'`),
  ).toEqual([
    {
      who: 'tester@starts',
      claimed_by: 'Ada',
      reason: 'retention',
      details: { rows: gone, images: 0, olderThanDays: 90 },
    },
  ]);
  expect(await purge(90)).toContain('the values of 0 rows');
});

it('leaves what is proved of a dismissed row as it was', async () => {
  await dismiss('code_unknown');
  await age(100);
  await purge(90);
  const purged = (
    await engine.onTarget<{ key: string }>(
      `SELECT legacy_key AS key FROM carryover.quarantine WHERE source_row IS NULL ORDER BY key_numbers`,
    )
  ).map(({ key }) => key);
  expect(purged.length).toBeGreaterThan(2);
  const seen = await verify(engine, caseStates, true);
  expect(seen).toMatchObject({
    verdict: 'proven_with_exceptions', findings: [], faults: {}, excluded: purged.length, read: 0,
  }); // prettier-ignore
  // Row by row, where another row differs; and where the source of one of them moves, and one is gone.
  await engine.onTarget(
    'UPDATE case_states SET notes = $1 WHERE legacy_id = (SELECT min(legacy_id) FROM case_states)',
    ['other'],
  );
  await engine.onSource('UPDATE dispatch_state SET notes = ? WHERE id = ?', ['moved', purged[0]]);
  await engine.onSource('DELETE FROM dispatch_state WHERE id = ?', [purged[1]]);
  const looked = await verify(engine, caseStates);
  expect(looked.read).toBeGreaterThan(0);
  expect(looked.findings.map(({ kind, key, columns }) => [kind, key, columns.length]).sort()).toEqual(
    [
      ['changed_in_target', expect.anything(), 1],
      ['gone', purged[1], 0],
      // Which columns it was nobody can say.
      ['moved', purged[0], 0],
    ].sort(),
  );
  expect(looked.faults).toEqual({});
  const { headline } = await migrate(engine, caseStates, 90);
  expect(headline).toMatchObject({ excluded: purged.length - 2, pending: 0 });
  expect((await values()).find(({ state }) => state === 'dismissed')).toMatchObject({ purged: purged.length - 1 });
});

it('still sees rows that are spread otherwise than the source', async () => {
  await dismiss('code_unknown');
  await age(100);
  await purge(90);
  // The state is another than its code gives, and the hash beside it says so.
  const [key] = (await engine.onTarget<{ key: string }>('SELECT min(legacy_id)::text AS key FROM case_states')).map(
    (row) => row.key,
  );
  await engine.onTarget(
    `UPDATE case_states SET state = CASE state WHEN 'case_closed' THEN 'treatment_active' ELSE 'case_closed' END::case_state_type
     WHERE legacy_id = $1`,
    [key],
  );
  expect(await verify(engine, caseStates)).toMatchObject({ verdict: 'not_proven', findings: [{ key }] });
});

it('says of a purged row that is restored that nobody can prove its reason, until a replay has read it again', async () => {
  await dismiss('code_unknown');
  await age(100);
  await purge(90);
  const said = await engine.ports.quarantine.decide(
    'restore',
    { migration: 'case-states', all: true, why: 'it was none' },
    deliver(),
  );
  expect(said).toMatch(/the values of \d+ are purged, and a replay reads them from the source anew$/);
  const seen = await verify(engine, caseStates);
  expect(seen.findings.length).toBeGreaterThan(2);
  expect(seen.findings.every(({ kind }) => kind === 'stale')).toBe(true);
  expect((await replay(engine, caseStates)).headline).toMatchObject({ verdict: 'proven_with_exceptions', findings: 0 });
  expect((await values()).every((line) => line.purged === 0)).toBe(true);
});

it('takes images of runs that are over and old, but for those of the latest that wrote', async () => {
  const change = (notes: string): Promise<unknown> =>
    engine.onSource('UPDATE dispatch_state SET notes = ? WHERE status = 11 ORDER BY id LIMIT 20', [notes]);
  for (const notes of ['one', 'two']) {
    await change(notes);
    await migrate(engine, caseStates, 90);
  }
  // It writes nothing, and so there is nothing of it to undo.
  await migrate(engine, caseStates, 90);
  const images = (): Promise<{ run: string; kept: number }[]> =>
    engine.onTarget(
      `SELECT run_id::text AS run, count(target_row)::int AS kept FROM carryover.before_images GROUP BY run_id ORDER BY run_id`,
    );
  const [first, second] = await images();
  expect(first!.kept).toBeGreaterThan(10);
  expect(await purge(90)).toContain('of 0 before-images');
  await engine.onTarget(`UPDATE carryover.batches SET loaded_at = now() - interval '100 days'`);
  // Lines of quarantine as they were before a load are images as well.
  const lines = async (run: string): Promise<number> =>
    (
      await engine.onTarget<{ kept: number }>(
        'SELECT count(line)::int AS kept FROM carryover.quarantine_images WHERE run_id <= $1',
        [run],
      )
    )[0]!.kept;
  const before = await lines(first!.run);
  const later = await lines('99');
  expect(await purge(90)).toContain(`of ${first!.kept + before} before-images are purged`);
  expect(await images()).toEqual([{ ...first, kept: 0 }, second]);
  expect(await lines('99')).toBe(later - before);
});
