/** A batch that a person has to decide about: no attempt begins it, stages it or loads it until somebody says so. */
import { sourceIdentity } from '../../database/identity';
import { withAttempt } from '../../database/ledger/attempts';
import { extractBatch } from '../../database/target/extract';
import { caseStates } from '../../mappings/case-states';
import { fingerprint } from '../../mappings/fingerprint';
import type { RunPlan, StagedBatchRef } from '../../shared/messages';
import { cutAll, never, openRun, refOf, refusal, retryBatches, stageBatch } from '../support/engine';
import type { Engine } from '../support/engine';
import { addStates, createClinic, forgetStates } from './clinic';

let engine: Engine;
let plan: RunPlan;
let ref: StagedBatchRef;

beforeAll(async () => {
  engine = await createClinic();
});

beforeEach(async () => {
  await addStates(engine, [{ id: 1 }, { id: 2, status: 12 }]);
  plan = await openRun(engine, caseStates);
  await cutAll(engine, caseStates, plan);
  ref = (await stageBatch(engine, caseStates, refOf(plan, 1))).ref;
});

afterEach(() => forgetStates(engine));
afterAll(() => engine?.drop());

describe('a batch that is parked', () => {
  const state = async (): Promise<string> =>
    (await engine.onTarget<{ state: string }>('SELECT state FROM carryover.batches'))[0]!.state;

  it('is not begun, staged or loaded by an attempt that comes late', async () => {
    const { steps, runs } = engine.ports;
    await runs.park(ref, 'a person decides');
    for (const late of [
      () => steps.extract(caseStates, ref, never()),
      () => steps.transform(caseStates, ref, never()),
      () => steps.load(caseStates, ref, never()),
    ]) {
      const error = await refusal(late());
      expect(error).toMatchObject({ type: 'BatchSetAside', retryable: false });
      expect(error.message).toContain('parked in the ledger (a person decides); retryBatch');
    }
    expect(await state()).toBe('parked');
    expect(await engine.onTarget('SELECT 1 FROM case_states')).toEqual([]);
  });

  it('is not begun by an extract that was at work when it was parked', async () => {
    const { runs } = engine.ports;
    const hands = { fingerprint: fingerprint(caseStates), sourceIdentity: await sourceIdentity(engine.source) };
    const late = withAttempt(engine.target, ref, 'extract', never(), hands, async (attempt) => {
      await runs.park(ref, 'a person decides');
      return extractBatch(attempt, engine.source, caseStates, never());
    });
    expect((await refusal(late)).type).toBe('BatchSetAside');
    expect(await state()).toBe('parked');
  });

  it('forgets its stage when it runs again: what was staged before the mend is not loaded after it', async () => {
    const { steps, runs } = engine.ports;
    await runs.park(ref, 'a person decides');
    await retryBatches(engine, plan, [1]);
    expect(await state()).toBe('running');
    expect((await refusal(steps.load(caseStates, ref, never()))).type).toBe('StageLost');
    expect(await engine.onTarget('SELECT 1 FROM case_states')).toEqual([]);
  });
});
