/** The target goes back to an earlier moment between two statements of one step: what the first has read counts no more. */
import { openSource } from '../../database/source/open-source';
import { openTarget } from '../../database/target/open-target';
import type { Point } from '../../database/points';
import { caseStates } from '../../mappings/case-states';
import type { RunPlan } from '../../shared/messages';
import { checkRun } from '../support/closing';
import { carryBatch, cutAll, openRun, refOf, refusal } from '../support/engine';
import type { Engine } from '../support/engine';
import { rememberTarget } from '../support/restore';
import { addStates, createClinic, forgetStates } from './clinic';

let engine: Engine;
let held: Engine;
/** What happens before which statement, once. */
let meanwhile: { readonly point: Point; readonly happens: () => Promise<unknown> } | undefined;

const interpose = async (point: Point, moment: 'before' | 'after'): Promise<void> => {
  if (point !== meanwhile?.point || moment !== 'before') return;
  const { happens } = meanwhile;
  meanwhile = undefined;
  await happens();
};

beforeAll(async () => {
  engine = await createClinic();
  held = engine.as(openSource(engine.sourceUrl, 4, interpose), openTarget(engine.targetUrl, 4, interpose));
});
beforeEach(() => addStates(engine, [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }]));
afterEach(() => forgetStates(engine));
afterAll(async () => {
  await Promise.all([held?.source.close(), held?.target.end()]);
  await engine?.drop();
});

const open = (): Promise<RunPlan> => openRun(held, caseStates, { batchRows: 1 });

const carry = async (plan: RunPlan): Promise<void> => {
  for (const index of (await cutAll(held, caseStates, plan)).keys()) {
    await carryBatch(held, caseStates, refOf(plan, index + 1));
  }
};

const batches = async (): Promise<number[]> =>
  (await engine.onTarget<{ batch: number }>('SELECT batch FROM carryover.batches ORDER BY batch')).map(
    ({ batch }) => batch,
  );

const run = async (): Promise<unknown> => (await engine.onTarget('SELECT state, verdict FROM carryover.runs'))[0];

it('a batch that was cut behind others which the ledger has lost is not recorded', async () => {
  const plan = await open();
  const cut: typeof held.ports.runs.cut = (mapping, ref) => held.ports.runs.cut(mapping, ref);
  await cut(caseStates, refOf(plan, 1));
  const restore = await rememberTarget(engine);
  await cut(caseStates, refOf(plan, 2));
  await cut(caseStates, refOf(plan, 3));
  meanwhile = { point: 'cut.record', happens: restore };
  const failure = await refusal(cut(caseStates, refOf(plan, 4)));
  expect(failure.type).toBe('LedgerBehind');
  expect(failure.message).toContain(`the ledger knows no batch 3 of run ${plan.run}`);
  expect(await batches()).toEqual([1]);
  await carry(plan);
  await checkRun(held, caseStates, plan);
  expect(await held.ports.runs.finish(plan.run, plan.epoch)).toMatchObject({ source: 4, verdict: 'proven' });
});

it('a run is not closed by what was read of it before', async () => {
  const plan = await open();
  await held.ports.runs.cut(caseStates, refOf(plan, 1));
  const restore = await rememberTarget(engine);
  await carry(plan);
  await checkRun(held, caseStates, plan);
  meanwhile = { point: 'finish.close', happens: restore };
  expect((await refusal(held.ports.runs.finish(plan.run, plan.epoch))).type).toBe('TargetUnavailable');
  expect(await run()).toEqual({ state: 'open', verdict: null });
  expect((await refusal(held.ports.runs.finish(plan.run, plan.epoch))).type).toBe('LedgerBehind');
});

it('a run is not closed by a verification that the ledger holds as under way', async () => {
  const plan = await open();
  await carry(plan);
  const restores: (() => Promise<unknown>)[] = [];
  meanwhile = { point: 'verify.verdict', happens: async () => restores.push(await rememberTarget(engine)) };
  await checkRun(held, caseStates, plan);
  await restores[0]!();
  const failure = await refusal(held.ports.runs.finish(plan.run, plan.epoch));
  expect(failure.type).toBe('LedgerBehind');
  expect(failure.message).toContain(`the ledger holds the verification of run ${plan.run} as under way`);
  expect(await run()).toEqual({ state: 'open', verdict: null });
});

it('a verification is not closed by what was read of it before', async () => {
  const plan = await open();
  await carry(plan);
  const restores: (() => Promise<unknown>)[] = [];
  // Before anything was looked at.
  meanwhile = {
    point: 'verify.line',
    happens: async () => {
      restores.push(await rememberTarget(engine));
      meanwhile = { point: 'verify.close', happens: restores[0]! };
    },
  };
  expect((await refusal(checkRun(held, caseStates, plan))).type).toBe('TargetUnavailable');
  expect(await engine.onTarget('SELECT state, verdict FROM carryover.verifications')).toEqual([
    { state: 'open', verdict: null },
  ]);
});
