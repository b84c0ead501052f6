/** Schedules from the command line, on a real Temporal: made, listed, paused with a reason, triggered, paused by a failure. */
import { eventually } from '../support/engine';
import { carryover, testSettings } from './cli-run';
import { NIGHTLY, openScheduleRig } from './schedule-rig';
import type { ScheduleRig } from './schedule-rig';

let rig: ScheduleRig;
beforeAll(async () => {
  rig = await openScheduleRig(300);
});
afterAll(() => rig?.close());

describe('carryover schedule', () => {
  it('makes no schedule of what will not do, and says all that is wrong', async () => {
    const name = rig.nameOf('wrong');
    const wrong = await rig.say('schedule', 'create', name, '--type', 'migrate', '--cron', '15 2', '--input', '{');
    expect([wrong.code, wrong.out]).toEqual([1, '']);
    for (const words of [
      /No schedule was made:/,
      /"input" is no JSON/,
      /"zone" is missing/,
      /five fields/,
      /"migration" is missing/,
    ]) {
      expect(wrong.err).toMatch(words);
    }
    expect(await rig.exists(name)).toBe(false);
  });

  it('makes one that leaves out what would overlap, and is paused by a failure, and keeps who made it', async () => {
    const name = rig.nameOf('nightly');
    const more = [
      '--until',
      '05:00',
      '--jitter',
      '60s',
      '--input',
      '{"batchRows": 100}',
      '--by',
      'Ada',
      '--note',
      'night',
    ];
    const said = await rig.say('schedule', 'create', name, ...NIGHTLY, ...more);
    expect([said.code, said.err]).toEqual([0, '']);
    expect(said.out).toContain('15 2 * * * (Europe/Berlin), until 05:00 Europe/Berlin, up to 1m later');
    const there = await rig.describe(name);
    expect(there.policies).toEqual({ overlap: 'SKIP', catchupWindow: 3_600_000, pauseOnFailure: true });
    expect(there.action).toMatchObject({
      workflowType: 'migrate',
      workflowId: `carryover-case-states-${name}`,
      args: [{ migration: 'case-states', batchRows: 100, window: { until: '05:00', zone: 'Europe/Berlin' } }],
    });
    expect(there.info.nextActionTimes[0]!.toISOString()).toMatch(/T0[01]:1[56]:/);
    expect(await rig.decisions(name)).toEqual([
      { verb: 'schedule.create', claimed: 'Ada', reason: null, changed: null },
    ]);

    const again = await rig.say('schedule', 'create', name, ...NIGHTLY);
    expect([again.code, again.err]).toEqual([1, `There is a schedule "${name}" already; nothing was changed.\n`]);
    expect(await rig.decisions(name)).toHaveLength(1);
  });

  it('pauses and resumes it, with who and why where each can read it', async () => {
    const name = rig.nameOf('paused');
    await rig.say('schedule', 'create', name, ...NIGHTLY);
    const bare = await rig.say('schedule', 'pause', name);
    expect([bare.code, bare.err]).toEqual([1, expect.stringContaining('"why" is missing')]);
    expect((await rig.describe(name)).state.paused).toBe(false);

    const paused = await rig.say('schedule', 'pause', name, '--why', 'the clinic moves', '--by', 'Ada');
    expect([paused.code, paused.out]).toEqual([0, expect.stringContaining(`carryover schedule resume ${name}`)]);
    const note = expect.stringMatching(/^paused by carryover \S+@\S+ \(Ada\): the clinic moves$/) as string;
    expect(await rig.listed(name)).toMatchObject({ paused: true, note });
    const twice = await rig.say('schedule', 'pause', name, '--why', 'me too');
    expect([twice.code, twice.err]).toEqual([1, expect.stringContaining('it is paused already: paused by ')]);

    expect((await rig.say('schedule', 'resume', name)).code).toBe(0);
    expect((await rig.describe(name)).state.paused).toBe(false);
    expect((await rig.say('schedule', 'resume', name)).err).toContain('it is not paused');
    expect(await rig.decisions(name)).toEqual([
      { verb: 'schedule.create', claimed: null, reason: null, changed: null },
      { verb: 'schedule.pause', claimed: 'Ada', reason: 'the clinic moves', changed: null },
      { verb: 'schedule.resume', claimed: null, reason: null, changed: null },
    ]);
    const audit = await rig.say('audit', 'case-states');
    expect(audit.out).toMatch(new RegExp(`schedule\\.pause +case-states +schedule ${name}.* Ada +the clinic moves`));
  });

  it('deletes it where that is said twice', async () => {
    const name = rig.nameOf('gone');
    await rig.say('schedule', 'create', name, ...NIGHTLY);
    expect((await rig.say('schedule', 'delete', name)).err).toContain('give --yes to delete it');
    expect(await rig.exists(name)).toBe(true);
    expect((await rig.say('schedule', 'delete', name, '--yes', '--why', 'ticket 9')).code).toBe(0);
    expect(await rig.exists(name)).toBe(false);
    expect((await rig.decisions(name)).at(-1)).toMatchObject({ verb: 'schedule.delete', reason: 'ticket 9' });
    expect((await rig.say('schedule', 'delete', name, '--yes')).err).toContain(`Temporal knows no schedule "${name}"`);
  });

  it('changes nothing where the ledger cannot keep who did so', async () => {
    const name = rig.nameOf('unrecorded');
    await rig.say('schedule', 'create', name, ...NIGHTLY);
    const other = rig.nameOf('never');
    const url = new URL(rig.engine.targetUrl);
    url.port = '1';
    const away = testSettings({
      TEMPORAL_NAMESPACE: rig.temporal.client.options.namespace,
      CARRYOVER_TASK_QUEUE: rig.worker.taskQueue,
      CARRYOVER_TARGET_URL: url.href,
    });
    for (const args of [
      ['create', other, ...NIGHTLY],
      ['pause', name, '--why', 'x'],
      ['delete', name, '--yes'],
    ]) {
      const said = await carryover(['schedule', ...args], away);
      expect([said.code, said.out]).toEqual([3, '']);
    }
    expect([await rig.exists(other), (await rig.describe(name)).state.paused]).toEqual([false, false]);
  });

  it("leaves schedules alone that start no workflow of Carryover's, or are for other workers", async () => {
    const name = rig.nameOf('foreign');
    const { taskQueue } = rig.worker;
    await rig.temporal.client.schedule.create({
      scheduleId: name,
      spec: {},
      action: { type: 'startWorkflow', workflowType: 'payroll', taskQueue },
    });
    expect((await rig.say('schedule', 'pause', name, '--why', 'x')).err).toContain(
      `none of Carryover's; nothing was changed`,
    );
    const elsewhere = rig.nameOf('elsewhere');
    const action = { type: 'startWorkflow' as const, workflowType: 'migrate', taskQueue: 'other' };
    await rig.temporal.client.schedule.create({ scheduleId: elsewhere, spec: {}, action });
    const refused = await rig.say('schedule', 'delete', elsewhere, '--yes');
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('workers of the task queue "other"')]);
    for (const each of [name, elsewhere]) {
      expect(await rig.listed(each)).toBeUndefined();
      expect((await rig.describe(each)).state.paused).toBe(false);
    }
  });
});

describe('what a schedule starts', () => {
  it('is a replay that is refused before there is a full run, and pauses it; with nothing to take it goes on', async () => {
    const name = rig.nameOf('replays');
    const replay = ['--type', 'replay', '--migration', 'case-states', '--every', '30d'];
    await rig.say('schedule', 'create', name, ...replay, '--input', '{"reasons": ["constraint_rejected"]}');
    await rig.say('schedule', 'trigger', name);
    expect(await rig.ended(name, 1)).toMatch(/^failed \(InputRefused\): .*has not been migrated/);
    await eventually('a schedule that is paused', async () => (await rig.describe(name)).state.paused);
    expect((await rig.say('start', 'case-states', '--wait')).code).toBe(0);
    await rig.say('schedule', 'resume', name);
    for (const starts of [2, 3]) {
      await rig.say('schedule', 'trigger', name);
      expect(await rig.ended(name, starts)).toBe(
        'nothing to do: no row of case-states is in open quarantine for constraint_rejected',
      );
    }
    // The schedule has heard of the end by now, and would have paused.
    expect((await rig.describe(name)).state.paused).toBe(false);
    const status = await rig.say('status', 'case-states');
    expect([status.code, status.out]).toEqual([
      0,
      expect.stringContaining(`by schedule ${name}, 2 since one was taken`),
    ]);
  });

  it('is a run like any other; a result that is not proven pauses the schedule, and a refusal is in status', async () => {
    const name = rig.nameOf('started');
    await rig.say('schedule', 'create', name, ...NIGHTLY);
    const triggered = await rig.say('schedule', 'trigger', name);
    expect([triggered.code, triggered.err]).toEqual([0, '']);
    expect(await rig.ended(name, 1)).toBe('proven with exceptions');
    const starts = () =>
      rig.engine.onTarget('SELECT outcome, schedule FROM carryover.starts WHERE schedule = $1', [name]);
    expect(await starts()).toEqual([{ outcome: 'opened', schedule: name }]);
    expect((await rig.describe(name)).state.paused).toBe(false);
    expect((await rig.say('status', 'case-states')).code).toBe(0);

    await rig.engine.onTarget(
      `UPDATE case_states SET notes = 'by another' WHERE ctid = (SELECT min(ctid) FROM case_states)`,
    );
    await rig.say('schedule', 'trigger', name);
    expect(await rig.ended(name, 2)).toMatch(
      /^failed \(NotProven\): run \d+ of case-states is not proven: \d+ findings/,
    );
    await eventually('a schedule that is paused', async () => (await rig.describe(name)).state.paused);
    const text = (await rig.say('schedule', 'list')).out;
    expect(text).toMatch(new RegExp(`${name}: migrate case-states, PAUSED\\n`));
    expect(text).toMatch(/\n {2}paused {4}paused due to workflow failure: /);
    expect((await rig.say('status', 'case-states')).code).toBe(2);

    // Made in the UI, say, where nobody checked its input.
    const typo = rig.nameOf('typo');
    await rig.temporal.client.schedule.create({
      scheduleId: typo,
      spec: {},
      action: {
        type: 'startWorkflow',
        workflowType: 'migrate',
        workflowId: typo,
        taskQueue: rig.worker.taskQueue,
        args: [{ migration: 'case-states', batchrows: 5 }],
      },
    });
    await rig.say('schedule', 'trigger', typo);
    expect(await rig.ended(typo, 1)).toMatch(/^failed \(InputRefused\)/);
    const status = await rig.say('status', 'case-states');
    expect(status.code).toBe(1);
    expect(status.out).toMatch(
      new RegExp(
        `! last refused start: \\S+ by schedule ${typo}: The run was not started:\n.*unknown field "batchrows"`,
      ),
    );
  }, 120_000);
});
