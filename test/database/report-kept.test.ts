/** No run is closed without its report: whoever ends the workflow just then takes nothing from the operator. */
import { readLatestReport, readStoredReport } from '../../database/report/store';
import { caseStates } from '../../mappings/case-states';
import type { RunPlan } from '../../shared/messages';
import { checkRun } from '../support/closing';
import { carryBatch, createEngine, cutAll, openRun, refOf } from '../support/engine';
import type { Engine } from '../support/engine';

let engine: Engine;
beforeEach(async () => {
  engine = await createEngine({ sample: { rows: 60 } });
});
afterEach(() => engine?.drop());

/** A run of which all is done but its end. */
async function carried(): Promise<RunPlan> {
  const plan = await openRun(engine, caseStates);
  for (const index of (await cutAll(engine, caseStates, plan)).keys()) {
    await carryBatch(engine, caseStates, refOf(plan, index + 1));
  }
  await checkRun(engine, caseStates, plan);
  return plan;
}

const finishedAt = async (): Promise<string> => {
  const [row] = await engine.onTarget<{ at: Date }>('SELECT finished_at AS at FROM carryover.runs');
  return row!.at.toISOString();
};

it('is kept before the run is closed, shown from then on, and dated with its end', async () => {
  const { target, ports } = engine;
  const plan = await carried();
  await ports.runs.draft(caseStates, plan.run, plan.epoch);
  expect([await readStoredReport(target, plan.run), await readLatestReport(target, 'case-states')]).toEqual([
    null,
    null,
  ]);

  const { verdict } = await ports.runs.finish(plan.run, plan.epoch);
  const draft = await readStoredReport(target, plan.run);
  expect(draft).toMatchObject({ run: plan.run, verdict, complete: true });
  expect(Date.parse(draft!.finishedAt)).toBeLessThanOrEqual(Date.parse(await finishedAt()));

  await ports.runs.report(caseStates, plan.run, plan.epoch);
  const report = await readStoredReport(target, plan.run);
  expect(report).toEqual({ ...draft, finishedAt: await finishedAt(), seconds: expect.any(Number) as number });

  // Asked for again, it is the same, whatever became of the table since.
  await engine.onTarget('DELETE FROM case_states');
  await ports.runs.draft(caseStates, plan.run, plan.epoch);
  await ports.runs.report(caseStates, plan.run, plan.epoch);
  expect(await readStoredReport(target, plan.run)).toEqual(report);
});

it('is made where a run was closed without one', async () => {
  const { target, ports } = engine;
  const plan = await carried();
  await ports.runs.finish(plan.run, plan.epoch);
  expect(await readStoredReport(target, plan.run)).toBeNull();
  await ports.runs.report(caseStates, plan.run, plan.epoch);
  expect(await readStoredReport(target, plan.run)).toMatchObject({ run: plan.run, finishedAt: await finishedAt() });
});
