import { readOptions } from '../../bench/options';
import { profileOf } from '../../bench/profile';
import type { HistoryEvent } from '../../bench/profile';
import { describeResult, resultOf } from '../../bench/result';
import type { Round, Setup } from '../../bench/result';
import { spread } from '../../bench/statistics';
import { differences } from '../../bench/target';

describe('the options', () => {
  it('are two million rows unless told otherwise', () => {
    expect(readOptions([])).toMatchObject({ rows: 2_000_000, rounds: 3, batchRows: undefined, save: undefined });
    expect(readOptions(['--quick'])).toMatchObject({ rows: 200_000 });
    expect(readOptions(['--quick', '--rows', '5000', '--rounds', '1'])).toMatchObject({ rows: 5000, rounds: 1 });
  });

  it('name a result without its ending', () => {
    expect(readOptions(['--save', 'first.json']).save).toBe('first');
  });
});

describe('medians', () => {
  it('are the middle value, or the mean of the two in the middle', () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, low: 1, high: 3 });
    expect(spread([4, 1, 2, 3])).toEqual({ median: 2.5, low: 1, high: 4 });
  });

  it('need a value', () => {
    expect(() => spread([])).toThrow('no values');
  });
});

const at = (seconds: number): HistoryEvent['eventTime'] => ({
  seconds: Math.trunc(seconds),
  nanos: Math.round((seconds % 1) * 1e9),
});

describe('the profile of a history', () => {
  const scheduled = (eventId: number, time: number, name: string): HistoryEvent => ({
    eventId,
    eventTime: at(time),
    activityTaskScheduledEventAttributes: { activityType: { name } },
  });
  const started = (scheduledEventId: number, time: number): HistoryEvent => ({
    eventTime: at(time),
    activityTaskStartedEventAttributes: { scheduledEventId },
  });
  const completed = (scheduledEventId: number, time: number): HistoryEvent => ({
    eventTime: at(time),
    activityTaskCompletedEventAttributes: { scheduledEventId },
  });

  it('sums by activity, and tells how many ran at once', () => {
    const profile = profileOf([
      { eventTime: at(100) },
      scheduled(5, 101, 'load'),
      started(5, 101.5),
      scheduled(7, 102, 'load'),
      started(7, 102),
      completed(7, 104),
      completed(5, 105.5),
      { eventTime: at(106) },
    ]);
    expect(profile).toEqual({
      seconds: 6,
      activities: { load: { count: 2, seconds: 6, waited: 0.5 } },
      running: { 0: 2, 1: 2, 2: 2 },
    });
  });

  it('is empty for a history without activities', () => {
    expect(profileOf([{ eventTime: at(1) }, { eventTime: at(3) }])).toMatchObject({
      activities: {},
      running: { 0: 2 },
    });
  });
});

describe('the result', () => {
  const profile = { seconds: 1, activities: { load: { count: 1, seconds: 1, waited: 0 } }, running: { 0: 0 } };
  const round = (carryover: number, floorA: number, floorB: number): Round => {
    const floor = { copy: 0, insert: 0, build: 0 };
    return {
      order: ['carryover', 'floorA', 'floorB'],
      carryover: {
        seconds: carryover,
        peakMemory: 100 + carryover,
        profile,
        result: {} as never,
        resync: { seconds: carryover / 4, result: {} as never, rowsRead: 5 },
      },
      floorA: { seconds: floorA, ...floor },
      floorB: { seconds: floorB, ...floor },
      checksum: '1',
    };
  };
  const setup = {
    rows: 1000,
    batchRows: 100,
    concurrency: 2,
    cores: 2,
    versions: { node: 'v20', source: '10', target: '18', temporal: '1' },
  } as unknown as Setup;

  it('takes the medians of the ratios of each round, not the ratio of medians', () => {
    const result = resultOf(setup, [round(10, 20, 5), round(30, 30, 10), round(20, 10, 40)], new Date(0));
    expect(result.ratios).toEqual({ floorA: 1, floorB: 2 });
    expect(result.ratioRanges.floorA).toEqual({ median: 1, low: 0.5, high: 2 });
    expect(result.seconds.carryover.median).toBe(20);
    expect(result.rowsPerSecond.carryover).toBe(50);
    expect(result.peakMemory).toBe(130);
    expect(result.resync).toEqual({
      ratio: { median: 0.25, low: 0.25, high: 0.25 },
      seconds: { median: 5, low: 2.5, high: 7.5 },
      read: 0.005,
    });
  });

  it('is shown with its ratios', () => {
    const text = describeResult(resultOf(setup, [round(10, 20, 5)], new Date(0))).join('\n');
    expect(text).toMatch(/floor A.*20\.00.*0\.50 \(0\.50-0\.50\)/);
    expect(text).toMatch(/load +1 × +1\.00 s/);
  });
});

describe('two states of the target', () => {
  const state = { rows: '2', checksum: '7', columns: { id: '3', metadata: '4' }, parts: ['PRIMARY KEY', 'INDEX'] };

  it('are the same whatever the order in which their indexes are listed', () => {
    expect(differences(state, { ...state, parts: ['INDEX', 'PRIMARY KEY'] })).toEqual([]);
  });

  it('differ by the column that differs', () => {
    const other = { ...state, checksum: '8', columns: { id: '3', metadata: '5' } };
    expect(differences(state, other)).toEqual(['column metadata']);
  });

  it('differ where values have changed rows', () => {
    expect(differences(state, { ...state, checksum: '8' })).toEqual(['the rows as wholes']);
  });

  it('differ where an index lacks', () => {
    expect(differences(state, { ...state, parts: ['PRIMARY KEY'] })).toEqual(['keys or indexes']);
  });
});
