import { checkPurgeInput, checkRowChoice } from '../../shared/quarantine-input';

const KNOWN = ['case-states', 'messages'];
const choice = (given: unknown) => checkRowChoice('dismiss', given, KNOWN);
const fit = { migration: 'case-states', why: 'tests' };

describe('which rows a decision is about', () => {
  it.each([
    [{ rows: ['12', 17, '12'] }, { rows: ['12', '17'] }],
    [{ reasons: ['code_unknown'] }, { reasons: ['code_unknown'] }],
    [{ all: true, rows: null }, { all: true }],
    [
      { all: true, by: ' Ada ' },
      { all: true, by: 'Ada' },
    ],
  ])('takes %j', (given, taken) => expect(choice({ ...fit, ...given }).input).toEqual({ ...fit, ...taken }));

  it.each([
    [undefined, 'no input was given; it is one JSON object, such as {"migration": "case-states", "rows": ["12", "17"]'],
    [[], 'the input is a list; it must be one JSON object'],
    [{ ...fit }, 'one of "rows", "reasons" and "all" says which rows are meant'],
    [{ ...fit, all: true, reasons: ['code_unknown'] }, 'one of "rows", "reasons" and "all"'],
    [{ ...fit, rows: [] }, '"rows" must be a list of up to 1000 numbers of lines'],
    [{ ...fit, rows: Array.from({ length: 1_001 }, (_, n) => n) }, '"rows" must be a list of up to 1000'],
    [{ ...fit, rows: ['4711; DROP'] }, '"rows" must be a list'],
    [{ ...fit, reasons: ['bad_luck'] }, '"reasons" must be a list of case_unmapped'],
    [{ ...fit, all: 'yes' }, '"all" must be true, or left out'],
    [
      { ...fit, all: true, why: ' ' },
      '"why" must be a text of 1 to 500 characters that says why the rows are left out',
    ],
    // A key is not for Temporal: there is no field for it.
    [{ ...fit, keys: ['4711'] }, 'unknown field "keys"; the fields are migration, rows, reasons, all, why, by'],
  ])('refuses %j', (given, words) => {
    const { input, problems } = choice(given);
    expect(input).toBeNull();
    expect(problems.join('\n')).toContain(words);
  });

  it('tells all that is wrong at once', () => {
    const { problems } = choice({ migration: 'none', rows: ['x'], all: true, what: 1 });
    expect(problems).toHaveLength(5);
  });
});

describe('what is purged', () => {
  it('takes days', () =>
    expect(checkPurgeInput({ ...fit, olderThanDays: 90 }, KNOWN).input).toEqual({ ...fit, olderThanDays: 90 }));

  it.each([
    [{ ...fit }, '"olderThanDays" is missing'],
    [{ ...fit, olderThanDays: 0 }, '"olderThanDays" must be a whole number from 1 to 36500, and is 0'],
    [{ ...fit, olderThanDays: 1.5 }, 'whole number'],
    [{ ...fit, olderThanDays: '90 days' }, 'and is a string'],
    [{ migration: 'case-states', olderThanDays: 90 }, '"why" is missing: it says why the values are removed'],
  ])('refuses %j', (given, words) => {
    const { input, problems } = checkPurgeInput(given, KNOWN);
    expect(input).toBeNull();
    expect(problems.join('\n')).toContain(words);
  });
});
