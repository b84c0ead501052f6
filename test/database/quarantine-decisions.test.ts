/** Rows that a person dismisses from quarantine count as excluded by decision, at once and in every run, until it is taken back. */
import { caseStates } from '../../mappings/case-states';
import { messages } from '../../mappings/messages';
import type { Mapping } from '../../mappings/mapping';
import type { RowChoice } from '../../shared/quarantine-input';
import { createEngine, cutAll, migrate, openRun, refOf, refusal, repair, replay } from '../support/engine';
import type { Engine } from '../support/engine';
import { verify } from '../support/verification';

let engine: Engine;
let courier = 0;

beforeEach(async () => {
  engine = await createEngine({ sample: { rows: 400, dirty: true } });
});
afterEach(() => engine?.drop());

const decide = (
  decision: 'dismiss' | 'restore',
  choice: Partial<RowChoice>,
  run = `run ${(courier += 1)}`,
): Promise<string> =>
  engine.ports.quarantine.decide(
    decision,
    { migration: 'case-states', why: 'test entries', ...choice },
    { workflow: 'decides', workflowRun: run },
  );

const present = async (mapping: Mapping = caseStates): Promise<Record<string, number | boolean>> => {
  const [line] = await engine.onTarget<Record<string, number | boolean>>(
    `SELECT source::int, loaded::int, quarantined::int, excluded::int, excluded_by_decision::int AS decided, pending::int,
            complete, source = loaded + quarantined + excluded + pending AS closed
     FROM carryover.migration_balance WHERE migration = $1`,
    [mapping.name],
  );
  return line!;
};

interface Line {
  readonly number: string;
  readonly key: string;
  readonly reason: string;
  readonly state: string;
}
const lines = (state: string, mapping: Mapping = caseStates): Promise<Line[]> =>
  engine.onTarget<Line>(
    `SELECT number::text, legacy_key AS key, reason, state FROM carryover.quarantine
     WHERE migration = $1 AND state = $2 ORDER BY key_numbers, legacy_key`,
    [mapping.name, state],
  );

const moved = (before: Record<string, number | boolean>, rows: number): Record<string, number | boolean> => ({
  ...before,
  quarantined: Number(before.quarantined) - rows,
  excluded: Number(before.excluded) + rows,
  decided: Number(before.decided) + rows,
});

/** Each line of a batch, and what its run noted of it, agree. */
const expectNoted = async (): Promise<void> => {
  expect(
    await engine.onTarget(
      `SELECT run_id, batch FROM carryover.batches b
       WHERE quarantined <> (SELECT count(*) FROM carryover.quarantine_occurrences o WHERE (o.run_id, o.batch) = (b.run_id, b.batch))
          OR excluded_by_decision <> (SELECT count(*) FROM carryover.dismissal_occurrences o WHERE (o.run_id, o.batch) = (b.run_id, b.batch))`,
    ),
  ).toEqual([]);
};

it('closes the balance at once, is proven with exceptions, and can be taken back', async () => {
  await migrate(engine, caseStates, 90);
  const before = await present();
  const unknown = (await lines('open')).filter(({ reason }) => reason === 'code_unknown');
  expect(unknown.length).toBeGreaterThan(1);
  expect(await decide('dismiss', { reasons: ['code_unknown'], by: 'Ada' })).toMatch(
    new RegExp(`^${unknown.length} rows of case-states are dismissed: excluded by decision`),
  );
  const after = await present();
  expect(after).toEqual({ ...moved(before, unknown.length), complete: true, closed: true });
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
  const back = (await lines('dismissed'))[0]!;
  await decide('restore', { rows: [back.number] });
  expect(await present()).toEqual({ ...moved(before, unknown.length - 1), complete: true, closed: true });
  expect((await verify(engine, caseStates, true)).findings).toEqual([]);
  // Not one line more: the decisions of a run are one line for each row.
  await decide('dismiss', { rows: [back.number] });
  expect(await present()).toEqual(after);
  expect(await engine.onTarget('SELECT 1 FROM carryover.settled_keys')).toHaveLength(unknown.length);
});

it('leaves them out of a later full run, of a replay and of a repair, whether they are fit by then or not', async () => {
  await migrate(engine, caseStates, 90);
  const held = await lines('open');
  const unmapped = held.filter(({ reason }) => reason === 'case_unmapped').slice(0, 3);
  const unknown = held.filter(({ reason }) => reason === 'code_unknown').slice(0, 1);
  const chosen = [...unmapped, ...unknown];
  await decide('dismiss', { rows: chosen.map(({ number }) => number) });
  const decided = await present();
  // By now they could be loaded; another, which nobody dismissed, is.
  await engine.onTarget(
    `INSERT INTO orders (id, instruction_id, case_id, order_number)
     SELECT gen_random_uuid(), instruction, (SELECT id FROM cases LIMIT 1), 'late ' || instruction
     FROM (SELECT DISTINCT (source_row ->> 'instruction_id')::bigint AS instruction FROM carryover.quarantine
           WHERE reasons = '{case_unmapped}') q`,
  );
  const replayed = await replay(engine, caseStates, { batchRows: 20 });
  expect(replayed.headline).toMatchObject({ verdict: 'proven_with_exceptions', findings: 0 });
  expect(replayed.headline.excluded).toBe(chosen.length);
  const keys = chosen.map(({ key }) => key);
  const state = async (): Promise<string[]> =>
    (await lines('dismissed')).filter(({ key }) => keys.includes(key)).map(({ key }) => key);
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
  expect(await engine.onTarget('SELECT 1 FROM case_states WHERE legacy_id = ANY ($1::bigint[])', [keys])).toEqual([]);
  expect(await present()).toMatchObject({
    excluded: chosen.length,
    decided: chosen.length,
    closed: true,
    complete: true,
  });
  expect(decided).toMatchObject({ excluded: chosen.length });
  await expectNoted();

  // Taken back after that run: its batches count it as left out, and the decision moves it.
  await decide('restore', { rows: [unmapped[0]!.number] });
  expect(await present()).toMatchObject({
    excluded: chosen.length - 1,
    quarantined: replayed.headline.quarantined + 1,
    closed: true,
  });
  // Its reason is gone, which a verification says, and a replay brings it over.
  expect((await verify(engine, caseStates, true)).findings).toMatchObject([{ kind: 'stale', key: unmapped[0]!.key }]);
  const last = await replay(engine, caseStates);
  expect(last.headline).toMatchObject({ inserted: 1, findings: 0, excluded: chosen.length - 1 });
  expect(await present()).toMatchObject({ closed: true, complete: true, quarantined: replayed.headline.quarantined });
});

it('is void once the source says something else: the row is loaded, or in open quarantine', async () => {
  await migrate(engine, caseStates, 90);
  const unknown = (await lines('open')).filter(({ reason }) => reason === 'code_unknown');
  await decide('dismiss', { reasons: ['code_unknown'] });
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
  expect(await present()).toMatchObject({ closed: true, complete: true, excluded: unknown.length - 2 });
  await expectNoted();
});

it('holds where keys are no integers, and their order is unknown', async () => {
  await migrate(engine, messages, 10);
  const before = await present(messages);
  const held = await lines('open', messages);
  const chosen = held.slice(0, 5);
  await decide('dismiss', { migration: 'messages', rows: chosen.map(({ number }) => number) });
  expect(await present(messages)).toEqual({ ...moved(before, 5), closed: true, complete: true });
  expect(await verify(engine, messages, true)).toMatchObject({
    verdict: 'proven_with_exceptions',
    findings: [],
    faults: {},
  });
  const { headline } = await migrate(engine, messages, 10);
  expect(headline).toMatchObject({ excluded: 5, findings: 0, quarantined: held.length - 5 });
});

it('takes nothing where a part of it cannot be done, and says all of what', async () => {
  const early = await refusal(decide('dismiss', { all: true }));
  expect(early.message).toBe('Nothing was dismissed: case-states has not been migrated: it has no row in quarantine.');
  await migrate(engine, caseStates, 90);
  const [one, two] = await lines('open');
  await decide('dismiss', { rows: [one!.number] });
  const before = await present();
  const error = await refusal(decide('dismiss', { rows: [two!.number, one!.number, '999999'] }));
  expect(error.type).toBe('InputRefused');
  expect(error.message).toContain('the quarantine of case-states has no row 999999');
  expect(error.message).toContain(`${one!.number}: dismissed already`);
  expect((await refusal(decide('restore', { rows: [two!.number] }))).message).toContain(
    `${two!.number}: open, and not dismissed`,
  );
  expect((await refusal(decide('dismiss', { reasons: ['constraint_rejected'] }))).message).toContain(
    'no row of case-states is open for constraint_rejected',
  );
  expect(await present()).toEqual(before);
  expect(await engine.onTarget('SELECT 1 FROM carryover.audit')).toHaveLength(1);
  const plan = await openRun(engine, caseStates, { batchRows: 90 });
  await cutAll(engine, caseStates, plan);
  expect((await refusal(decide('dismiss', { all: true }))).message).toContain(`run ${plan.run} of case-states is open`);
  await engine.ports.runs.abandon({ run: plan.run, reason: 'a test' }, {
    namespace: 'default', workflow: 'abandons', firstRun: 'a', currentRun: 'a', schedule: null,
  }); // prettier-ignore
  expect((await refusal(decide('restore', { all: true }))).message).toContain(
    'is abandoned, so not every row was looked at',
  );
  expect(refOf(plan, 1).run).toBe(plan.run);
});

it('is one decision, however often it is delivered', async () => {
  await migrate(engine, caseStates, 90);
  const before = await present();
  const [one] = await lines('open');
  const [once, twice] = [
    await decide('dismiss', { rows: [one!.number] }, 'the same'),
    await decide('dismiss', { rows: [one!.number] }, 'the same'),
  ];
  expect(twice).toBe(once);
  expect(await present()).toMatchObject(moved(before, 1));
});

it('is told where the ledger and its lines do not agree any more', async () => {
  await migrate(engine, caseStates, 90);
  await decide('dismiss', { reasons: ['code_unknown'] });
  const [one] = await lines('dismissed');
  await engine.onTarget(`UPDATE carryover.quarantine SET state = 'replayed' WHERE number = $1`, [one!.number]);
  const lost = await verify(engine, caseStates, true);
  expect(lost).toMatchObject({ verdict: 'not_proven', findings: [{ kind: 'missing', key: one!.key }] });
  await engine.onTarget(`UPDATE carryover.quarantine SET state = 'dismissed' WHERE number = $1`, [one!.number]);
  await engine.onTarget(`UPDATE carryover.quarantine SET source_row_sha256 = repeat('0', 64) WHERE number = $1`, [
    one!.number,
  ]);
  expect((await verify(engine, caseStates)).findings).toMatchObject([{ key: one!.key }]);
});

it('finds nothing that a repair might mend in a row that is dismissed and loaded: a person has to', async () => {
  await migrate(engine, caseStates, 90);
  const [key] = (await engine.onTarget<{ key: string }>('SELECT min(legacy_id)::text AS key FROM case_states')).map(
    (r) => r.key,
  );
  await engine.onSource('UPDATE dispatch_state SET status = 99 WHERE id = ?', [key]);
  await migrate(engine, caseStates, 90);
  const line = (await lines('open')).find((each) => each.key === key);
  await decide('dismiss', { rows: [line!.number] });
  expect(await verify(engine, caseStates, true)).toMatchObject({
    verdict: 'not_proven',
    findings: [{ kind: 'stale', key }],
  });
  const repaired = await repair(engine, caseStates);
  expect(repaired.headline).toMatchObject({ verdict: 'not_proven', excluded: 1 });
});
