import { Announcements, pauseLine } from '../../cli/run-display';
import type { Progress } from '../../shared/messages';

const progress: Progress = {
  run: '7',
  migration: 'case-states',
  state: 'running',
  estimatedRows: 300,
  doneRows: 100,
  inserted: 100,
  updated: 0,
  unchanged: 0,
  quarantined: 0,
  excluded: 0,
  batchesDone: 1,
  batchesInFlight: 1,
  batchesParked: 0,
  parked: [],
  skipped: [],
  concurrency: 2,
  pauseCause: null,
  outage: null,
  looks: null,
  resumed: false,
  differing: [],
};

/** What is said of each progress in turn. */
const said = (...seen: Partial<Progress>[]): string[][] => {
  const announcements = new Announcements();
  return seen.map((change) => announcements.of({ ...progress, ...change }));
};

it('says that a run is gone on with, and which fields of the input it does not take, once', () => {
  const resumed = { resumed: true, differing: ['batchRows: 400, as the run has it, and not 77'] };
  expect(said({ run: null, state: 'planning' }, resumed, resumed)).toEqual([
    [],
    [
      'Goes on with run 7 of case-states, which was open: nothing that it has done is done again.',
      '  batchRows: 400, as the run has it, and not 77',
    ],
    [],
  ]);
});

it('says what it waits for, also before it is planned, and when that is back', () => {
  const away = { outage: 'the source cannot be reached' };
  expect(said({ run: null, state: 'planning', ...away }, away, {}, {})).toEqual([
    ['Waits for a server: the source cannot be reached'],
    [],
    ['The server is back.'],
    [],
  ]);
});

it('says a pause with the command that resumes, and its end', () => {
  expect(said({ pauseCause: 'backup' }, { pauseCause: 'backup' }, {})).toEqual([
    ['Paused: backup\n  to go on: carryover resume 7'],
    [],
    ['No longer paused.'],
  ]);
  expect(pauseLine('7', '12 % are in quarantine, more than maxQuarantine (10 %)')).toMatch(
    /carryover resume 7, with --max-quarantine <share> to raise the brake$/,
  );
});

it('says a parked batch with the command that retries, and again where it is parked anew', () => {
  const parked = { parked: [{ batch: 2, cause: 'load: refused' }] };
  const line = 'Batch 2 is parked: load: refused\n  mend the cause, then: carryover retry-batch 7 --batch 2';
  expect(said(parked, parked, {}, parked)).toEqual([[line], [], [], [line]]);
});
