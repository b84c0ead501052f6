/** Rows that a person dismisses from quarantine count as excluded by decision, at once, until it is taken back. */
import { caseStates } from '../../mappings/case-states';
import { createEngine, migrate, never, openRun, refusal } from '../support/engine';
import type { Engine } from '../support/engine';
import { startVerification, verify } from '../support/verification';
import { decide, lines, present, withDismissed } from './quarantine-fixture';

let engine: Engine;
beforeEach(async () => {
  engine = await createEngine({ sample: { rows: 400, dirty: true } });
});
afterEach(() => engine?.drop());

it('closes the balance at once, is proven with exceptions, and can be taken back', async () => {
  await migrate(engine, caseStates, 90);
  const before = await present(engine);
  const unknown = (await lines(engine, 'open')).filter(({ reason }) => reason === 'code_unknown');
  expect(unknown.length).toBeGreaterThan(1);
  expect(await decide(engine, 'dismiss', { reasons: ['code_unknown'], by: 'Ada' })).toMatch(
    new RegExp(`^${unknown.length} rows of case-states are dismissed: excluded by decision`),
  );
  const after = await present(engine);
  expect(after).toEqual({ ...withDismissed(before, unknown.length), complete: true, closed: true });
  const seen = await verify(engine, caseStates, true);
  expect(seen).toMatchObject({
    verdict: 'proven_with_exceptions',
    findings: [],
    faults: {},
    quarantined: after.quarantined,
    excluded: unknown.length,
    // Sums alone: nothing had to be compared row by row.
    read: 0,
  });
  const [audit] = await engine.onTarget(
    'SELECT verb, who, claimed_by, reason, migration, details, run_id::text AS run FROM carryover.audit',
  );
  expect(audit).toEqual({
    verb: 'dismiss',
    who: 'tester@starts',
    claimed_by: 'Ada',
    reason: 'test entries',
    migration: 'case-states',
    details: { rows: unknown.length, reasons: 'code_unknown' },
    run: '1',
  });
  const back = (await lines(engine, 'dismissed'))[0]!;
  await decide(engine, 'restore', { rows: [back.number] });
  expect(await present(engine)).toEqual({ ...withDismissed(before, unknown.length - 1), complete: true, closed: true });
  expect((await verify(engine, caseStates, true)).findings).toEqual([]);
  // Not one line more: the decisions of a run are one line for each row.
  await decide(engine, 'dismiss', { rows: [back.number] });
  expect(await present(engine)).toEqual(after);
  expect(await engine.onTarget('SELECT 1 FROM carryover.settled_keys')).toHaveLength(unknown.length);
});

it('takes nothing where a part of it cannot be done, and says all of what', async () => {
  const early = await refusal(decide(engine, 'dismiss', { all: true }));
  expect(early.message).toBe('Nothing was dismissed: case-states has not been migrated: it has no row in quarantine.');
  await migrate(engine, caseStates, 90);
  const [one, two] = await lines(engine, 'open');
  await decide(engine, 'dismiss', { rows: [one!.number] });
  const before = await present(engine);
  const error = await refusal(decide(engine, 'dismiss', { rows: [two!.number, one!.number, '999999'] }));
  expect(error.type).toBe('InputRefused');
  expect(error.message).toContain('the quarantine of case-states has no row 999999');
  expect(error.message).toContain(`${one!.number}: dismissed already`);
  expect((await refusal(decide(engine, 'restore', { rows: [two!.number] }))).message).toContain(
    `${two!.number}: open, and not dismissed`,
  );
  expect((await refusal(decide(engine, 'dismiss', { reasons: ['constraint_rejected'] }))).message).toContain(
    'no row of case-states is open for constraint_rejected',
  );
  expect(await present(engine)).toEqual(before);
  expect(await engine.onTarget('SELECT 1 FROM carryover.audit')).toHaveLength(1);
  const abandon = (run: string): Promise<string> =>
    engine.ports.runs.abandon({ run, reason: 'a test' }, {
      namespace: 'default', workflow: `abandons ${run}`, firstRun: run, currentRun: run, schedule: null,
    }); // prettier-ignore
  for (const mode of ['replay', 'full'] as const) {
    const { run } = await openRun(engine, caseStates, {}, {}, mode);
    expect((await refusal(decide(engine, 'dismiss', { all: true }))).message).toContain(
      `Nothing was dismissed: run ${run} of case-states is open, and decides about its rows itself: wait for its end`,
    );
    await abandon(run);
  }
  expect((await refusal(decide(engine, 'restore', { all: true }))).message).toContain(
    'is abandoned, so not every row was looked at',
  );
});

it('is one decision, however often it is delivered', async () => {
  await migrate(engine, caseStates, 90);
  const before = await present(engine);
  const [one] = await lines(engine, 'open');
  const [once, twice] = [
    await decide(engine, 'dismiss', { rows: [one!.number] }, 'the same'),
    await decide(engine, 'dismiss', { rows: [one!.number] }, 'the same'),
  ];
  expect(twice).toBe(once);
  expect(await present(engine)).toMatchObject(withDismissed(before, 1));
});

it('is told where the ledger and its lines do not agree any more', async () => {
  await migrate(engine, caseStates, 90);
  await decide(engine, 'dismiss', { reasons: ['code_unknown'] });
  const [one] = await lines(engine, 'dismissed');
  await engine.onTarget(`UPDATE carryover.quarantine SET state = 'replayed' WHERE number = $1`, [one!.number]);
  const lost = await verify(engine, caseStates, true);
  expect(lost).toMatchObject({ verdict: 'not_proven', findings: [{ kind: 'missing', key: one!.key }] });
  await engine.onTarget(`UPDATE carryover.quarantine SET state = 'dismissed' WHERE number = $1`, [one!.number]);
  await engine.onTarget(`UPDATE carryover.quarantine SET source_row_sha256 = repeat('0', 64) WHERE number = $1`, [
    one!.number,
  ]);
  expect((await verify(engine, caseStates)).findings).toMatchObject([{ key: one!.key }]);
});

it.each(['dismiss', 'restore'] as const)('may come while a verification looks: %s', async (decision) => {
  await migrate(engine, caseStates, 90);
  if (decision === 'restore') await decide(engine, 'dismiss', { reasons: ['code_unknown'] });
  const started = await startVerification(engine, caseStates);
  const { verification } = started;
  const { verifications } = engine.ports;
  for (const range of (await verifications.unverified(verification)).ranges) {
    await verifications.range(caseStates, { verification, migration: 'case-states', range }, never());
  }
  await decide(engine, decision, decision === 'dismiss' ? { reasons: ['code_unknown'] } : { all: true });
  await started.look();
  expect(await started.finish()).toMatchObject({ verdict: 'proven_with_exceptions', faults: {}, defects: 0 });
});

it('is counted against what the batches and the decisions say', async () => {
  await migrate(engine, caseStates, 90);
  await decide(engine, 'dismiss', { reasons: ['code_unknown'] });
  const [one] = await lines(engine, 'dismissed');
  const fault = async (): Promise<object> => (await verify(engine, caseStates)).faults;
  // In quarantine again, and nobody decided so: one too many there, one too few dismissed.
  await engine.onTarget(`UPDATE carryover.quarantine SET state = 'open' WHERE number = $1`, [one!.number]);
  expect(await fault()).toEqual({ ledger: 2 });
  await engine.onTarget(`UPDATE carryover.quarantine SET state = 'dismissed' WHERE number = $1`, [one!.number]);
  expect(await fault()).toEqual({});
  await migrate(engine, caseStates, 90);
  expect(await fault()).toEqual({});
  await engine.onTarget('DELETE FROM carryover.dismissal_occurrences WHERE legacy_key = $1', [one!.key]);
  expect(await fault()).toEqual({ ledger: 1 });
});
