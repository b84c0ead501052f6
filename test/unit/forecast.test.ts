import { forecastText } from '../../cli/forecast-text';
import { gapsText, wordsOf } from '../../cli/gaps-text';
import type { Gap } from '../../database/gaps/gap';
import { NO_COUNTS, addCounts } from '../../shared/forecast';
import type { ForecastCounts, ForecastResult } from '../../shared/forecast';
import { checkForecastInput } from '../../shared/forecast-input';

const counts: ForecastCounts = {
  ...NO_COUNTS,
  batches: 2,
  source: 1_000,
  inserted: 900,
  unchanged: 50,
  quarantined: 30,
  excluded: 20,
  primary: { case_unmapped: 20, constraint_rejected: 10 },
  reasons: { case_unmapped: 20, value_too_long: 5, constraint_rejected: 10 },
  columns: {
    case_unmapped: { instruction_id: 20 },
    value_too_long: { reason: 4, notes: 1 },
    constraint_rejected: { states_notes_key: 7, states_check: 3 },
  },
  duplicates: { states_notes_key: 7 },
  references: { actor: { resolved: 900, unmapped: 50 } },
  causes: ['one'],
};

describe('counts of a forecast', () => {
  it('add up, name by name', () => {
    const other: ForecastCounts = {
      ...NO_COUNTS,
      batches: 1,
      source: 10,
      quarantined: 10,
      primary: { time_gap: 10 },
      reasons: { time_gap: 10, value_too_long: 2 },
      columns: { time_gap: { created_at: 10 }, value_too_long: { notes: 2 } },
      references: { actor: { absent: 10 }, case: { resolved: 10 } },
      causes: ['two', 'one'],
    };
    expect(addCounts(counts, other)).toEqual({
      ...counts,
      batches: 3,
      source: 1_010,
      quarantined: 40,
      primary: { case_unmapped: 20, constraint_rejected: 10, time_gap: 10 },
      reasons: { case_unmapped: 20, value_too_long: 7, constraint_rejected: 10, time_gap: 10 },
      columns: { ...counts.columns, value_too_long: { reason: 4, notes: 3 }, time_gap: { created_at: 10 } },
      references: { actor: { resolved: 900, unmapped: 50, absent: 10 }, case: { resolved: 10 } },
      causes: ['one', 'two'],
    });
    expect(addCounts(NO_COUNTS, counts)).toEqual(counts);
  });

  it('keep a few causes', () => {
    const many = Array.from({ length: 9 }, (_, index) => ({ ...NO_COUNTS, causes: [`cause ${index}`] }));
    expect(many.reduce(addCounts, NO_COUNTS).causes).toEqual(['cause 0', 'cause 1', 'cause 2', 'cause 3', 'cause 4']);
  });
});

describe('the input of a forecast', () => {
  const check = (given: unknown) => checkForecastInput(given, ['messages']);

  it('has defaults', () => {
    expect(check({ migration: 'messages' }).input).toEqual({
      migration: 'messages',
      batchRows: 50_000,
      concurrency: 2,
    });
  });

  it('is refused with all problems at once', () => {
    expect(check({ migration: 7, batchRows: 1.5, concurrency: 9, by: 'x' })).toEqual({
      input: null,
      problems: [
        'unknown field "by"; the fields are migration, batchRows, concurrency',
        '"migration" must be a text; known migrations: messages',
        '"batchRows" must be a whole number from 1 to 1000000, and is 1.5',
        '"concurrency" must be a whole number from 1 to 8, and is 9',
      ],
    });
    expect(check(undefined).problems[0]).toContain('known migrations: messages');
    expect(check({}).problems).toEqual(['"migration" is missing; known migrations: messages']);
  });
});

describe('a forecast as text', () => {
  const result: ForecastResult = {
    migration: 'case-states',
    batchRows: 500,
    counts,
    brake: null,
    unseenUnique: [],
    triggers: [],
    together: false,
    seconds: 10,
    rate: 100,
    earlierRate: 50,
  };

  it('says each figure once, with its column', () => {
    expect(forecastText(result))
      .toBe(`case-states: what a run would do now, in 2 batches of up to 500 rows; nothing was changed

source  inserted  updated  unchanged  quarantined  excluded
 1,000       900        0         50           30        20

Loaded would be 950 of 1,000 rows.

quarantine           as first reason  in all  column                        rows
case_unmapped                     20      20  instruction_id                  20
value_too_long                     0       5  reason                           4
                                              notes                            1
constraint_rejected               10      10  states_notes_key (duplicate)     7
                                              states_check                     3

reference  resolved  absent  unmapped  ambiguous
actor           900       0        50          0

The forecast took 10 s (100 rows a second). At the rate of the last run (50 rows a second), a run would take 20 s.`);
  });

  it('says what would be parked, pause the run, or is not known', () => {
    const text = forecastText({
      ...result,
      counts: { ...counts, parked: 40, parkedBatches: 1, changedInTarget: 3, deletedInTarget: 2 },
      brake: 'too many',
      unseenUnique: ['states_notes_key'],
      triggers: ['audit'],
      together: true,
    });
    for (const words of [
      'of the unchanged, 3 that another writer changed are kept, and 2 that somebody deleted are not inserted again',
      '1 batch would be parked, with 40 rows:\n  - one',
      'The run would pause by itself: too many.',
      'constraint_rejected is a lower bound: the unique states_notes_key may',
      'Triggers of the target ran for each row, and were rolled back with it: audit.',
      'within one transaction',
    ]) {
      expect(text).toContain(words);
    }
  });

  it('says that nothing would go to quarantine', () => {
    expect(forecastText({ ...result, counts: NO_COUNTS })).toContain('No row would go to quarantine.');
  });
});

describe('gaps as text', () => {
  const of = { table: 'message', rows: 5, migration: 'messages', target: 'public.messages', run: '7' };
  it.each<[Gap, string, string]>([
    [{ kind: 'unmapped', table: 'x', rows: null }, 'no mapping and no line of the baseline', 'write a mapping'],
    [{ kind: 'unreadable', table: 'x', rows: null }, 'may not read it', 'grant SELECT'],
    [
      { ...of, kind: 'never_migrated', targetHolds: 'rows' },
      'never ran; public.messages holds rows of others',
      'forecast',
    ],
    [{ ...of, kind: 'emptied', targetHolds: 'nothing' }, 'public.messages is empty, though run 7', 'verify messages'],
    [{ ...of, kind: 'pending' }, 'run 7 of messages was closed', 'carryover start messages'],
    [{ ...of, kind: 'lagging' }, 'appeared since run 7', 'carryover start messages'],
  ])('say what is wrong, and what next: %j', (gap, wrong, next) => {
    expect(wordsOf(gap)).toEqual({
      wrong: expect.stringContaining(wrong) as string,
      next: expect.stringContaining(next) as string,
    });
  });

  it('are one table', () => {
    const looked = { tables: 3, mapped: 1, baseline: 0, empty: 1 };
    expect(gapsText({ looked, gaps: [{ kind: 'unmapped', table: 'x', rows: null }] })).toMatch(
      /^table +rows +what is wrong +next\nx +at least one +no mapping/,
    );
    expect(gapsText({ looked, gaps: [] })).toBe(
      'No gaps.\n\n3 tables of the source: 1 mapped, 0 of the baseline, 1 others without a row.',
    );
  });
});
