/** `carryover gaps` against real servers: the gap that was missed is found by the program. */
import { randomUUID } from 'node:crypto';
import { importBaseline, readBaseline } from '../../database/ledger/baseline';
import baseline from '../../sample/baseline.json';
import { openClinic } from './cli-clinic';
import type { Clinic } from './cli-clinic';
import { carryover, testSettings } from './cli-run';

let clinic: Clinic;

beforeAll(async () => {
  clinic = await openClinic(300);
  await importBaseline(clinic.engine.target, readBaseline(baseline).lines);
});
afterAll(() => clinic?.close());

it('lists the two tables that were missed, with what to do, and exit code 2', async () => {
  const { code, out, err } = await clinic.say('gaps');
  expect([code, err]).toEqual([2, '']);
  expect(out).toMatch(/^table +rows +what is wrong +next\n/);
  expect(out).toMatch(
    /\ndispatch_state +300 +case-states never ran; public.case_states is empty +carryover forecast case-states,/,
  );
  expect(out).toMatch(/\nmessage +[\d,]+ +messages never ran; public.messages is empty +carryover forecast messages,/);
  expect(out).toContain('7 tables of the source: 2 mapped, 5 of the baseline, 0 others without a row.');
  const json = await clinic.say('gaps', '--json');
  expect([json.code, json.json()]).toMatchObject([
    2,
    {
      gaps: [
        { table: 'dispatch_state', kind: 'never_migrated', next: expect.any(String) as string },
        { table: 'message' },
      ],
    },
  ]);
});

it('lists nothing after both were started and have ended, and exit code 0', async () => {
  for (const migration of ['case-states', 'messages']) {
    // Tests beside this one start workflows of the usual name.
    const { code, err } = await clinic.say('start', migration, '--wait', '--workflow-id', `test-${randomUUID()}`);
    expect({ code, said: code === 0 ? '' : err }).toEqual({ code: 0, said: '' });
  }
  const { code, out } = await clinic.say('gaps');
  expect([code, out.split('\n')[0]]).toEqual([0, 'No gaps.']);
});

it('says which side is missing', async () => {
  const { sourceUrl, targetUrl } = clinic.engine;
  const away = new URL(sourceUrl);
  away.port = '1';
  const lost = await carryover(
    ['gaps'],
    testSettings({ CARRYOVER_SOURCE_URL: away.href, CARRYOVER_TARGET_URL: targetUrl }),
  );
  expect([lost.code, lost.err]).toEqual([3, expect.stringContaining('source')]);
  await clinic.engine.onTarget('ALTER SCHEMA carryover RENAME TO elsewhere');
  const bare = await clinic.say('gaps');
  await clinic.engine.onTarget('ALTER SCHEMA elsewhere RENAME TO carryover');
  expect([bare.code, bare.err]).toEqual([1, expect.stringContaining('run `carryover setup`')]);
});
