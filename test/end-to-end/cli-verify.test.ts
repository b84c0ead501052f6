/** `carryover verify` and `carryover findings` against real servers: what a person reads, and what a script does. */
import { eventually } from '../support/engine';
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
});
afterAll(() => clinic?.close());

it('refuses what was never migrated, and an input that will not do, in words', async () => {
  const early = await say('verify', 'case-states');
  expect([early.code, early.out]).toEqual([1, '']);
  expect(early.err).toContain('case-states has not been migrated: there is nothing to verify. Start migrate first.');
  const wrong = await say('verify', 'nothing', '--concurrency', '99');
  expect(wrong.code).toBe(1);
  expect(wrong.err).toMatch(/there is no migration "nothing"[^]*"concurrency" must be/);
  expect((await say('findings', 'case-states')).err).toContain('case-states was never verified');
});

it('says proven, with what was compared', async () => {
  await (await temporal.start(worker.taskQueue, { migration: 'case-states', batchRows: 90 })).result();
  const { code, out } = await say('verify', 'case-states', '--final');
  expect(code).toBe(0);
  expect(out).toMatch(/^case-states: proven with exceptions, as of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n/);
  expect(out).toMatch(/Verification \d+ \(final\), against run 1; \d+\.\d s/);
  expect(out).toContain('1 of 1 ranges verified, 0 rows read one by one.');
  expect(out).toMatch(/references\s+\d+\s+0\n/);
  expect((await say('findings', 'case-states')).out).toContain('found nothing');
});

it('says NOT PROVEN with exit code 2, and which rows, without a value anywhere', async () => {
  const [row] = await engine.onTarget<{ key: string }>(
    `UPDATE case_states SET notes = 'secret damage' WHERE legacy_id = (SELECT min(legacy_id) FROM case_states)
     RETURNING legacy_id::text AS key`,
  );
  const found = await say('verify', 'case-states', '--json');
  expect(found.code).toBe(2);
  expect(found.json()).toMatchObject({
    verdict: 'not_proven',
    source: 400,
    findings: [{ kind: 'changed_in_target', rows: 1 }],
    rangesVerified: 1,
  });
  const text = await say('verify', 'case-states');
  expect(text.out).toMatch(/^case-states: NOT PROVEN, as of/);
  expect(text.out).toMatch(/changed_in_target\s+1\s+0\s+not proven/);
  const list = await say('findings', 'case-states', '--kind', 'changed_in_target');
  expect(list.out).toMatch(new RegExp(`changed_in_target\\s+${row!.key}\\s+notes`));
  expect((await say('findings', 'case-states', '--kind', 'moved')).out).toContain('found nothing of that kind');

  // Another that was started later, and came out otherwise, is not this one's answer.
  await engine.onTarget(`INSERT INTO carryover.verifications (verification_id, migration, run_id, final, fingerprint,
      source_identity, target_identity, workflow, workflow_run, state, verdict, finished_at)
    OVERRIDING SYSTEM VALUE SELECT 1000, migration, run_id, false, fingerprint, source_identity, target_identity, 'other', 'other',
      'finished', 'proven', now() FROM carryover.verifications LIMIT 1`);
  const own = await say('verify', 'case-states');
  expect([own.code, own.out.split(',')[0]]).toEqual([2, 'case-states: NOT PROVEN']);

  // The run ended well; what is known since counts.
  await engine.onTarget(`UPDATE carryover.verifications SET verdict = 'not_proven' WHERE verification_id = 1000`);
  const status = await say('status', 'case-states');
  expect([status.code, status.out]).toEqual([
    2,
    expect.stringMatching(/verified {2}not proven, by verification 1000 of /),
  ]);

  // By its run as well: other files of tests verify under the same workflow id.
  const query = `TaskQueue = '${worker.taskQueue}' AND WorkflowType = 'verify' AND ExecutionStatus = 'Failed'`;
  const histories: unknown[] = [];
  await eventually('failed verifications', async () => {
    for await (const { workflowId, runId } of temporal.client.workflow.list({ query })) {
      histories.push(await temporal.client.workflow.getHandle(workflowId, runId).fetchHistory());
    }
    return histories.length > 0;
  });
  expect(JSON.stringify(histories)).not.toContain('secret damage');
  expect(`${found.out}${found.err}${text.out}${list.out}`).not.toContain('secret damage');
});

it('accepts findings with a reason, by whom and when, until the row is another', async () => {
  await engine.onTarget('DELETE FROM carryover.verifications WHERE verification_id = 1000');
  expect((await say('accept-findings', 'case-states', '--kind', 'changed_in_target')).err).toContain(
    '"reason" is missing',
  );
  const both = await say('accept-findings', 'case-states', '--kind', 'moved', '--finding', '1', '--reason', 'why');
  expect(both.err).toMatch(/"kinds" must be a list of missing[^]*either "kinds" or "findings"/);
  const none = await say('accept-findings', 'case-states', '--kind', 'duplicate', '--reason', 'there are none');
  expect([none.code, none.err]).toEqual([1, expect.stringContaining('found nothing of that kind')]);

  const reason = 'put right by hand';
  const said = await say(
    'accept-findings',
    'case-states',
    '--kind',
    'changed_in_target',
    '--reason',
    reason,
    '--by',
    'Ada',
  );
  expect([said.code, said.out]).toEqual([
    0,
    expect.stringMatching(/^1 of verification \d+ is accepted: exceptions from the next/),
  ]);
  const [kept] = await engine.onTarget('SELECT kind, reason, who, claimed_by FROM carryover.accepted_findings');
  expect(kept).toEqual({
    kind: 'changed_in_target',
    reason,
    who: expect.stringContaining('@') as string,
    claimed_by: 'Ada',
  });
  expect((await say('findings', 'case-states')).out).toMatch(/changed_in_target .* accepted/);

  const accepted = await say('verify', 'case-states', '--final');
  expect([accepted.code, accepted.out.split(',')[0]]).toEqual([0, 'case-states: proven with exceptions']);
  expect(accepted.out).toMatch(/changed_in_target +1 +1 /);
  // Again: it had been before.
  const again = await say('accept-findings', 'case-states', '--kind', 'changed_in_target', '--reason', reason);
  expect(again.out).toContain('0 of verification');
  expect(again.out).toContain('1 had been before');

  await engine.onTarget(
    `UPDATE case_states SET notes = 'damage of another kind' WHERE legacy_id = (SELECT min(legacy_id) FROM case_states)`,
  );
  const changed = await say('verify', 'case-states');
  expect([changed.code, changed.out.split(',')[0]]).toEqual([2, 'case-states: NOT PROVEN']);
});
