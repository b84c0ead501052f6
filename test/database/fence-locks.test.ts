/** The locks of the fence, each alone on guard: no older backend is ended, and no token gives it away. */
import { sourceIdentity } from '../../database/identity';
import { withAttempt } from '../../database/ledger/attempts';
import type { Hands } from '../../database/ledger/attempts';
import type { Point } from '../../database/points';
import { openTarget } from '../../database/target/open-target';
import { caseStates } from '../../mappings/case-states';
import { fingerprint } from '../../mappings/fingerprint';
import type { StagedBatchRef } from '../../shared/messages';
import { cutAll, eventually, never, openRun, refOf, stageBatch } from '../support/engine';
import type { Engine } from '../support/engine';
import { addStates, createClinic, forgetStates } from './clinic';

let engine: Engine;
let ref: StagedBatchRef;
let hands: Hands;

beforeAll(async () => {
  engine = await createClinic();
});

beforeEach(async () => {
  await addStates(engine, [{ id: 1 }, { id: 2, status: 12 }, { id: 3, status: 13 }]);
  const plan = await openRun(engine, caseStates);
  await cutAll(engine, caseStates, plan);
  hands = { fingerprint: fingerprint(caseStates), sourceIdentity: await sourceIdentity(engine.source) };
  ({ ref } = await stageBatch(engine, caseStates, refOf(plan, 1)));
});

afterEach(() => forgetStates(engine));
afterAll(() => engine?.drop());

const LOADED = { source: 3, inserted: 2, updated: 0, unchanged: 0, quarantined: 1, excluded: 0 };

const load = (): Promise<object> => engine.ports.steps.load(caseStates, ref, never());
const attempt = <T>(work: Parameters<typeof withAttempt<T>>[5]): Promise<T> =>
  withAttempt(engine.target, ref, 'load', never(), hands, work);

/** As if the server could not end the older backend. */
const unguarded = (): Promise<unknown> => engine.onTarget('UPDATE carryover.batches SET backend_pid = NULL');

const waitingForLock = async (): Promise<number> =>
  (
    await engine.onTarget(
      `SELECT 1 FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'carryover' AND wait_event_type = 'Lock'`,
    )
  ).length;

describe('attempts that overlap', () => {
  it('wait for each other’s transaction: what a newer one finds is what the older one committed', async () => {
    const outcomes = await attempt(async (a) => {
      await unguarded();
      const newer: { load?: Promise<object> } = {};
      const older = await a.fenced('load', async () => {
        newer.load = load();
        const waits = eventually('a newer attempt that waits', async () => (await waitingForLock()) > 0);
        return Promise.race([newer.load.then(() => 'the newer one did not wait'), waits.then(() => 'it waits')]);
      });
      return [older, await newer.load];
    });
    expect(outcomes).toEqual(['it waits', LOADED]);
  });

  it('find what another committed between their look at the batch and their token', async () => {
    let once = true;
    const meanwhile = async (point: Point, moment: 'before' | 'after'): Promise<void> => {
      if (point !== 'attempt.drawToken' || moment !== 'before' || !once) return;
      once = false;
      expect(await load()).toEqual(LOADED);
    };
    const target = openTarget(engine.targetUrl, 4, meanwhile);
    try {
      const late = engine.as(engine.source, target).ports.steps.load(caseStates, ref, never());
      expect(await late).toEqual(LOADED);
    } finally {
      await target.end();
    }
  });
});

describe('an owner', () => {
  it('is replaced after the load that it has open, and not in the midst of it', async () => {
    const outcomes = await attempt(async (a) => {
      await unguarded();
      const next: { run?: Promise<unknown> } = {};
      const older = await a.fenced('load', () => {
        next.run = openRun(engine, caseStates, {}, { currentRun: 'after a reset' });
        const waits = eventually('a take-over that waits', async () => (await waitingForLock()) > 0);
        return Promise.race([next.run.then(() => 'it did not wait'), waits.then(() => 'it waits')]);
      });
      return [older, await next.run];
    });
    expect(outcomes).toEqual(['it waits', expect.objectContaining({ epoch: 2, resumed: true })]);
  });
});
