/** What applying a file of schedules does to what Temporal has, and how a schedule reads. */
import type { ScheduleDescription } from '@temporalio/client';
import { checkDefinition } from '../../cli/schedule/definition';
import type { ScheduleDefinition } from '../../cli/schedule/definition';
import { scheduleLines, toListed } from '../../cli/schedule/listed';
import { planApply } from '../../cli/schedule/plan';
import type { There } from '../../cli/schedule/plan';
import { markOf, toOptions } from '../../cli/schedule/temporal-schedule';
import type { Mark } from '../../cli/schedule/temporal-schedule';

const OURS: Mark = { by: 'apply', taskQueue: 'carryover' };

function wanted(name: string, change: object = {}): ScheduleDefinition {
  const nightly = {
    type: 'migrate',
    migration: 'case-states',
    cron: '15 2 * * *',
    zone: 'Europe/Berlin',
    until: '05:00',
  };
  const { definition, problems } = checkDefinition({ name, ...nightly, ...change }, ['case-states', 'messages']);
  expect(problems).toEqual([]);
  return definition!;
}

const HOURLY = { cron: undefined, zone: undefined, until: undefined, every: '1h' };

/** As Temporal describes a schedule that was made so. */
function described(one: ScheduleDefinition, mark: Mark = OURS): ScheduleDescription {
  const { spec, action, memo, state, policies } = toOptions(one, mark);
  const catchupWindow = policies!.catchupWindow as number;
  const calendars = (spec.calendars ?? []).map((calendar) => ({
    ...calendar,
    second: [{ start: 0, end: 0, step: 1 }],
    year: [],
  }));
  return {
    scheduleId: one.name,
    spec: {
      calendars,
      intervals: spec.intervals ?? [],
      skip: [],
      timezone: spec.timezone ?? '',
      jitter: spec.jitter as number | undefined,
    },
    action: { ...action, searchAttributes: { CarryoverMigration: [one.migration] } },
    policies: { ...policies, catchupWindow },
    memo,
    state: { paused: state!.paused, note: state!.note ?? '' },
    info: {
      recentActions: [],
      nextActionTimes: [1, 2, 3, 4].map((day) => new Date(Date.UTC(2026, 11, day, 1, 15, 0, 123))),
      numActionsTaken: 0,
      numActionsMissedCatchupWindow: 0,
      numActionsSkippedOverlap: 0,
      runningActions: [],
    },
  } as unknown as ScheduleDescription;
}

const there = (one: ScheduleDefinition, mark?: Mark): There => ({
  name: one.name,
  migration: one.migration,
  description: described(one, mark),
});

const stepsOf = (...given: Parameters<typeof planApply>) => {
  const { steps, problems } = planApply(...given);
  expect(problems).toEqual([]);
  return steps.map((step) => [step.does, step.name, ...(step.does === 'update' ? step.changed : [])]);
};

describe('applying a file', () => {
  it('makes what is not there, and leaves what is as it is to be', () => {
    const [one, two, three] = [wanted('one'), wanted('two', HOURLY), wanted('three', { jitter: '60s' })];
    expect(stepsOf([one, two, three], [there(one), there(three)], 'carryover', false)).toEqual([
      ['keep', 'one'],
      ['create', 'two'],
      ['keep', 'three'],
    ]);
    expect(stepsOf([two], [there(two)], 'carryover', true)).toEqual([['keep', 'two']]);
  });

  it.each<[object, string[]]>([
    [{ cron: '16 2 * * *' }, ['when']],
    [{ zone: 'Europe/Paris' }, ['zone', 'input']],
    [{ until: '04:00' }, ['input']],
    [{ jitter: '5s' }, ['jitter']],
    [{ catchUp: '2h' }, ['catchUp']],
    [{ pauseOnFailure: false }, ['pauseOnFailure']],
    [{ input: { batchRows: 7 } }, ['input']],
    [HOURLY, ['when', 'input']],
    [{ migration: 'messages' }, ['workflowId', 'input', 'migration', 'summary']],
    [{ type: 'replay' }, ['type', 'workflowId', 'summary']],
  ])('changes what the file has otherwise: %j', (change, changed) => {
    expect(stepsOf([wanted('one', change)], [there(wanted('one'))], 'carryover', false)).toEqual([
      ['update', 'one', ...changed],
    ]);
  });

  it("leaves an operator's pause, its note, and the order of the keys of an input alone", () => {
    const one = wanted('one', { input: { batchRows: 7, concurrency: 3 }, note: 'for the night' });
    const paused = there(one);
    Object.assign(paused.description.state, { paused: true, note: 'paused by anna: the clinic moves' });
    const [input] = paused.description.action.args as [Record<string, unknown>];
    const turned = Object.fromEntries(Object.entries(input).reverse());
    Object.assign(paused.description.action, { args: [turned] });
    expect(stepsOf([one], [paused], 'carryover', false)).toEqual([['keep', 'one']]);
  });

  it.each<[string, (made: ScheduleDescription) => object]>([
    ['overlap', (made) => ({ policies: { ...made.policies, overlap: 'ALLOW_ALL' } })],
    ['bounds', (made) => ({ spec: { ...made.spec, endAt: new Date() } })],
    ['bounds', (made) => ({ spec: { ...made.spec, skip: [{}] } })],
    ['when', (made) => ({ spec: { ...made.spec, intervals: [{ every: 1_000, offset: 0 }] } })],
    ['taskQueue', (made) => ({ action: { ...made.action, taskQueue: 'other' } })],
  ])('takes back what somebody changed in the UI: %s', (name, change) => {
    const made = there(wanted('one'));
    const changed = { ...made, description: { ...made.description, ...change(made.description) } };
    expect(stepsOf([wanted('one')], [changed], 'carryover', false)).toEqual([['update', 'one', name]]);
  });

  it('deletes only what it made itself, for these workers, and only where it is asked to', () => {
    const all = [
      there(wanted('gone')),
      there(wanted('by-hand'), { by: 'create', taskQueue: 'carryover' }),
      there(wanted('elsewhere'), { by: 'apply', taskQueue: 'other' }),
      { ...there(wanted('foreign')), description: { ...described(wanted('foreign')), memo: undefined } },
    ];
    expect(stepsOf([], all, 'carryover', false)).toEqual([]);
    expect(stepsOf([], all, 'carryover', true)).toEqual([['delete', 'gone']]);
  });

  it('touches nothing that somebody else made under a name of the file, and names all of them', () => {
    const all = [
      there(wanted('one'), { by: 'create', taskQueue: 'carryover' }),
      there(wanted('two'), { by: 'apply', taskQueue: 'other' }),
      { ...there(wanted('three')), description: { ...described(wanted('three')), memo: { carryover: 'x' } } },
    ];
    const names = [wanted('one'), wanted('two'), wanted('three')];
    expect(planApply(names, all, 'carryover', true).problems).toEqual([
      expect.stringMatching(/^"one" is there already, made by `carryover schedule create` and not by apply/),
      expect.stringMatching(/^"two" is there already, for the workers of the task queue "other"/),
      expect.stringMatching(/^"three" is there already, made by somebody else/),
    ]);
    expect(markOf(undefined)).toBeNull();
  });
});

describe('a schedule in words', () => {
  it('says what, when, until when, and when next', () => {
    expect(scheduleLines(toListed(described(wanted('nightly', { jitter: '60s', note: 'for the night' })), []))).toEqual(
      [
        'nightly: migrate case-states',
        '  when      15 2 * * * (Europe/Berlin), until 05:00 Europe/Berlin, up to 1m later',
        '  note      for the night',
        '  next      2026-12-01T01:15:00Z, 2026-12-02T01:15:00Z, 2026-12-03T01:15:00Z',
      ],
    );
  });

  it('says who paused it, what became of its starts, and what it missed', () => {
    const made = described(wanted('often', { ...HOURLY, type: 'verify', pauseOnFailure: false }));
    Object.assign(made.state, { paused: true, note: 'paused by anna: the clinic\nmoves' });
    Object.assign(made.info, { numActionsMissedCatchupWindow: 2, numActionsSkippedOverlap: 3 });
    const last = [{ at: '2026-12-01T01:15:00Z', workflowId: 'w', outcome: 'failed (NotProven): 3 findings' }];
    expect(scheduleLines(toListed(made, last))).toEqual([
      'often: verify case-states, PAUSED',
      '  when      every 1h, goes on after a failure',
      '  paused    paused by anna: the clinic moves',
      '  to go on  carryover schedule resume often',
      '  started   2026-12-01T01:15:00Z w: failed (NotProven): 3 findings',
      '  missed    2 fell due while Temporal was away for longer than 1h; 3 left out, since the one before was still at work',
    ]);
  });

  it('says of one from the UI what nobody meant: no zone, another overlap, no time that fits', () => {
    const made = described(wanted('ui', { catchUp: '365d' }));
    Object.assign(made.spec, { timezone: '' });
    Object.assign(made.policies, { overlap: 'ALLOW_ALL' });
    Object.assign(made.info, { nextActionTimes: [] });
    expect(scheduleLines(toListed(made, []))[1]).toBe(
      '  when      15 2 * * * (UTC, since no zone is given), until 05:00 Europe/Berlin, made up for up to 365d late, overlap ALLOW_ALL',
    );
    expect(scheduleLines(toListed(made, [])).at(-1)).toBe('  next      none: no time fits');
  });
});
