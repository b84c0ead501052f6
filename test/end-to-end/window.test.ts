/** A run whose hours end in the middle of its work rests, and the next start finishes it: each row is written once. */
import { randomUUID } from 'node:crypto';
import { eventually } from '../support/engine';
import { services } from '../support/servers';
import { carryover, testSettings } from './cli-run';
import type { Said } from './cli-run';
import { createRig } from './starting-rig';
import type { Rig } from './starting-rig';

const MINUTE = 60_000;
/** Until a run of this test stands still. */
const LEAD = 15_000;

let rig: Rig;
beforeAll(async () => {
  rig = await createRig();
});
afterAll(() => rig?.close());

const say = (...args: string[]): Promise<Said> =>
  carryover(
    args,
    testSettings({
      TEMPORAL_ADDRESS: services().temporal.address,
      CARRYOVER_TASK_QUEUE: rig.taskQueue,
      CARRYOVER_SOURCE_URL: rig.engine.sourceUrl,
      CARRYOVER_TARGET_URL: rig.engine.targetUrl,
    }),
  );

it('has no hours without a zone', async () => {
  const refused = await say('start', 'case-states', '--until', '05:00');
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('"window.zone" is missing')]);
});

it('rests at the end of its hours, and is finished by the next start, which a schedule makes', async () => {
  const { client } = rig.temporal;
  const end = new Date(Math.ceil((Date.now() + LEAD) / MINUTE) * MINUTE);
  const window = { until: end.toISOString().slice(11, 16), zone: 'UTC' };
  await rig.hold();
  const workflowId = `window-${randomUUID()}`;
  const size = ['--batch-rows', '100', '--concurrency', '2', '--workflow-id', workflowId];
  const waited = say('start', 'case-states', ...size, '--until', window.until, '--zone', 'UTC', '--wait');
  const first = client.workflow.getHandle(workflowId);
  await rig.waiting(2);
  const state = async () => (await first.query<{ state: string }>('status')).state;
  await eventually('the end of the hours', async () => (await state()) === 'pausing', 2 * MINUTE);
  expect(Date.now()).toBeGreaterThanOrEqual(end.getTime());
  rig.letGo();

  const cause = `window: it was to work until ${window.until} UTC; the next start goes on with it`;
  const [open] = await rig.runs();
  expect(await first.result()).toEqual({ outcome: 'paused', run: open!.run, migration: 'case-states', cause });
  // Whoever waits for it must not take it for done.
  const told = await waited;
  expect([told.code, told.out, told.err]).toEqual([
    1,
    '',
    expect.stringMatching(/\nRun \d+ of case-states is open: window: .*\.\n$/),
  ]);
  expect(told.err).not.toContain('carryover resume');
  // What was in flight has ended, and nothing was begun after it; the stage is swept.
  expect(await rig.states()).toEqual(Array(5).fill('validated'));
  const paused = 'SELECT state, pause_cause AS cause FROM carryover.runs';
  expect(await rig.engine.onTarget(paused)).toEqual([{ state: 'open', cause }]);
  expect(await rig.engine.onTarget(`SELECT 1 FROM pg_tables WHERE schemaname = 'carryover_stage'`)).toEqual([]);
  const rests = await say('status', 'case-states');
  expect([rests.code, rests.out]).toEqual([
    0,
    expect.stringMatching(/\n {2}rests {5}since .*carryover start case-states\n/),
  ]);
  expect(rests.out).not.toContain('ATTENTION');

  const scheduleId = `window-${randomUUID()}`;
  const schedule = await client.schedule.create({
    scheduleId,
    spec: {},
    action: {
      type: 'startWorkflow',
      workflowType: 'migrate',
      workflowId: scheduleId,
      taskQueue: rig.taskQueue,
      // The hours of this start count, and not those of the first.
      args: [{ migration: 'case-states' }],
    },
  });
  try {
    await schedule.trigger();
    const finished = async () => (await rig.runs())[0]!.state === 'finished';
    await eventually('the end of the run', finished, MINUTE);
    const { action } = (await schedule.describe()).info.recentActions[0]!;
    const next = client.workflow.getHandle(action.workflow.workflowId);
    await rig.expectWhole((await next.result()) as Parameters<Rig['expectWhole']>[0]);
    expect(await rig.runs()).toEqual([{ ...open!, epoch: 2, state: 'finished', owner: action.workflow.workflowId }]);
    expect(await rig.outcomes()).toEqual(['opened', 'took_over']);
  } finally {
    await schedule.delete();
  }
}, 240_000);
