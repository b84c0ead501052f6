import { ActivityFailure, ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { exitCodesHelp, exitOfVerdict } from '../../cli/exit-codes';
import { describeFailure } from '../../cli/failure';
import { looseNumber, runId } from '../../cli/input';
import { duration, rows } from '../../cli/numbers';
import { progressBar, progressText, share } from '../../cli/progress-text';
import { Rate } from '../../cli/rate';
import type { Progress } from '../../shared/messages';

const progress: Progress = {
  run: '7',
  migration: 'case-states',
  state: 'running',
  estimatedRows: 4751,
  doneRows: 1188,
  inserted: 1100,
  updated: 0,
  unchanged: 0,
  quarantined: 88,
  excluded: 0,
  batchesDone: 2,
  batchesInFlight: 2,
  batchesParked: 1,
  skipped: [],
  concurrency: 2,
  resumed: false,
  differing: [],
  pauseCause: null,
  outage: null,
  looks: null,
  parked: [{ batch: 2, cause: 'difference' }],
};

describe('figures', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [1234567, '1,234,567'],
  ])('shows %d rows as %s', (count, text) => expect(rows(count)).toBe(text));

  it.each([
    [0, '0 s'],
    [59.4, '59 s'],
    [200, '3 min 20 s'],
    [7500, '2 h 5 min'],
    [273600, '3 d 4 h'],
  ])('shows %d seconds as %s', (seconds, text) => expect(duration(seconds)).toBe(text));
});

describe('progress', () => {
  it('says rows, share, rate, what is left, quarantined and parked', () => {
    expect(progressText(progress, 1781.5)).toBe(
      'case-states run 7 running: 1,188 of 4,751 rows (25 %), 1,782 rows/s, about 2 s left, 88 quarantined, 1 parked',
    );
  });

  it('says that it is planning while there is no run', () => {
    expect(progressText({ ...progress, run: null, state: 'planning' }, undefined)).toMatch(/^planning: /);
  });

  it('draws a bar that fits the terminal', () => {
    const bar = progressBar(progress, undefined, 60);
    expect(bar).toMatch(/^█{6}░{18} case-states run 7 running: /);
    expect([...bar]).toHaveLength(59);
  });

  it.each([
    [{ estimatedRows: 0 }, 1],
    [{ estimatedRows: 0, state: 'planning' as const }, 0],
    [{ doneRows: 5000 }, 1],
  ])('takes %j as a share of %d', (change, expected) => expect(share({ ...progress, ...change })).toBe(expected));

  it('measures the rate over the last half minute, from nothing and after a step back', () => {
    const rate = new Rate();
    expect(rate.perSecond()).toBeUndefined();
    rate.add(0, 0);
    rate.add(10, 1000);
    expect(rate.perSecond()).toBe(100);
    for (let at = 20; at <= 100; at += 10) rate.add(at, 1000 + (at - 10) * 50);
    expect(rate.perSecond()).toBe(50);
    rate.add(110, 0);
    expect(rate.perSecond()).toBeUndefined();
  });
});

describe('a failed workflow', () => {
  it('speaks by its own failure, with the run that it tells of', () => {
    const failure = ApplicationFailure.create({
      message: 'run 7 is not proven',
      type: 'NotProven',
      nonRetryable: true,
      details: [{ run: '7' }],
      cause: ApplicationFailure.nonRetryable('below', 'DatabaseError'),
    });
    expect(describeFailure(failure)).toEqual({ type: 'NotProven', message: 'run 7 is not proven', run: '7' });
  });

  it('speaks by the cause of an activity that failed', () => {
    const cause = ApplicationFailure.nonRetryable('SELECT is missing', 'PreflightFailed');
    const failure = new ActivityFailure('Activity task failed', 'plan', '1', 'NON_RETRYABLE_FAILURE', 'w', cause);
    expect(describeFailure(failure)).toEqual({ type: 'PreflightFailed', message: 'SELECT is missing' });
  });

  it('says that it was cancelled or terminated', () => {
    expect(describeFailure(new CancelledFailure('x')).type).toBe('Cancelled');
    expect(describeFailure(new TerminatedFailure('by hand')).message).toBe('the workflow was terminated: by hand');
  });
});

describe('words of the command line', () => {
  it.each([
    ['20000', 20000],
    ['-1', -1],
    ['1e3', '1e3'],
    ['12abc', '12abc'],
    ['', ''],
  ])('reads the number %j as %j, and leaves what is none to the check of the whole input', (text, value) =>
    expect(looseNumber(text)).toBe(value),
  );

  it.each(['0', '-1', 'abc', '1.5', '9999999999999999999'])('takes %j for no run', (text) =>
    expect(() => runId(text)).toThrow(/named by its number/),
  );

  it('documents every exit code', () => {
    expect(
      exitCodesHelp()
        .match(/^ {2}(\d+) /gm)
        ?.map(Number),
    ).toEqual([0, 1, 2, 3, 130]);
  });

  it.each([
    ['proven', 0],
    ['proven_with_exceptions', 0],
    ['not_proven', 2],
  ])('ends with %s as %d', (verdict, code) => expect(exitOfVerdict(verdict)).toBe(code));
});
