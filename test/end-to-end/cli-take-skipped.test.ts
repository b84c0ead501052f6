/** A batch that nobody could mend in time is skipped, and taken back from the command line once the run is over. */
import { openClinic } from './cli-clinic';
import type { Clinic } from './cli-clinic';
import { eventually } from '../support/engine';

let clinic: Clinic;
let say: Clinic['say'];

beforeAll(async () => {
  clinic = await openClinic(300);
  ({ say } = clinic);
});
afterAll(() => clinic?.close());

it('says so where nothing is skipped, and what it cannot be told beside', async () => {
  const both = await say('replay', 'case-states', '--take-skipped', 'x', '--reason', 'time_gap', '--batch-rows', '9');
  expect(both.code).toBe(1);
  expect(both.err).toContain('"reasons" and "takeSkipped" are two replays: rows of skipped batches have no reason yet');
  expect(both.err).toContain('"batchRows" has no say in a replay with "takeSkipped"');
});

it('brings the rows over, audited, and the balance with them', async () => {
  await clinic.engine.onTarget(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF NEW.legacy_id <= (SELECT key FROM refused_to) THEN RAISE EXCEPTION 'closed'; END IF; RETURN NEW; END $$;
    CREATE TABLE refused_to (key bigint); GRANT SELECT ON refused_to TO PUBLIC;
    CREATE TRIGGER refuse BEFORE INSERT ON case_states FOR EACH ROW EXECUTE FUNCTION refuse()`);
  const [border] = await clinic.engine.onSource('SELECT id FROM dispatch_state ORDER BY id LIMIT 1 OFFSET 99');
  await clinic.engine.onTarget('INSERT INTO refused_to VALUES ($1)', [border!.id]);
  expect((await say('start', 'case-states', '--batch-rows', '100')).code).toBe(0);
  await eventually('the batch is parked', async () => {
    const parked = await say('batches', '1', '--state', 'parked', '--json');
    return parked.code === 0 && parked.json<{ total: number }>().total === 1;
  });
  await say('skip-batch', '1', '--batch', '1', '--reason', 'closed until Monday');
  await eventually('the run is over', async () => (await say('status', '1', '--json')).json().state === 'finished');
  expect((await say('status', 'case-states')).out).toMatch(/\+ 100 excluded \(100 by decision\)/);
  await clinic.engine.onTarget('TRUNCATE refused_to');

  const taken = await say('replay', 'case-states', '--take-skipped', 'it is Monday', '--by', 'Ada', '--wait');
  expect(taken.code).toBe(0);
  expect(taken.out).toContain('This run was a replay: it took 100 rows of batches that somebody had skipped.');
  expect(taken.out).not.toContain('by decision');
  const status = await say('status', 'case-states', '--json');
  expect(status.json()).toMatchObject({ run: '2', balance: { source: 300, excluded: 0, pending: 0 } });
  const audit = await say('audit', '2', '--json');
  expect(audit.json()).toMatchObject({ audit: [{ verb: 'takeSkipped', reason: 'it is Monday', claimedBy: 'Ada' }] });
  const again = await say('replay', 'case-states', '--take-skipped', 'once more', '--wait');
  expect([again.code, again.err]).toEqual([
    1,
    expect.stringContaining('of run 1 of case-states, run 2 took its skipped batches back.'),
  ]);
});
