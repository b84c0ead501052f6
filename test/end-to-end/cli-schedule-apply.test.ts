/** A file of schedules, applied to a real Temporal: idempotent, with an operator's pause left alone. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/engine';
import { NIGHTLY, openScheduleRig } from './schedule-rig';
import type { ScheduleRig } from './schedule-rig';

const RARE = { cron: '15 2 * * *', zone: 'Europe/Berlin' };
const folder = mkdtempSync(join(tmpdir(), 'carryover-schedules-'));
const file = join(folder, 'schedules.json');

let rig: ScheduleRig;
beforeAll(async () => {
  rig = await openScheduleRig(300);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await rig?.close();
});

describe('carryover schedule apply', () => {
  const apply = async (schedules: readonly object[], ...more: string[]) => {
    writeFileSync(file, JSON.stringify({ schedules }));
    return rig.say('schedule', 'apply', file, ...more);
  };

  it('makes what the file names, and the second time nothing', async () => {
    const [one, two] = [rig.nameOf('one'), rig.nameOf('two')];
    const schedules = [
      {
        name: one,
        type: 'migrate',
        migration: 'case-states',
        ...RARE,
        until: '05:00',
        input: { concurrency: 1, batchRows: 50 },
      },
      {
        name: two,
        type: 'verify',
        migration: 'case-states',
        every: '30d',
        jitter: '1h',
        paused: true,
        note: 'not yet',
      },
    ];
    const trial = await apply(schedules, '--dry-run');
    expect([trial.code, trial.out]).toEqual([0, `${one}: to be made\n${two}: to be made\n`]);
    expect([await rig.exists(one), await rig.exists(two)]).toEqual([false, false]);

    const first = await apply(schedules);
    expect([first.code, first.err, first.out]).toEqual([0, '', `${one}: made\n${two}: made\n`]);
    const second = await apply(schedules);
    expect(second.out).toBe(`${one}: unchanged\n${two}: unchanged, and stays paused: not yet\n`);
    for (const name of [one, two]) {
      expect((await rig.describe(name)).info.lastUpdatedAt).toBeUndefined();
      expect(await rig.decisions(name)).toHaveLength(1);
    }
  });

  it("changes what the file has otherwise, and leaves an operator's pause as it is", async () => {
    const name = rig.nameOf('kept');
    const nightly = { name, type: 'migrate', migration: 'case-states', ...RARE };
    await apply([nightly]);
    await rig.say('schedule', 'pause', name, '--why', 'the clinic moves');
    const changed = await apply([{ ...nightly, cron: '45 3 * * *', until: '05:30' }], '--by', 'Ada');
    expect(changed.out).toMatch(
      new RegExp(`^${name}: changed \\(when, input\\), and stays paused: paused by .*: the clinic moves\n$`),
    );
    const there = await rig.describe(name);
    expect(there.state).toMatchObject({ paused: true, note: expect.stringMatching(/: the clinic moves$/) as string });
    expect(there.spec.calendars![0]!.minute).toEqual([{ start: 45, end: 45, step: 1 }]);
    expect(there.action).toMatchObject({ args: [{ window: { until: '05:30', zone: 'Europe/Berlin' } }] });
    expect((await rig.decisions(name)).at(-1)).toEqual({
      verb: 'schedule.update',
      claimed: 'Ada',
      reason: null,
      changed: 'when, input',
    });
    // What the UI, or another hand, made of it is taken back.
    await rig.handle(name).update((before) => ({ ...before, spec: { intervals: [{ every: '1d' }] } }));
    expect((await apply([{ ...nightly, cron: '45 3 * * *', until: '05:30' }])).out).toContain(
      'changed (when, zone), and stays',
    );
    expect((await apply([{ ...nightly, cron: '45 3 * * *', until: '05:30' }])).out).toContain(
      'unchanged, and stays paused',
    );
  });

  it('deletes what the file no longer names where it is asked to, and nothing that it did not make', async () => {
    const [left, gone, byHand] = [rig.nameOf('left'), rig.nameOf('gone'), rig.nameOf('by-hand')];
    const nightly = { type: 'migrate', migration: 'case-states', ...RARE };
    await apply([
      { name: left, ...nightly },
      { name: gone, ...nightly },
    ]);
    await rig.say('schedule', 'create', byHand, ...NIGHTLY);
    expect((await apply([{ name: left, ...nightly }])).out).toBe(`${left}: unchanged\n`);
    expect(await rig.exists(gone)).toBe(true);
    await eventually('a list that has it', async () => {
      const { out } = await apply([{ name: left, ...nightly }], '--prune', '--dry-run');
      return out.includes(`${gone}: to be deleted`);
    });
    const pruned = await apply([{ name: left, ...nightly }], '--prune', '--json');
    const { schedules } = pruned.json<{ schedules: { name: string; does: string }[] }>();
    expect(schedules.filter(({ does }) => does === 'delete').map(({ name }) => name)).toContain(gone);
    expect(schedules.map(({ name }) => name)).not.toContain(byHand);
    expect([await rig.exists(left), await rig.exists(gone), await rig.exists(byHand)]).toEqual([true, false, true]);
    expect((await rig.decisions(gone)).at(-1)).toMatchObject({ verb: 'schedule.delete' });

    const taken = await apply(
      [
        { name: rig.nameOf('new'), ...nightly },
        { name: byHand, ...nightly },
      ],
      '--prune',
    );
    expect([taken.code, taken.err]).toEqual([
      1,
      expect.stringContaining('made by `carryover schedule create` and not by apply'),
    ]);
    expect(await rig.exists(left)).toBe(true);
  });

  it('applies nothing of a file that will not do', async () => {
    const name = rig.nameOf('half');
    const wrong = await apply([
      { name, type: 'migrate', migration: 'case-states', ...RARE },
      { name: 'b c', type: 'migrate', migration: 'case-states', cron: '15 2 * * *' },
    ]);
    expect([wrong.code, wrong.out]).toEqual([1, '']);
    expect(wrong.err).toMatch(/schedule 2 \(b c\): "name" must be[^]*schedule 2 \(b c\): "zone" is missing/);
    expect(await rig.exists(name)).toBe(false);
    expect((await rig.say('schedule', 'apply', join(folder, 'none.json'))).err).toContain('cannot be read (ENOENT)');
    writeFileSync(file, '{"schedules": [');
    expect((await rig.say('schedule', 'apply', file)).err).toContain('is no JSON');
  });
});
