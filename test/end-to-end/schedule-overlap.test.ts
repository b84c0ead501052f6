/** A schedule and a person who start at the same instants: one works, the other is told so, and every start is on record. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MigrateResult } from '../../shared/messages';
import { eventually } from '../support/engine';
import { failureOf } from '../support/worker';
import { createRig } from './starting-rig';
import type { Rig } from './starting-rig';

const ROUNDS = 8;
/** Milliseconds between the starts of the schedule: about as long as a run takes. */
const EVERY = 3_000;

let rig: Rig;
beforeAll(async () => {
  rig = await createRig();
});
afterAll(() => rig?.close());

it(`does nothing twice in ${ROUNDS} rounds, and accounts for every start`, async () => {
  const { client } = rig.temporal;
  const scheduleId = `overlap-${randomUUID()}`;
  const schedule = await client.schedule.create({
    scheduleId,
    spec: { intervals: [{ every: EVERY }] },
    policies: { overlap: 'SKIP', pauseOnFailure: true },
    action: {
      type: 'startWorkflow',
      workflowType: 'migrate',
      workflowId: scheduleId,
      taskQueue: rig.taskQueue,
      args: [{ migration: 'case-states', batchRows: 100 }],
    },
  });
  let last: MigrateResult | undefined;
  const refused: string[] = [];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      await sleep(Math.ceil((Date.now() + 200) / EVERY) * EVERY - Date.now() + (round % 3) * 20);
      const manual = await rig.start();
      const result = await manual.result().catch(() => undefined);
      if (result !== undefined) last = result;
      else {
        const { type, message } = await failureOf(manual);
        expect(type).toBe('AlreadyRunning');
        refused.push(/owned by workflow (\S+), which is running/.exec(message)![1]!);
      }
    }
    await schedule.pause('the rounds are over');
    await eventually(
      'no start at work',
      async () => (await schedule.describe()).info.runningActions.length === 0,
      60_000,
    );
    // A failure of its own would have paused it before.
    expect((await schedule.describe()).state.note).toBe('the rounds are over');
  } finally {
    await schedule.delete();
  }
  // Whoever was in the way is named.
  for (const owner of refused) expect(owner).toMatch(new RegExp(`^${scheduleId}-`));

  const workflows = async () => {
    const found: { run: string; status: string; scheduled: boolean }[] = [];
    for await (const { runId, status, searchAttributes } of client.workflow.list({
      query: `TaskQueue = "${rig.taskQueue}"`,
    })) {
      found.push({ run: runId, status: status.name, scheduled: searchAttributes.TemporalScheduledById !== undefined });
    }
    return found;
  };
  const starts = await rig.engine.onTarget<{ run: string; schedule: string | null; outcome: string }>(
    'SELECT workflow_run AS run, schedule, outcome FROM carryover.starts',
  );
  await eventually('a list that has them all', async () => (await workflows()).length >= starts.length);
  const all = await workflows();
  expect(all).toHaveLength(starts.length);
  const outcomes = all.map(({ run, scheduled, status }) => {
    const { outcome, schedule: by } = starts.find((start) => start.run === run)!;
    expect([run, by]).toEqual([run, scheduled ? scheduleId : null]);
    return `${scheduled ? 'scheduled' : 'manual'} ${outcome} ${status}`;
  });
  const legal = ['scheduled opened', 'scheduled missed', 'manual opened'].map((words) => `${words} COMPLETED`);
  expect(outcomes.filter((words) => ![...legal, 'manual refused FAILED'].includes(words))).toEqual([]);
  expect(outcomes.filter((words) => words.startsWith('manual'))).toHaveLength(ROUNDS);
  // They met indeed, and not only once.
  const met = outcomes.filter((words) => words.includes('missed') || words.includes('refused'));
  expect(met.length).toBeGreaterThan(1);

  const overlapping = await rig.engine.onTarget(`
SELECT a.run_id FROM carryover.runs a JOIN carryover.runs b ON a.run_id < b.run_id
WHERE b.started_at < a.finished_at OR a.state <> 'finished'`);
  expect(overlapping).toEqual([]);
  // All rows are there, and each was written once, whoever wrote it.
  const written = await rig.engine.onTarget('SELECT legacy_id FROM watch.writes GROUP BY 1 HAVING count(*) > 1');
  expect(written).toEqual([]);
  if (last !== undefined) await rig.expectWhole(last);
}, 180_000);
