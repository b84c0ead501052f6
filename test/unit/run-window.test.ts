/** Until when a run may work: the field of its input, and the instant that it means. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createPlan } from '../../activities/plan';
import type { PlanRequest } from '../../activities/plan';
import { deadlineOf } from '../../activities/deadline';
import { CarryoverError } from '../../shared/errors';
import { checkMigrateInput } from '../../shared/input';
import type { Planned } from '../../shared/messages';
import { checkWindow, isWindowCause, windowCause } from '../../shared/run-window';
import { FakeRun } from '../support/fake-activities';

describe('the field "window"', () => {
  it.each([
    ['05:00', 'window" must be one JSON object, such as {"until": "05:00", "zone": "Europe/Berlin"}'],
    [{ until: '5:00', zone: 'Europe/Berlin' }, '"window.until" must be a time of the day'],
    [{ until: '24:00', zone: 'Europe/Berlin' }, '"window.until" must be a time of the day'],
    [{ until: '05:00' }, '"window.zone" is missing: give an IANA name, such as "Europe/Berlin"; no zone is guessed'],
    [{ until: '05:00', zone: 'Berlin/Europe' }, '"window.zone" is "Berlin/Europe", which is none'],
    [{ until: '05:00', zone: '+01:00' }, '"window.zone" is "+01:00"; give an IANA name'],
    [{ until: '05:00', zone: 'europe/berlin' }, '"window.zone" is "europe/berlin"; it is spelled "Europe/Berlin"'],
    [{ until: '05:00', zone: 'UTC', from: '01:00' }, 'unknown field "from" of "window"; its fields are until, zone'],
  ])('refuses %j', (window, words) => {
    const { input, problems } = checkMigrateInput({ migration: 'case-states', window }, ['case-states']);
    expect(input).toBeNull();
    expect(problems).toEqual([expect.stringContaining(words)]);
  });

  it('names everything that is wrong at once, and takes what is right', () => {
    const problems: string[] = [];
    expect(checkWindow({ until: 5, zone: 7, x: 1 }, problems)).toEqual({});
    expect(problems).toHaveLength(3);
    const window = { until: '23:59', zone: 'America/New_York' };
    expect(checkMigrateInput({ migration: 'messages', window }, ['messages']).input?.window).toEqual(window);
    expect(checkMigrateInput({ migration: 'messages', window: null }, ['messages']).input).not.toHaveProperty('window');
  });
});

describe('the end of the hours', () => {
  const until = (time: string, from: string, zone = 'Europe/Berlin'): string =>
    new Date(deadlineOf({ until: time, zone }, Date.parse(from)).at).toISOString();

  it.each([
    ['a night in winter', '05:00', '2026-11-28T01:15:00Z', '2026-11-28T04:00:00.000Z'],
    ['a night in summer', '05:00', '2026-07-01T00:15:00Z', '2026-07-01T03:00:00.000Z'],
    ['over midnight', '01:30', '2026-11-27T22:00:00Z', '2026-11-28T00:30:00.000Z'],
    ['just past', '05:00', '2026-11-28T04:00:00Z', '2026-11-29T04:00:00.000Z'],
    ['a moment before', '05:00', '2026-11-28T03:59:59Z', '2026-11-28T04:00:00.000Z'],
    ['a time that comes twice: the first', '02:30', '2026-10-24T23:00:00Z', '2026-10-25T00:30:00.000Z'],
    ['between the two: the next day', '02:30', '2026-10-25T01:00:00Z', '2026-10-26T01:30:00.000Z'],
    [
      'a time that never comes: when the clock jumps past it',
      '02:30',
      '2026-03-28T23:00:00Z',
      '2026-03-29T01:00:00.000Z',
    ],
    ['the morning after the jump', '05:00', '2026-03-29T00:30:00Z', '2026-03-29T03:00:00.000Z'],
    ['the evening before it', '20:00', '2026-03-28T12:00:00Z', '2026-03-28T19:00:00.000Z'],
  ])('of %s', (_what, time, from, expected) => expect(until(time, from)).toBe(expected));

  it('is told in zones far from here', () => {
    expect(until('05:00', '2026-11-28T10:00:00Z', 'Pacific/Kiritimati')).toBe('2026-11-28T15:00:00.000Z');
    expect(until('05:00', '2026-11-28T17:00:00Z', 'Pacific/Pago_Pago')).toBe('2026-11-29T16:00:00.000Z');
    expect(until('05:45', '2026-11-28T00:30:00Z', 'Asia/Kathmandu')).toBe('2026-11-29T00:00:00.000Z');
    // That island left out a whole day.
    expect(until('05:00', '2011-12-29T20:00:00Z', 'Pacific/Apia')).toBe('2011-12-30T10:00:00.000Z');
  });
});

it('keeps what a person paused the run for, once', () => {
  const window = { until: '05:00', zone: 'UTC' };
  const cause = windowCause(window, 'backup');
  expect(cause).toMatch(/^window: .*05:00 UTC.*; before that it was paused: backup$/);
  expect(windowCause(window, cause)).not.toContain('before that');
  expect([isWindowCause(cause), isWindowCause('backup')]).toEqual([true, false]);
});

describe('planning', () => {
  /** What fails here is meant to: nobody need read of it. */
  const silent = () => new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR', () => undefined) });
  const plan = async (fake: FakeRun, request: Partial<PlanRequest>): Promise<Planned> => {
    const { plan: activity } = createPlan(fake.dependencies);
    return silent().run<[PlanRequest], Planned, typeof activity>(activity, {
      input: { migration: 'case-states' },
      firstRun: 'first',
      schedule: 'nightly',
      ...request,
    });
  };
  const input = { migration: 'case-states', window: { until: '05:00', zone: 'UTC' } };
  const fake = () => new FakeRun({ batches: 1 });

  it('computes the end from when the start was due', async () => {
    const planned = await plan(fake(), { input, due: Date.now() });
    expect(planned).toMatchObject({ run: '7', deadline: { until: '05:00', zone: 'UTC' } });
    const { at } = (planned as { deadline: { at: number } }).deadline;
    expect(new Date(at).toISOString()).toMatch(/T05:00:00\.000Z$/);
    expect(at - Date.now()).toBeLessThanOrEqual(86_400_000);
    expect(await plan(fake(), {})).not.toHaveProperty('deadline');
  });

  it('misses a start that comes after its hours, on record, and opens nothing', async () => {
    const late = fake();
    const cause = 'it could not begin before 05:00 UTC, when its hours ended';
    expect(await plan(late, { input, due: Date.now() - 2 * 86_400_000 })).toEqual({ missed: cause });
    expect([late.calls, late.vain]).toEqual([['vain'], [['missed', cause]]]);
    // One that had begun in time, and is planned anew, pauses by itself.
    const again = fake();
    expect(await plan(again, { input, due: Date.now() - 2 * 86_400_000, again: true })).toHaveProperty('deadline');
  });

  it('gives no hours to a start that has nothing to do', async () => {
    const planned = { nothingToDo: 'no row of case-states is in open quarantine', verdict: 'proven' as const };
    expect(await plan(new FakeRun({ batches: 0, planned }), { mode: 'replay', input, due: Date.now() })).toEqual(
      planned,
    );
  });

  it('records a start that is refused, where its migration is known, and tells why', async () => {
    const refused = fake();
    await expect(plan(refused, { input: { ...input, window: 5 } })).rejects.toMatchObject({ type: 'InputRefused' });
    expect(refused.vain).toEqual([['refused', expect.stringContaining('"window" must be one JSON object')]]);
    const { runs } = refused.dependencies;
    const unfit = { ...refused.dependencies, runs: { ...runs, preflight: () => Promise.resolve(['no SELECT']) } };
    const { plan: activity } = createPlan(unfit);
    const request = { input: { migration: 'case-states' }, firstRun: 'first', schedule: null };
    await expect(silent().run<[PlanRequest], Planned, typeof activity>(activity, request)).rejects.toMatchObject({
      type: 'PreflightFailed',
    });
    expect(refused.vain[1]).toEqual(['refused', expect.stringContaining('no SELECT')]);
  });

  it('records nothing of an unknown migration, of a start that had its run, and of one that is tried again', async () => {
    const unknown = fake();
    await expect(plan(unknown, { input: { migration: 'nowhere' } })).rejects.toMatchObject({ type: 'InputRefused' });
    await expect(plan(unknown, { input: undefined })).rejects.toMatchObject({ type: 'InputRefused' });
    for (const type of ['Superseded', 'TargetUnavailable'] as const) {
      unknown.on('open', () => {
        throw new CarryoverError(type, 'so it is');
      });
      await expect(plan(unknown, {})).rejects.toMatchObject({ type });
    }
    expect(unknown.vain).toEqual([]);
  });

  it('tells the first reason also where the ledger cannot be written', async () => {
    const away = fake().on('vain', () => {
      throw new CarryoverError('TargetUnavailable', 'away');
    });
    await expect(plan(away, { input: { ...input, window: 5 } })).rejects.toMatchObject({ type: 'InputRefused' });
  });
});
