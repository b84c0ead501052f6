/** `carryover repair` against real servers, from what is found to what is proven again. */
import { FORGE } from '../database/plantings';
import { openClinic } from './cli-clinic';
import type { Clinic } from './cli-clinic';

let clinic: Clinic;
let engine: Clinic['engine'];
let temporal: Clinic['temporal'];
let worker: Clinic['worker'];
let say: Clinic['say'];

beforeAll(async () => {
  clinic = await openClinic(400);
  ({ engine, temporal, worker, say } = clinic);
  await engine.onTarget(FORGE);
});
afterAll(() => clinic?.close());

it('refuses an input that will not do, and where nothing was migrated, in words and before anything is opened', async () => {
  const wrong = await say('repair', 'nothing', '--verification', 'last');
  expect([wrong.code, wrong.out]).toEqual([1, '']);
  expect(wrong.err).toMatch(
    /Nothing was repaired:[^]*there is no migration "nothing"[^]*"verification" must be the number/,
  );
  const early = await say('repair', 'case-states', '--wait');
  expect(early.code).toBe(1);
  expect(early.err).toContain('Nothing was repaired: case-states has not been migrated. Start migrate first.');
  expect(await engine.onTarget('SELECT outcome FROM carryover.starts')).toEqual([{ outcome: 'refused' }]);
});

it('repairs what was found, says what it took and what it kept, and ends not proven while something is left', async () => {
  await (await temporal.start(worker.taskQueue, { migration: 'case-states', batchRows: 90 })).result();
  const keys = await engine.onTarget<{ key: string }>(
    'SELECT legacy_id::text AS key FROM case_states ORDER BY legacy_id LIMIT 4',
  );
  const [one, two, three, theirs] = keys.map(({ key }) => key);
  for (const key of [one, two, three]) {
    await engine.onTarget(
      `UPDATE case_states SET notes = 'secret damage' WHERE legacy_id = ${key!}; SELECT forge(${key!})`,
    );
  }
  await engine.onTarget(`UPDATE case_states SET notes = 'their words' WHERE legacy_id = ${theirs!}`);
  expect((await say('verify', 'case-states')).code).toBe(2);

  const repaired = await say('repair', 'case-states', '--wait', '--batch-rows', '2', '--by', 'Ada');
  expect(repaired.code).toBe(2);
  expect(repaired.out).toContain('This run was a repair: it took 3 rows again');
  expect(repaired.out).toContain('Not touched, since another writer may have had a hand: 1 `changed_in_target`.');
  expect(repaired.out).not.toContain('## Source analysis');
  expect(repaired.out).toContain('Of the 3 rows that this run took again.');
  expect(repaired.err).toContain('ended not proven');
  const status = await say('status', 'case-states');
  expect(status.out).toMatch(/^case-states: run 2 \(repair\), not proven/m);
  expect(status.out).toMatch(/balance {3}400 source = \d+ loaded/);
  expect(status.out).toMatch(/written {3}0 inserted, 3 updated, \d+ unchanged/);
  expect((await say('batches', 'case-states')).out).toMatch(
    /1 {2}validated[^\n]*2 one by one\n[^\n]*2 {2}validated[^\n]*1 one by one/,
  );
  expect(`${repaired.out}${repaired.err}${status.out}`).not.toMatch(/secret damage|their words/);
});

it('has nothing to do where all that is left is another’s, and is proven once that is accepted', async () => {
  const again = await say('repair', 'case-states', '--wait');
  expect([again.code, again.err]).toEqual([
    1,
    expect.stringMatching(
      /has no open finding that a repair may mend; 1 changed_in_target may be another writer's, and are kept, unless "overwrite": "<why>" says to write them anew\./,
    ),
  ]);
  expect(
    (await say('accept-findings', 'case-states', '--kind', 'changed_in_target', '--reason', 'right so')).code,
  ).toBe(0);
  const verified = await say('verify', 'case-states', '--final');
  expect([verified.code, verified.out.split(',')[0]]).toEqual([0, 'case-states: proven with exceptions']);
  expect((await say('report', '2', '--json')).json()).toMatchObject({
    run: '2',
    again: { mode: 'repair', base: '1', rows: 3, skipped: 0, kept: [{ kind: 'changed_in_target', rows: 1 }] },
    balance: { source: 400, pending: 0 },
  });
});
