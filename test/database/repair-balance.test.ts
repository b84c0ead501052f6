/** What a repair makes of the migration's balance, whatever became of the full run and of the repair. */
import { readLatestRuns } from '../../database/ledger/read-status';
import { readStoredReport } from '../../database/report/store';
import { caseStates } from '../../mappings/case-states';
import { checkRun } from '../support/closing';
import { carryBatch, createEngine, cutAll, migrate, openRun, refOf, repair } from '../support/engine';
import type { Engine } from '../support/engine';
import { pastTransitions } from '../support/ledger';
import { verify } from '../support/verification';
import { FORGE } from './plantings';
import { balance, keysOf } from './repair-fixture';

let engine: Engine;
beforeEach(async () => {
  engine = await createEngine({ sample: { rows: 400, dirty: true } });
  await engine.onTarget(FORGE);
});
afterEach(() => engine?.drop());

describe('the balance follows', () => {
  /** A full run one of whose batches of 90 is skipped. */
  async function migrateWithout(skipped: number): Promise<void> {
    const plan = await openRun(engine, caseStates, { batchRows: 90 });
    await cutAll(engine, caseStates, plan);
    await engine.onTarget(
      pastTransitions(`UPDATE carryover.batches SET state = 'skipped', excluded = source, excluded_by_decision = source, pending = 0
       WHERE run_id = ${plan.run} AND batch = ${skipped}`),
    );
    const { nextBatch } = await engine.ports.runs.remaining(plan.run, plan.epoch, 1);
    for (let batch = 1; batch < nextBatch; batch += 1) {
      if (batch !== skipped) await carryBatch(engine, caseStates, refOf(plan, batch));
    }
    await checkRun(engine, caseStates, plan);
    await engine.ports.runs.draft(caseStates, plan.run, plan.epoch);
    await engine.ports.runs.finish(plan.run, plan.epoch);
  }

  /** A row whose record is nowhere, and its batch. */
  async function unmapped(): Promise<{ key: string; batch: number }> {
    const [row] = await engine.onTarget<{ key: string; batch: number }>(
      `SELECT legacy_key AS key, last_batch AS batch FROM carryover.quarantine
       WHERE state = 'open' AND reasons = '{case_unmapped}' ORDER BY 1 LIMIT 1`,
    );
    return row!;
  }

  it('where a batch of the full run was skipped: its rows were excluded, and some are loaded now', async () => {
    await migrate(engine, caseStates, 90);
    const { key, batch } = await unmapped();
    await migrateWithout(batch);
    const counts = await balance(engine);
    expect(counts.excluded).toBe(90);
    await engine.onTarget(
      `INSERT INTO orders (id, instruction_id, case_id, order_number)
       SELECT gen_random_uuid(), (source_row ->> 'instruction_id')::bigint, (SELECT id FROM cases LIMIT 1), 'new'
       FROM carryover.quarantine WHERE legacy_key = $1`,
      [key],
    );
    const { findings } = await verify(engine, caseStates);
    expect(findings.map((finding) => finding.key)).toContain(key);
    const { headline, plan } = await repair(engine, caseStates);
    const settled = await engine.onTarget(
      'SELECT legacy_key, was, now FROM carryover.settled_keys WHERE run_id = $1 AND legacy_key = $2',
      [plan.run, key],
    );
    expect(settled).toEqual([{ legacy_key: key, was: 'excluded', now: 'loaded' }]);
    const after = await balance(engine);
    expect(Number(after.excluded)).toBe(
      90 - (await engine.onTarget(`SELECT 1 FROM carryover.settled_keys WHERE was = 'excluded'`)).length,
    );
    expect(after).toMatchObject({ source: counts.source, adds_up: true, pending: 0 });
    expect(headline.findings).toBe(0);
    const report = await readStoredReport(engine.target, plan.run);
    expect(report).toMatchObject({ skipped: [{ batch, rows: 90 }], again: { base: '2', skipped: 0 } });
  });

  it('where a repair is abandoned: what it had not taken counts as it did, and a later verification is believed', async () => {
    await migrate(engine, caseStates, 90);
    const counts = await balance(engine);
    const [key] = await keysOf(engine, 'case_states', 'true', 1);
    await engine.onTarget(`UPDATE case_states SET notes = 'x' WHERE legacy_id = ${key!}; SELECT forge(${key!})`);
    await verify(engine, caseStates);
    const plan = await openRun(engine, caseStates, {}, {}, 'repair');
    expect(await balance(engine)).toEqual({ ...counts, complete: false });
    const [open] = await readLatestRuns(engine.target, caseStates.name);
    expect(open).toMatchObject({ mode: 'repair', state: 'open', verified: null, balance: { source: counts.source } });
    const said = await engine.ports.runs.abandon(
      { run: plan.run, reason: 'put right by hand' },
      { namespace: 'default', workflow: 'a', firstRun: 'a', currentRun: 'a', schedule: null },
    );
    expect(said).toContain('1 rows that it had not taken count as they did');
    expect(await balance(engine)).toEqual(counts);
  });

  it('by the latest finding of each key, however often it was found', async () => {
    await migrate(engine, caseStates, 90);
    const [one, two] = await keysOf(engine, 'case_states', 'true', 2);
    await engine.onTarget(`UPDATE case_states SET notes = 'x' WHERE legacy_id IN (${one!}, ${two!})`);
    await verify(engine, caseStates);
    await engine.onTarget(`SELECT forge(${one!})`);
    const part = { from: [one!], to: [two!] };
    await verify(engine, caseStates, false, part);
    const { plan, headline } = await repair(engine, caseStates);
    expect(headline.updated).toBe(1);
    expect(await engine.onTarget('SELECT kept FROM carryover.runs WHERE run_id = $1', [plan.run])).toEqual([
      { kept: { changed_in_target: 1 } },
    ]);
  });
});
