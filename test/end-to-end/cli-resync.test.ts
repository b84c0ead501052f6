/** A re-sync from the command line: what changed comes over, what did not is not moved, and both are said. */
import { openClinic } from './cli-clinic';
import type { Clinic } from './cli-clinic';

let clinic: Clinic;
let engine: Clinic['engine'];
let say: Clinic['say'];

beforeAll(async () => {
  clinic = await openClinic(600);
  ({ engine, say } = clinic);
});
afterAll(() => clinic?.close());

it('is refused in words before anything was migrated, and where the input will not do', async () => {
  const early = await say('resync', 'case-states', '--wait');
  expect([early.code, early.err]).toEqual([
    1,
    expect.stringContaining('Nothing was compared: case-states has not been migrated. Start migrate first.'),
  ]);
  const wrong = await say('resync', 'case-states', '--max-deletes', '2', '--batch-rows', 'many');
  expect([wrong.code, wrong.out]).toEqual([1, '']);
  expect(wrong.err).toMatch(
    /"batchRows" must be a whole number[^]*"maxDeletes" must be a number from 0 to 1, and is 2/,
  );
});

it('moves nothing where nothing changed, and its comparison proves it', async () => {
  expect((await say('start', 'case-states', '--wait')).code).toBe(0);
  const unchanged = await say('resync', 'case-states', '--wait');
  expect(unchanged.code).toBe(0);
  expect(unchanged.out).toContain(
    'This run was a re-sync: it compared source and target first, and found nothing that differs; it took 0 rows.',
  );
  const [looked] = await engine.onTarget<{ verifications: number }>(
    'SELECT count(*)::int AS verifications FROM carryover.verifications',
  );
  // One of the full run, and the comparison.
  expect(looked).toEqual({ verifications: 2 });
});

it('takes what is new and changed, says what is gone, and stands in status as what it is', async () => {
  await engine.onSource(`INSERT INTO dispatch_state (status, notes, created_at, instruction_id, actor_id, \`on\`)
    SELECT status, notes, created_at, instruction_id, actor_id, \`on\` FROM dispatch_state
    WHERE instruction_id IN (SELECT instruction_id FROM dispatch_state) ORDER BY id LIMIT 3`);
  await engine.onSource(`UPDATE dispatch_state SET notes = 'said otherwise' ORDER BY id LIMIT 2`);
  const [last] = await engine.onTarget<{ key: string }>('SELECT max(legacy_id)::text AS key FROM case_states');
  await engine.onSource('DELETE FROM dispatch_state WHERE id = ?', [last!.key]);
  const resynced = await say('resync', 'case-states', '--wait');
  expect(resynced.code).toBe(0);
  expect(resynced.out).toMatch(/found 1 `gone`, 2 `moved`, 3 `new`; it took 5 rows\./);
  expect(resynced.out).toContain('1 row is gone from the source, and stays in the target.');
  const status = await say('status', 'case-states', '--json');
  expect(status.json()).toMatchObject({ mode: 'changed', state: 'finished', balance: { source: 603, pending: 0 } });
  expect((await say('status', 'case-states')).out).toMatch(/case-states: run 3 \(resync\), proven with exceptions/);
});
