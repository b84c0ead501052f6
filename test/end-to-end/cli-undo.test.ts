/** An undo from the command line: asked twice, done once, and the migration says what is pending. */
import { openClinic } from './cli-clinic';
import type { Clinic } from './cli-clinic';

let clinic: Clinic;
let engine: Clinic['engine'];
let say: Clinic['say'];

beforeAll(async () => {
  clinic = await openClinic(400);
  ({ engine, say } = clinic);
});
afterAll(() => clinic?.close());

const rows = async (): Promise<number> =>
  (await engine.onTarget<{ rows: number }>('SELECT count(*)::int AS rows FROM case_states'))[0]!.rows;

it('does nothing where nobody says which migration is meant, or the run is none that can be undone', async () => {
  expect((await say('start', 'case-states', '--wait')).code).toBe(0);
  const before = await rows();
  const untyped = await say('undo', '1', '--wait');
  expect([untyped.code, untyped.err]).toEqual([
    1,
    expect.stringContaining('Nothing was undone: run 1 is one of case-states, and nobody was there to ask.'),
  ]);
  const other = await say('undo', '1', '--migration', 'messages');
  expect([other.code, other.err]).toEqual([1, expect.stringContaining('"messages" was typed')]);
  const unknown = await say('undo', '9', '--yes');
  expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('The ledger holds no run 9')]);
  expect(await rows()).toBe(before);
});

it('takes the run back, audited, and says what is pending; a new run brings the rows again', async () => {
  const before = await rows();
  const undone = await say(
    'undo',
    '1',
    '--migration',
    'case-states',
    '--reason',
    'wrong lookup',
    '--by',
    'Ada',
    '--wait',
  );
  expect(undone.code).toBe(2);
  expect(undone.out).toContain(`This run undid run 1: ${before} rows that it had inserted were taken out`);
  expect(undone.out).toContain(`0 inserted, 0 updated, 0 unchanged, ${before} taken out or marked as gone.`);
  expect(undone.out).not.toMatch(/wrote nothing|## Actors|## Mapping coverage/);
  expect(undone.err + undone.out).toContain(`run 2 finished: ${before} rows`);
  expect(await rows()).toBe(0);
  const status = await say('status', 'case-states', '--json');
  expect(status.json()).toMatchObject({
    mode: 'undo',
    undoes: '1',
    written: { inserted: 0, takenAway: before },
    balance: { loaded: 0, quarantined: 0, pending: 400 },
  });
  const audit = await say('audit', '2', '--json');
  expect(audit.json()).toMatchObject({ audit: [{ verb: 'undo', reason: 'wrong lookup', claimedBy: 'Ada' }] });
  const again = await say('undo', '1', '--yes', '--wait');
  expect([again.code, again.err]).toEqual([1, expect.stringContaining('run 1 of case-states was undone already.')]);
  expect((await say('start', 'case-states', '--wait')).code).toBe(0);
  expect(await rows()).toBe(before);
});
