/** A step that is cancelled: it sends nothing more, and its connection goes with it. */
import { sourceIdentity } from '../../database/identity';
import { withAttempt } from '../../database/ledger/attempts';
import { openTarget } from '../../database/target/open-target';
import { caseStates } from '../../mappings/case-states';
import { fingerprint } from '../../mappings/fingerprint';
import type { BatchRef } from '../../shared/messages';
import { cutAll, eventually, openRun, refOf } from '../support/engine';
import type { Engine } from '../support/engine';
import { addStates, createClinic } from './clinic';

let engine: Engine;
let ref: BatchRef;

beforeAll(async () => {
  engine = await createClinic();
  await addStates(engine, [{ id: 1 }]);
  const plan = await openRun(engine, caseStates);
  await cutAll(engine, caseStates, plan);
  ref = refOf(plan, 1);
});

afterAll(() => engine?.drop());

const hands = async () => ({
  fingerprint: fingerprint(caseStates),
  sourceIdentity: await sourceIdentity(engine.source),
});

it('sends no statement after its cancellation, not even the commit', async () => {
  const stop = new AbortController();
  const step = withAttempt(engine.target, ref, 'extract', stop.signal, await hands(), (attempt) =>
    attempt.fenced('extract', async () => {
      await attempt.session.query('extract.record', `UPDATE carryover.batches SET cause = 'written'`);
      stop.abort(new Error('cancelled'));
    }),
  );
  await expect(step).rejects.toThrow('cancelled');
  expect(await engine.onTarget('SELECT cause FROM carryover.batches')).toEqual([{ cause: null }]);
});

it('gives back no connection that its cancellation may still be on its way to', async () => {
  const stop = new AbortController();
  // Cancelled when all is done but the return of the connection.
  const target = openTarget(engine.targetUrl, 2, (point, moment) => {
    if (point === 'attempt.forgetBackend' && moment === 'after') stop.abort();
  });
  try {
    const pid = await withAttempt(target, ref, 'extract', stop.signal, await hands(), async (attempt) => {
      const answer = await attempt.session.query<{ pid: string }>('target.reach', 'SELECT pg_backend_pid() AS pid');
      return answer.rows[0]!.pid;
    });
    await eventually(
      'the end of its session',
      async () => {
        const rows = await engine.onTarget('SELECT 1 FROM pg_stat_activity WHERE pid = $1', [pid]);
        return rows.length === 0;
      },
      5_000,
    );
  } finally {
    await target.end();
  }
});
