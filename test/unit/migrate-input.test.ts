import {
  checkMigrateInput,
  checkRepairInput,
  checkReplayInput,
  DEFAULT_BATCH_ROWS,
  DEFAULT_CONCURRENCY,
} from '../../shared/input';

const DEFAULTS = {
  batchRows: DEFAULT_BATCH_ROWS,
  concurrency: DEFAULT_CONCURRENCY,
  maxParked: 10,
  maxQuarantine: 0.1,
  onChange: 'refuse',
};
const FIELDS =
  'migration, batchRows, concurrency, maxParked, maxQuarantine, takeOver, acceptServer, overwrite, onChange, window, by';
const KNOWN = ['case-states', 'messages'];
const check = (given: unknown) => checkMigrateInput(given, KNOWN);

/** The problems of an input that must be refused. */
function refusal(given: unknown): readonly string[] {
  const { input, problems } = check(given);
  expect(input).toBeNull();
  expect(problems).not.toEqual([]);
  return problems;
}

describe('the input of repair', () => {
  it('is that of migrate without onChange, and names a verification', () => {
    const { input, given } = checkRepairInput({ migration: 'messages', verification: 12, batchRows: 3 }, KNOWN);
    expect(input).toEqual({ migration: 'messages', ...DEFAULTS, verification: '12', batchRows: 3 });
    expect(given).toEqual(['migration', 'batchRows', 'verification']);
    const { problems } = checkRepairInput({ migration: 'messages', verification: 'last', onChange: 'restart' }, KNOWN);
    expect(problems).toEqual([
      expect.stringMatching(/^unknown field "onChange"; the fields are migration, .*, verification$/),
      '"verification" must be the number of a verification; `carryover findings` names the latest',
    ]);
  });
});

describe('the input of replay', () => {
  const check = (more: object): readonly string[] =>
    checkReplayInput({ migration: 'messages', ...more }, ['case-states', 'messages']).problems;

  it('takes rows of quarantine or of skipped batches, and not both', () => {
    expect([check({ reasons: ['time_gap'] }), check({ takeSkipped: 'wanted after all' })]).toEqual([[], []]);
    expect(check({ reasons: ['time_gap'], takeSkipped: 'wanted after all' })).toEqual([
      '"reasons" and "takeSkipped" are two replays: rows of skipped batches have no reason yet',
    ]);
    expect(check({ takeSkipped: true })).toEqual([
      '"takeSkipped" must be a text of 1 to 500 characters that says why skipped batches are taken back',
    ]);
  });
});

describe('the input of migrate', () => {
  it('needs the migration only; the rest has defaults', () => {
    const accepted = { input: { migration: 'messages', ...DEFAULTS }, given: ['migration'], problems: [] };
    expect(check({ migration: 'messages' })).toEqual(accepted);
    expect(check({ migration: 'messages', batchRows: null, concurrency: null })).toEqual(accepted);
  });

  it.each([
    [1, 1],
    [1_000_000, 8],
  ])('takes batchRows %i with concurrency %i', (batchRows, concurrency) => {
    const given = { migration: 'case-states', batchRows, concurrency };
    expect(check(given)).toEqual({ input: { ...DEFAULTS, ...given }, given: Object.keys(given), problems: [] });
  });

  it('takes what decides about an open run, trimmed', () => {
    const decisions = {
      takeOver: ' its cluster is gone ',
      acceptServer: 'failed over',
      overwrite: 'a tool went wrong',
      onChange: 'restart',
      by: 'Ada',
    };
    expect(check({ migration: 'messages', maxQuarantine: 0, ...decisions })).toEqual({
      input: { migration: 'messages', ...DEFAULTS, maxQuarantine: 0, ...decisions, takeOver: 'its cluster is gone' },
      given: ['migration', 'maxQuarantine', 'takeOver', 'acceptServer', 'overwrite', 'onChange', 'by'],
      problems: [],
    });
  });

  it.each([[undefined], [null]])('is refused where it is %s, with an example and the known migrations', (given) => {
    expect(refusal(given)).toEqual([
      'no input was given; it is one JSON object, such as {"migration": "case-states"}; ' +
        'known migrations: case-states, messages',
    ]);
  });

  it.each<[unknown, string]>([
    ['case-states', 'the input is a string;'],
    [7, 'the input is a number;'],
    [true, 'the input is a boolean;'],
    [[{ migration: 'case-states' }], 'the input is a list;'],
  ])('is refused where it is no object: %j', (given, words) => {
    const problems = refusal(given);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(words);
    expect(problems[0]).toContain('{"migration": "case-states"}');
    expect(problems[0]).toContain('known migrations: case-states, messages');
  });

  it.each<[unknown, string]>([
    [{}, '"migration" is missing; known migrations: case-states, messages'],
    [{ migration: 3 }, '"migration" must be a text; known migrations: case-states, messages'],
    [{ migration: null }, '"migration" must be a text; known migrations: case-states, messages'],
    [{ migration: 'Case-States' }, 'there is no migration "Case-States"; known migrations: case-states, messages'],
    [{ migration: 'toString' }, 'there is no migration "toString"; known migrations: case-states, messages'],
  ])('names the known migrations: %j', (given, problem) => {
    expect(refusal(given)).toEqual([problem]);
  });

  it.each<[string, unknown, string]>([
    ['batchRows', 0, '"batchRows" must be a whole number from 1 to 1000000, and is 0'],
    ['batchRows', 1_000_001, '"batchRows" must be a whole number from 1 to 1000000, and is 1000001'],
    ['batchRows', 2.5, '"batchRows" must be a whole number from 1 to 1000000, and is 2.5'],
    ['batchRows', '100', '"batchRows" must be a whole number from 1 to 1000000, and is a string'],
    ['batchRows', NaN, '"batchRows" must be a whole number from 1 to 1000000, and is NaN'],
    ['concurrency', 0, '"concurrency" must be a whole number from 1 to 8, and is 0'],
    ['maxParked', -1, '"maxParked" must be a whole number from 0 to 1000, and is -1'],
    ['maxQuarantine', 1.1, '"maxQuarantine" must be a number from 0 to 1, and is 1.1'],
    ['maxQuarantine', '10 %', '"maxQuarantine" must be a number from 0 to 1, and is a string'],
    ['onChange', 'start over', '"onChange" must be "refuse" or "restart"'],
    ['takeOver', true, '"takeOver" must be a text of 1 to 500 characters that says why the run is taken over'],
    [
      'acceptServer',
      ' ',
      '"acceptServer" must be a text of 1 to 500 characters that says why the other server is right',
    ],
    ['by', 'x'.repeat(501), '"by" must be a text of 1 to 500 characters that says your name'],
    ['concurrency', 9, '"concurrency" must be a whole number from 1 to 8, and is 9'],
    ['concurrency', {}, '"concurrency" must be a whole number from 1 to 8, and is a object'],
  ])('bounds %s: %p', (field, value, problem) => {
    expect(refusal({ migration: 'messages', [field]: value })).toEqual([problem]);
  });

  it('is told all of its problems at once', () => {
    const problems = refusal({ migration: 'cases', batchRows: -1, concurrency: 'two', batchrows: 5, mode: 'full' });
    expect(problems).toEqual([
      `unknown field "batchrows"; the fields are ${FIELDS}`,
      `unknown field "mode"; the fields are ${FIELDS}`,
      'there is no migration "cases"; known migrations: case-states, messages',
      '"batchRows" must be a whole number from 1 to 1000000, and is -1',
      '"concurrency" must be a whole number from 1 to 8, and is a string',
    ]);
  });

  it('shows no more than the beginning of a long migration', () => {
    const [problem] = refusal({ migration: 'x'.repeat(10_000) });
    expect(problem!.length).toBeLessThan(150);
  });
});
