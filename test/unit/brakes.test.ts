import { DEFAULT_MAX_PARKED, DEFAULT_MAX_QUARANTINE, brakeOf, deleteBrakeOf } from '../../shared/brakes';

const brakes = { maxParked: DEFAULT_MAX_PARKED, maxQuarantine: DEFAULT_MAX_QUARANTINE };

const rows = (source: number, quarantined: number, excluded = 0) => ({ source, quarantined, excluded });
const none = rows(0, 0);

/** Whether the share of quarantined rows brakes a run in which nothing is parked. */
const quarantineBrakes = (done: typeof none, ended: boolean, maxQuarantine = brakes.maxQuarantine): boolean =>
  brakeOf({ ...brakes, maxQuarantine }, 0, done, ended) !== null;

describe('the brake on parked batches', () => {
  it.each([
    [10, 0, false],
    [10, 10, false],
    [10, 11, true],
    [0, 0, false],
    [0, 1, true],
  ])('with maxParked %i and %i parked: %p', (maxParked, parked, acts) => {
    for (const ended of [false, true]) {
      expect(brakeOf({ ...brakes, maxParked }, parked, none, ended) !== null).toBe(acts);
    }
  });

  it('names count, limit and the ways on, one of which lets the run go on', () => {
    expect(brakeOf(brakes, 11, none, false)).toBe(
      '11 batches are parked, more than maxParked (10): mend their cause, send retryBatch and then resume; or resume with ' +
        'a higher one, such as {"maxParked": 22}',
    );
    expect(brakeOf({ ...brakes, maxParked: 22 }, 11, none, false)).toBeNull();
  });
});

describe('the brake on quarantine', () => {
  it.each([
    ['all of too few rows', rows(9_999, 9_999), false],
    ['the share itself, of just enough', rows(10_000, 1_000), false],
    ['one row more', rows(10_000, 1_001), true],
    ['a smaller share of many', rows(1_000_000, 100_000), false],
    ['a larger share of many', rows(1_000_000, 100_001), true],
  ])('while batches run, of %s', (_what, done, acts) => {
    expect(quarantineBrakes(done, false)).toBe(acts);
  });

  it.each([
    ['all of too few rows', rows(999, 999), false],
    ['the share itself, of just enough', rows(1_000, 100), false],
    ['one row more', rows(1_000, 101), true],
    ['nothing read', none, false],
  ])('at the end, of %s', (_what, done, acts) => {
    expect(quarantineBrakes(done, true)).toBe(acts);
  });

  it('counts excluded rows as not read', () => {
    expect(quarantineBrakes(rows(10_000, 5_000, 1), false)).toBe(false);
    expect(quarantineBrakes(rows(10_001, 5_000, 1), false)).toBe(true);
    // 1,001 of 11,000 are no tenth, of the 10,000 that were read they are more.
    expect(quarantineBrakes(rows(11_000, 1_001), false)).toBe(false);
    expect(quarantineBrakes(rows(11_000, 1_001, 1_000), false)).toBe(true);
  });

  it('is shut at 0 by one row, and open at 1 for all', () => {
    expect(quarantineBrakes(rows(10_000, 0), false, 0)).toBe(false);
    expect(quarantineBrakes(rows(10_000, 1), false, 0)).toBe(true);
    expect(quarantineBrakes(rows(10_000, 10_000), false, 1)).toBe(false);
  });

  it('names share, limit and a way on that lets the run go on', () => {
    expect(brakeOf(brakes, 0, rows(10_000, 1_234), false)).toBe(
      '12.3 % of the 10000 rows read are in quarantine, more than maxQuarantine (10.0 %): see why, then resume with a ' +
        'higher one, such as {"maxQuarantine": 0.2}',
    );
    for (const quarantined of [1_001, 1_500, 4_999, 9_501, 10_000]) {
      const done = rows(10_000, quarantined);
      const offered = /\{"maxQuarantine": ([\d.]+)\}$/.exec(brakeOf(brakes, 0, done, false)!)![1]!;
      expect(Number(offered)).toBeLessThanOrEqual(1);
      expect(quarantineBrakes(done, false, Number(offered))).toBe(false);
    }
  });
});

it('parked batches are told of first where both brakes act', () => {
  expect(brakeOf(brakes, 11, rows(10_000, 9_000), false)).toMatch(/^11 batches are parked/);
});

describe('the brake on rows that are gone', () => {
  it.each([
    ['none, of none', 0.01, 0, 0, false],
    ['none, where none may go', 0, 0, 100, false],
    ['one, where none may go', 0, 1, 100, true],
    ['the share itself', 0.01, 1, 100, false],
    ['one row more', 0.01, 2, 100, true],
    ['one row of too few', 0.01, 1, 99, true],
    ['all but a little', 0.999, 100, 100, true],
    ['all, where all may go', 1, 100, 100, false],
    ['more than were counted, where all may go', 1, 101, 100, false],
  ])('%s: %d, %i of %i: %p', (_what, maxDeletes, gone, loaded, acts) => {
    expect(deleteBrakeOf(maxDeletes, gone, loaded) !== null).toBe(acts);
  });

  it('takes every share of a hundred rows for itself, and names one that lets the run go on', () => {
    for (let gone = 1; gone <= 100; gone += 1) {
      expect([gone, deleteBrakeOf(Number((gone / 100).toFixed(2)), gone, 100)]).toEqual([gone, null]);
      const said = deleteBrakeOf(0.005, gone, 100)!;
      const { maxDeletes } = JSON.parse(/\{.*\}/.exec(said)![0]) as { maxDeletes: number };
      expect([gone, deleteBrakeOf(maxDeletes, gone, 100)]).toEqual([gone, null]);
    }
  });
});
