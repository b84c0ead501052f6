/** What a schedule may be: the fields of a file, or of a command, with all problems at once. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cronText, expand, fromCalendar, isSameCron, parseCron, toCalendar } from '../../cli/schedule/cron';
import type { Cron } from '../../cli/schedule/cron';
import { checkDefinition, spanText } from '../../cli/schedule/definition';
import { checkFile } from '../../cli/schedule/file';
import { catalog } from '../../mappings/catalog';

const KNOWN = ['case-states', 'messages'];
const RIGHT = { name: 'nightly', type: 'migrate', migration: 'case-states', cron: '15 2 * * *', zone: 'Europe/Berlin' };
const problemsOf = (change: object): readonly string[] => checkDefinition({ ...RIGHT, ...change }, KNOWN).problems;

describe('a cron expression', () => {
  const cron = (text: string): Cron => {
    const problems: string[] = [];
    const parsed = parseCron(text, problems);
    expect(problems).toEqual([]);
    return parsed!;
  };

  it.each([
    ['15 2 * * *', [[15], [2]], '15 2 * * *'],
    [
      '*/20 0-6/3 * * *',
      [
        [0, 20, 40],
        [0, 3, 6],
      ],
      '0-59/20 0-6/3 * * *',
    ],
    [
      '5/25 1,3,5-7 * * *',
      [
        [5, 30, 55],
        [1, 3, 5, 6, 7],
      ],
      '5-59/25 1,3,5-7 * * *',
    ],
  ])('%s means %j', (text, [minutes, hours], again) => {
    const parsed = cron(text);
    expect([expand(parsed[0]), expand(parsed[1])]).toEqual([minutes, hours]);
    expect(cronText(parsed)).toBe(again);
    expect(isSameCron(cron(again), parsed)).toBe(true);
  });

  it('knows names, and that Sunday is 0 and 7', () => {
    expect(expand(cron('0 0 * feb-APR *')[3])).toEqual([2, 3, 4]);
    expect(expand(cron('0 0 * * MON-FRI')[4])).toEqual([1, 2, 3, 4, 5]);
    expect(expand(cron('0 0 * * 7')[4])).toEqual([0]);
    expect(expand(cron('0 0 * * 5-7')[4])).toEqual([0, 5, 6]);
    expect(cronText(cron('0 0 * * 0-7'))).toBe('0 0 * * *');
    expect(isSameCron(cron('0 0 * * SUN'), cron('0 0 * * 7'))).toBe(true);
    expect(isSameCron(cron('0 0 * * SUN'), cron('0 0 * * 6'))).toBe(false);
  });

  it('is the same after Temporal kept it as a calendar', () => {
    const parsed = cron('5,35 1-3 * 1,12 MON-FRI');
    const calendar = toCalendar(parsed, ' 5,35 1-3 * 1,12 MON-FRI ');
    expect(calendar.comment).toBe('5,35 1-3 * 1,12 MON-FRI');
    const kept = { ...calendar, second: [{ start: 0, end: 0, step: 1 }], year: [] } as Parameters<
      typeof fromCalendar
    >[0];
    expect(isSameCron(fromCalendar(kept)!, parsed)).toBe(true);
    // What five fields cannot say is not taken for what they say.
    expect(fromCalendar({ ...kept, second: [{ start: 30, end: 30, step: 1 }] })).toBeNull();
    expect(fromCalendar({ ...kept, year: [{ start: 2027, end: 2027, step: 1 }] })).toBeNull();
  });

  it.each([
    ['15 2 * *', 'must have five fields'],
    ['', 'and has 0'],
    ['@daily', 'must have five fields'],
    ['60 2 * * *', 'has "60" as minute: 0 to 59'],
    ['0 24 * * *', 'has "24" as hour: 0 to 23'],
    ['0 0 0 * *', 'has "0" as day of the month: 1 to 31'],
    ['0 0 * 13 *', 'has "13" as month'],
    ['0 0 * * 8', 'has "8" as day of the week'],
    ['0 0 * FOO *', 'has "FOO" as month'],
    ['5-1 0 * * *', 'has "5-1" as minute'],
    ['*/0 0 * * *', 'has "*/0" as minute'],
    ['1,,2 0 * * *', 'has "" as minute'],
    ['*-5 0 * * *', 'has "*-5" as minute'],
    ['0 0 1 * MON', 'must leave the day of the month or the day of the week as *'],
  ])('refuses %j', (text, words) => {
    const problems: string[] = [];
    expect(parseCron(text, problems)).toBeNull();
    expect(problems).toEqual([expect.stringContaining(words)]);
  });
});

describe('a schedule', () => {
  it('has defaults: caught up with for an hour, paused by a failure, not paused', () => {
    const { definition } = checkDefinition(RIGHT, KNOWN);
    expect(definition).toMatchObject({
      ...{ name: 'nightly', type: 'migrate', migration: 'case-states', jitter: 0, catchUp: 3_600_000 },
      ...{ pauseOnFailure: true, paused: false, note: null, input: { migration: 'case-states' } },
      when: { cron: '15 2 * * *', zone: 'Europe/Berlin' },
    });
  });

  it('carries the one JSON object of its workflow, hours included', () => {
    const { definition, problems } = checkDefinition(
      { ...RIGHT, until: '05:00', jitter: '60s', catchUp: '2h', input: { concurrency: 4 }, pauseOnFailure: false },
      KNOWN,
    );
    expect(problems).toEqual([]);
    expect(definition).toMatchObject({
      ...{ jitter: 60_000, catchUp: 7_200_000, pauseOnFailure: false },
      input: { migration: 'case-states', concurrency: 4, window: { until: '05:00', zone: 'Europe/Berlin' } },
    });
    const every = { ...RIGHT, cron: undefined, zone: undefined, every: '10m', type: 'verify', input: { final: true } };
    expect(checkDefinition(every, KNOWN).definition).toMatchObject({
      when: { every: 600_000 },
      input: { final: true },
    });
  });

  it.each<[object, string]>([
    [{ zone: undefined }, '"zone" is missing: give an IANA name, such as "Europe/Berlin"; no zone is guessed'],
    [{ zone: 'Mars/Olympus' }, '"zone" is "Mars/Olympus", which is none'],
    [{ every: '10m' }, 'either "cron" or "every" says when it starts'],
    [{ cron: undefined }, 'either "cron" or "every" says when it starts'],
    [{ cron: undefined, every: '10' }, '"every" must be a number with s, m, h or d, such as "10m", from 1s to 366d'],
    [{ cron: 5 }, '"cron" must be a text'],
    [{ cron: undefined, every: '10m', jitter: '10m' }, '"jitter" must be shorter than "every"'],
    [{ catchUp: '5s' }, '"catchUp" must be a number with s, m, h or d, such as "10m", from 10s to 366d'],
    [{ cron: undefined, zone: undefined, every: '1h', until: '05:00' }, '"zone" is missing'],
    [{ until: '5' }, '"until" must be a time of the day'],
    [{ type: 'verify', until: '05:00' }, '"until" is of runs: verify has no hours'],
    [{ name: 'a b' }, '"name" must be 1 to 100 letters'],
    [{ type: 'abandon' }, '"type" must be one of migrate, '],
    [{ migration: 'nowhere' }, 'there is no migration "nowhere"; known migrations: case-states, messages'],
    [{ paused: 'yes' }, '"paused" must be true or false'],
    [{ note: '' }, '"note" must be a text'],
    [{ input: [] }, '"input" must be a JSON object'],
    [{ input: { migration: 'messages' } }, '"input" must not hold "migration"'],
    [{ input: { window: {} } }, '"input" must not hold "window": "until" of the schedule says it'],
    [{ input: { takeOver: 'always' } }, '"input" must not hold "takeOver": it answers one situation'],
    [{ input: { concurrency: 99 } }, '"concurrency" must be a whole number from 1 to 8, and is 99'],
    [{ type: 'replay', input: { reasons: ['bad_luck'] } }, '"reasons" must be a list of case_unmapped'],
    [
      { type: 'replay', input: { takeSkipped: 'wanted' } },
      '"input" must not hold "takeSkipped": it answers one situation',
    ],
    [{ type: 'verify', input: { batchRows: 5 } }, 'unknown field "batchRows"; the fields are migration, final'],
    [{ crontab: '' }, 'unknown field "crontab"; the fields are name, type, migration'],
  ])('is refused with %j', (change, words) => {
    expect(problemsOf(change)).toEqual([expect.stringContaining(words)]);
  });

  it('tells spans by the largest unit that is exact', () => {
    expect([0, 1_000, 90_000, 600_000, 7_200_000, 86_400_000].map(spanText)).toEqual([
      '0s',
      '1s',
      '90s',
      '10m',
      '2h',
      '1d',
    ]);
  });
});

describe('a file of schedules', () => {
  it('is told every problem of every schedule at once', () => {
    const schedules = [{ ...RIGHT, cron: '15 2' }, { ...RIGHT, zone: undefined, paused: 1 }, 7];
    expect(checkFile({ schedules, scheduled: [] }, KNOWN).problems).toEqual([
      'unknown field "scheduled"; the one field is schedules',
      expect.stringMatching(/^schedule 1 \(nightly\): "cron" must have five fields/),
      expect.stringMatching(/^schedule 2 \(nightly\): "zone" is missing/),
      expect.stringMatching(/^schedule 2 \(nightly\): "paused" must be/),
      'schedule 2 (nightly): the name is taken by an earlier one',
      'schedule 3: a schedule must be a JSON object',
    ]);
  });

  it.each([[[]], [null], [{}], [{ schedules: {} }]])('must not be %j', (given) => {
    expect(checkFile(given, KNOWN).problems.at(-1)).toMatch(/^the file must be \{"schedules": \[…\]\}/);
  });

  it('has an example that will do', () => {
    const text = readFileSync(join(__dirname, '..', '..', 'schedules.example.json'), 'utf8');
    const { definitions, problems } = checkFile(JSON.parse(text), catalog.names());
    expect(problems).toEqual([]);
    expect(definitions.map(({ type }) => type)).toEqual(['migrate', 'verify']);
  });
});
