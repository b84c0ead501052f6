/** `carryover forecast` against real servers: what a person reads, what a script does, and that nothing stays. */
import { randomUUID } from 'node:crypto';
import type { ForecastResult } from '../../shared/forecast';
import { everything } from '../support/everything';
import { openClinic } from './cli-clinic';
import type { Clinic } from './cli-clinic';

let clinic: Clinic;
let engine: Clinic['engine'];
let say: Clinic['say'];

beforeAll(async () => {
  clinic = await openClinic(400, true);
  ({ engine, say } = clinic);
});
afterAll(() => clinic?.close());

it('refuses an input that will not do, and what a run would refuse, in words', async () => {
  const wrong = await say('forecast', 'nothing', '--batch-rows', '0');
  expect([wrong.code, wrong.out]).toEqual([1, '']);
  expect(wrong.err).toMatch(/Nothing was forecast:[^]*there is no migration "nothing"[^]*"batchRows" must be/);
  await engine.onTarget('ALTER TABLE case_states RENAME COLUMN notes TO remarks');
  const refused = await say('forecast', 'case-states', '--json');
  await engine.onTarget('ALTER TABLE case_states RENAME COLUMN remarks TO notes');
  expect([refused.code, refused.json()]).toMatchObject([1, { error: { exitCode: 1 } }]);
  expect(refused.err).toMatch(/case-states cannot run; nothing was changed:[^]*notes/);
});

it('says what a run will do, and leaves nothing', async () => {
  const before = await everything(engine);
  const forecast = await say('forecast', 'case-states', '--batch-rows', '100', '--json');
  expect([forecast.code, forecast.err]).toEqual([0, '']);
  const told = forecast.json<ForecastResult>();
  const text = await say('forecast', 'case-states', '--batch-rows', '100');
  expect(await everything(engine)).toEqual(before);

  expect(text.code).toBe(0);
  expect(text.out).toMatch(
    /^case-states: what a run would do now, in 5 batches of up to 100 rows; nothing was changed\n/,
  );
  expect(text.out).toMatch(/source +inserted +updated +unchanged +quarantined +excluded\n +433 /);
  expect(text.out).toMatch(/case_unmapped +\d+ +\d+ +instruction_id +\d+\n/);
  expect(text.out).toMatch(/actor +\d+ +\d+ +\d+ +\d+\n/);
  expect(text.out).toMatch(/\n\d+ loaded rows: in created_at a clock that was read twice/);
  expect(text.out).toContain('A run takes longer');

  // Tests beside this one start workflows of the usual name.
  const own = ['--workflow-id', `test-${randomUUID()}`];
  const started = await say('start', 'case-states', '--batch-rows', '100', '--wait', '--json', ...own);
  expect({ code: started.code, said: started.code === 0 ? '' : started.err }).toEqual({ code: 0, said: '' });
  const { result } = started.json<{ result: Record<string, number> }>();
  const { source, inserted, updated, unchanged, quarantined, primary } = told.counts;
  expect({ source, loaded: inserted + updated + unchanged, quarantined }).toEqual({
    source: result.source,
    loaded: result.loaded,
    quarantined: result.quarantined,
  });
  const ledger = await engine.onTarget<{ reason: string; rows: number }>(
    'SELECT reason, count(*)::int AS rows FROM carryover.quarantine GROUP BY 1',
  );
  expect(primary).toEqual(Object.fromEntries(ledger.map(({ reason, rows }) => [reason, rows])));
});

it('goes by the rate of the last run, and finds its rows unchanged', async () => {
  const { out } = await say('forecast', 'case-states');
  expect(out).toMatch(/At the rate of the last run \([\d,]+ rows a second\), a run would take \d+ s\./);
  expect(out).toMatch(/source +inserted +updated +unchanged +quarantined +excluded\n +433 +0 +0 /);
});

it('carries counts alone', async () => {
  const handle = clinic.temporal.client.workflow.getHandle('carryover-forecast-case-states');
  const history = JSON.stringify(await handle.fetchHistory());
  // A note of the dirty rows, and what a hidden payload would look like.
  for (const value of ['in the fold', 'far away', '4000000000']) {
    expect(history).not.toContain(value);
    expect(history).not.toContain(Buffer.from(value).toString('base64').slice(0, 8));
  }
});
