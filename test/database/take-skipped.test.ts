/** Batches that a person skipped come over after the run's end, by a replay that says why. */
import { createCatalog } from '../../mappings/catalog';
import { caseStates } from '../../mappings/case-states';
import type { Mapping } from '../../mappings/mapping';
import type { Headline } from '../../shared/messages';
import { checkRun } from '../support/closing';
import {
  carryBatch,
  carryRun,
  createEngine,
  cutAll,
  loadBatch,
  migrate,
  openRun,
  refOf,
  refusal,
  repair,
  replay,
  retryBatches,
} from '../support/engine';
import type { Engine } from '../support/engine';
import { resync, undo } from '../support/resync';
import { createDepartmentTables, departments } from '../support/third-mapping';
import { verify } from '../support/verification';
import { balance, contents, keysOf } from './repair-fixture';

let engine: Engine;
afterEach(() => engine?.drop());

const takeSkipped = 'the archive is readable again';

/** A full run of which some batches are skipped. */
async function migrateWithout(mapping: Mapping, skipped: readonly number[], batchRows: number): Promise<Headline> {
  const plan = await openRun(engine, mapping, { batchRows });
  const cut = await cutAll(engine, mapping, plan);
  const { run, migration, epoch } = plan;
  for (const batch of skipped) await engine.ports.runs.park(refOf(plan, batch), 'a person decides');
  const decision = { run, migration, epoch, verb: 'skipBatch', update: 'u1', reason: 'archived' } as const;
  const sender = { workflow: 'test', workflowRun: 'first' };
  await engine.ports.runs.decide({ ...decision, batches: [...skipped] }, sender);
  for (const index of cut.keys()) {
    if (!skipped.includes(index + 1)) await carryBatch(engine, mapping, refOf(plan, index + 1));
  }
  await checkRun(engine, mapping, plan);
  await engine.ports.runs.draft(mapping, plan.run, plan.epoch);
  return engine.ports.runs.finish(plan.run, plan.epoch);
}

/** What a full run that skips nothing makes of the source, and counts. */
async function asMigrated(mapping: Mapping): Promise<Record<string, number>> {
  const before = await contents(engine, mapping.target.table);
  const { headline } = await migrate(engine, mapping, 90);
  expect(await contents(engine, mapping.target.table)).toEqual(before);
  expect(headline).toMatchObject({ inserted: 0, updated: 0, findings: 0 });
  const { source, loaded, quarantined, excluded, pending } = headline;
  return { source, loaded, quarantined, excluded, pending };
}

describe('of case states', () => {
  beforeEach(async () => {
    engine = await createEngine({ sample: { rows: 400, dirty: true } });
  });

  it.each([
    ['', caseStates],
    [' of the rows that a rule takes', { ...caseStates, source: { ...caseStates.source, where: 'status <> 11' } }],
  ])(
    'takes the source as it is by now, and the balance%s closes as if nothing had been skipped',
    async (_of, mapping) => {
      const first = await migrateWithout(mapping, [1, 3], 90);
      expect(first).toMatchObject({ pending: 0, verdict: 'proven_with_exceptions' });
      expect(first.excluded).toBeGreaterThan(150);
      const [moved] = await engine.onSource('SELECT id FROM dispatch_state ORDER BY id LIMIT 3');
      await engine.onSource('DELETE FROM dispatch_state ORDER BY id LIMIT 3');
      await engine.onSource(
        `INSERT INTO dispatch_state (id, status, reason, notes, created_at, instruction_id, actor_id, \`on\`)
       SELECT ?, status, reason, notes, created_at, instruction_id, actor_id, \`on\` FROM dispatch_state ORDER BY id LIMIT 1`,
        [moved!.id],
      );

      const { plan, headline } = await replay(engine, mapping, { takeSkipped, by: 'Ada' });
      expect(plan).toMatchObject({ held: 0, estimatedRows: 180 });
      expect(headline).toMatchObject({ findings: 0, pending: 0, verdict: 'proven_with_exceptions' });
      expect(await verify(engine, mapping, true)).toMatchObject({ findings: [], faults: {} });
      const now = await balance(engine);
      expect(now).toMatchObject({ complete: true, adds_up: true });
      expect(await asMigrated(mapping)).toEqual({
        source: now.source,
        loaded: now.loaded,
        quarantined: now.quarantined,
        excluded: now.excluded,
        pending: 0,
      });
      expect(
        await engine.onTarget(
          `SELECT verb, claimed_by AS by, reason, run_id::int AS run FROM carryover.audit ORDER BY audit_id`,
        ),
      ).toEqual([
        { verb: 'skipBatch', by: null, reason: 'archived', run: 1 },
        { verb: 'takeSkipped', by: 'Ada', reason: takeSkipped, run: 2 },
      ]);
    },
  );

  it('is done once; the report of the run names none as skipped, and that of the run before still does', async () => {
    await migrateWithout(caseStates, [2], 90);
    const { plan } = await replay(engine, caseStates, { takeSkipped });
    const skippedOf = async (run: string): Promise<number[]> => {
      const [line] = await engine.onTarget<{ report: { skipped: { batch: number }[] } }>(
        'SELECT report FROM carryover.runs WHERE run_id = $1',
        [run],
      );
      return line!.report.skipped.map(({ batch }) => batch);
    };
    expect([await skippedOf('1'), await skippedOf(plan.run)]).toEqual([[2], []]);
    expect((await refusal(replay(engine, caseStates, { takeSkipped }))).message).toBe(
      'Nothing was replayed: of run 1 of case-states, run 2 took its skipped batches back.',
    );
  });

  it('counts rows once that were replayed from an earlier quarantine before', async () => {
    await migrate(engine, caseStates, 90);
    await migrateWithout(caseStates, [1, 2, 3, 4], 90);
    const taken = await replay(engine, caseStates, {});
    expect(taken.plan.estimatedRows).toBeGreaterThan(5);
    const { headline } = await replay(engine, caseStates, { takeSkipped });
    expect(headline).toMatchObject({ findings: 0, pending: 0, inserted: 0 });
    expect(await verify(engine, caseStates, true)).toMatchObject({ findings: [], faults: {} });
    const { source, loaded, quarantined, excluded } = await balance(engine);
    expect(await asMigrated(caseStates)).toEqual({ source, loaded, quarantined, excluded, pending: 0 });
  });

  it('is compared by the next re-sync, and taken back by an undo as any run is', async () => {
    await migrateWithout(caseStates, [2, 3], 90);
    const before = await contents(engine, 'case_states');
    const { plan } = await replay(engine, caseStates, { takeSkipped });
    const whole = await contents(engine, 'case_states');
    expect(whole).not.toEqual(before);
    await undo(engine, caseStates, plan.run);
    expect(await contents(engine, 'case_states')).toEqual(before);
    expect(await balance(engine)).toMatchObject({ complete: false, pending: 180, excluded: 0 });
    const { headline } = await resync(engine, caseStates);
    expect(headline).toMatchObject({ pending: 0, findings: 0 });
    expect(await contents(engine, 'case_states')).toEqual(whole);
    expect(await verify(engine, caseStates, true)).toMatchObject({ findings: [], faults: {} });
  });

  it('counts a row once that a rule leaves out by now, or that is gone, whatever it counted as', async () => {
    const some: Mapping = { ...caseStates, source: { ...caseStates.source, where: 'status <> 11' } };
    await migrate(engine, some, 90);
    await migrateWithout(some, [1, 2, 3, 4], 90);
    await replay(engine, some, {});
    const held = await engine.onTarget<{ key: string }>(
      `SELECT legacy_key AS key FROM carryover.quarantine WHERE state = 'open' ORDER BY key_numbers LIMIT 2`,
    );
    await engine.onSource('UPDATE dispatch_state SET status = 11 WHERE id = ?', [held[0]!.key]);
    await engine.onSource('DELETE FROM dispatch_state WHERE id = ?', [held[1]!.key]);
    // Parked after its load, and taken again: by then a rule leaves out one that it had loaded, and another is gone.
    const plan = await openRun(engine, some, { takeSkipped }, {}, 'replay');
    await loadBatch(engine, some, refOf(plan, 1));
    const [out, gone] = await keysOf(engine, 'case_states', 'true', 2);
    await engine.onSource('UPDATE dispatch_state SET status = 11 WHERE id = ?', [out]);
    await engine.onSource('DELETE FROM dispatch_state WHERE id = ?', [gone]);
    await engine.ports.runs.park(refOf(plan, 1), 'difference');
    await retryBatches(engine, plan, [1]);
    await carryRun(engine, some, plan);
    const { source, loaded, excluded, quarantined } = await balance(engine);
    const { headline } = await migrate(engine, some, 90);
    expect({ source, loaded, excluded, quarantined }).toEqual({
      source: headline.source,
      loaded: headline.loaded,
      excluded: headline.excluded,
      quarantined: headline.quarantined,
    });
  });

  it('is refused where a replay of the quarantine is open, and that where it is', async () => {
    await migrateWithout(caseStates, [1], 90);
    const plan = await openRun(engine, caseStates, {}, {}, 'replay');
    const other = await refusal(openRun(engine, caseStates, { takeSkipped }, { currentRun: 'another' }, 'replay'));
    expect([other.type, other.message]).toEqual([
      'MappingChanged',
      `run ${plan.run} of case-states is open, tries rows in quarantine again and takes no skipped batches: ` +
        'start replay without "takeSkipped" to go on with it, or abandon the run',
    ]);
    await carryRun(engine, caseStates, plan);
    const taking = await openRun(engine, caseStates, { takeSkipped }, {}, 'replay');
    const plain = await refusal(openRun(engine, caseStates, {}, { currentRun: 'another' }, 'replay'));
    expect(plain.message).toContain(
      `run ${taking.run} of case-states is open, takes skipped batches back and tries none`,
    );
  });
});

it('lets a re-sync of text keys be, which is refused while rows are left out', async () => {
  engine = await createEngine({ catalog: createCatalog([departments]) });
  await createDepartmentTables(engine);
  await migrate(engine, departments, 4);
  await migrateWithout(departments, [2], 4);
  for (const [start, nothing] of [
    [() => replay(engine, departments, {}), 'Nothing was replayed'],
    [() => repair(engine, departments, {}), 'Nothing was repaired'],
  ] as const) {
    expect((await refusal(start())).message).toContain(
      `${nothing}: run 2 of departments has batches that somebody skipped`,
    );
  }
  expect((await refusal(openRun(engine, departments, {}, {}, 'changed'))).message).toContain(
    'Take them back with "takeSkipped" of replay, or start migrate.',
  );
  const { headline } = await replay(engine, departments, { takeSkipped });
  expect(headline).toMatchObject({ pending: 0, findings: 0 });
  expect((await resync(engine, departments)).headline).toMatchObject({ pending: 0, findings: 0 });
  const { source, loaded, quarantined, excluded } = (
    await engine.onTarget<Record<string, number>>(
      `SELECT source::int, loaded::int, quarantined::int, excluded::int FROM carryover.migration_balance WHERE migration = 'departments'`,
    )
  )[0]!;
  expect(await asMigrated(departments)).toEqual({ source, loaded, quarantined, excluded, pending: 0 });
});
