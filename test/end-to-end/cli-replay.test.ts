/** The rows that the real job left behind come over once their orders exist: from the command line, on the sample's figures. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openClinic } from './cli-clinic';
import type { Clinic } from './cli-clinic';

let clinic: Clinic;
let engine: Clinic['engine'];
let say: Clinic['say'];

beforeAll(async () => {
  clinic = await openClinic(4_751);
  ({ engine, say } = clinic);
});
afterAll(() => clinic?.close());

it('refuses an input that will not do, in words', async () => {
  const wrong = await say('replay', 'case-states', '--reason', 'bad_luck,case_unmapped');
  expect([wrong.code, wrong.out]).toEqual([1, '']);
  expect(wrong.err).toMatch(/Nothing was replayed:[^]*"reasons" must be a list of case_unmapped/);
});

it('brings the 172 and the 27 over: 4,751 of 4,751, proven', async () => {
  expect((await say('start', 'case-states', '--wait')).code).toBe(0);
  await engine.onTarget(readFileSync(join(__dirname, '..', '..', 'sample', 'missing-orders.sql'), 'utf8'));
  const replayed = await say('replay', 'case-states', '--wait');
  expect(replayed.code).toBe(0);
  expect(replayed.out).toContain(
    '**proven** – 4,751 of 4,751 source rows are loaded (100.00 %); 199 inserted, 0 updated',
  );
  expect(replayed.out).toContain('This run was a replay: it took 199 rows again that were in quarantine.');
  expect(replayed.out).toContain('No row is in quarantine.');
  const status = await say('status', 'case-states', '--json');
  expect(status.json()).toMatchObject({
    mode: 'replay',
    verdict: 'proven',
    balance: { source: 4_751, loaded: 4_751, quarantined: 0, excluded: 0, pending: 0 },
  });
});

it('says plainly that nothing is in quarantine, and ends as the migration stands', async () => {
  const all = await say('replay', 'case-states', '--wait');
  expect([all.code, all.out]).toEqual([
    0,
    'Nothing to do: no row of case-states is in open quarantine; no run was opened. By its latest run or verification, case-states is proven.\n',
  ]);
  const some = await say('replay', 'case-states', '--reason', 'case_unmapped,code_unknown', '--wait', '--json');
  expect(some.code).toBe(0);
  expect(some.json()).toMatchObject({
    outcome: 'nothing_to_do',
    cause: 'no row of case-states is in open quarantine for case_unmapped or code_unknown',
    verdict: 'proven',
  });
  const unwatched = await say('replay', 'case-states');
  expect([unwatched.code, unwatched.out]).toEqual([0, expect.stringContaining('Nothing to do: ')]);
  const audit = await say('audit', 'case-states', '--starts');
  expect(audit.out).toMatch(/nothing to do .* no row of case-states is in open quarantine/);
  const status = await say('status', 'case-states');
  expect(status.code).toBe(0);
  expect(status.out).toMatch(
    /idle {6}last start with nothing to do: \S+Z by workflow carryover-replay-case-states, 3 since/,
  );
});

it('ends with 2 where the latest word on the migration is not proven', async () => {
  await engine.onTarget(
    `UPDATE case_states SET notes = 'by another' WHERE legacy_id = (SELECT min(legacy_id) FROM case_states)`,
  );
  expect((await say('verify', 'case-states')).code).toBe(2);
  const none = await say('replay', 'case-states', '--wait');
  expect([none.code, none.out]).toEqual([2, expect.stringContaining('or verification, case-states is not proven.')]);
});
