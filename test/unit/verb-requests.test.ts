import { VERBS } from '../../shared/names';
import type { Verb } from '../../shared/names';
import { EXAMPLES, checkRequest, listBatches, readBatches } from '../../shared/verb-requests';
import type { Standing } from '../../shared/verb-requests';

const running: Standing = {
  ready: true,
  comparing: false,
  verifying: false,
  ended: false,
  parked: new Set([3, 9, 10]),
  skipped: new Set([5]),
  loaded: new Set([10]),
  pauseCause: null,
  resuming: false,
  cancelling: false,
  concurrencyLimit: 8,
  brake: () => null,
};

const check = (verb: Verb, request: unknown, more: Partial<Standing> = {}): string[] =>
  checkRequest(verb, request, { ...running, ...more });

/** A request of each verb that is good while the run is running, and paused for `resume`. */
const GOOD: Readonly<Record<Verb, unknown>> = {
  retryBatch: { batch: 3 },
  skipBatch: { batch: 3, reason: 'archived' },
  pause: {},
  resume: {},
  setConcurrency: { concurrency: 3 },
  cancel: {},
};
const forVerb = (verb: Verb): Partial<Standing> => (verb === 'resume' ? { pauseCause: 'backup' } : {});

describe.each([...VERBS])('%s', (verb) => {
  it('is taken where it fits, with reason and name', () => {
    expect(check(verb, GOOD[verb], forVerb(verb))).toEqual([]);
    expect(check(verb, { ...(GOOD[verb] as object), reason: 'why', by: 'Ada' }, forVerb(verb))).toEqual([]);
  });

  it.each([[3], ['three'], [true], [[3]], [[]]])('is refused with %j, which is no object', (given) => {
    expect(check(verb, given, forVerb(verb))).toEqual([`give one JSON object, such as ${EXAMPLES[verb]}`]);
  });

  it('names every field that is unknown, and every one that will not do, at once', () => {
    const given = { ...(GOOD[verb] as object), batches: 3, ['x'.repeat(60)]: 1, by: '', reason: 7 };
    const problems = check(verb, given, forVerb(verb));
    expect(problems[0]).toMatch(new RegExp(`^unknown: "batches", "x{40}"; ${verb} takes .*reason, by, such as `));
    expect(problems.slice(1)).toEqual(
      expect.arrayContaining([
        '"by" must be a text of 1 to 500 characters that says your name',
        expect.stringMatching(/^"reason" must be a text of 1 to 500 characters that says why/),
      ]),
    );
  });

  it('is refused while the run reads the ledger, is cancelled, or is over', () => {
    const given = GOOD[verb];
    expect(check(verb, given, { ...forVerb(verb), ready: false })).toEqual([
      'the run is still reading the ledger; send it again in a moment',
    ]);
    expect(check(verb, given, { ...forVerb(verb), cancelling: true })).toEqual([
      'the run is being cancelled; start it again to go on with it',
    ]);
    expect(check(verb, given, { ...forVerb(verb), ended: true })).toEqual([
      'the run is over: nothing of it can be changed',
    ]);
  });

  it('is taken while the run is verified only where it is cancel, or resume after a pause', () => {
    const problems = check(verb, GOOD[verb], { ...forVerb(verb), verifying: true });
    const words = ['the run is being verified: its batches are done with, and only cancel is taken'];
    expect(problems).toEqual(verb === 'cancel' || verb === 'resume' ? [] : words);
    if (verb === 'resume') expect(check(verb, {}, { verifying: true })).toEqual(words);
  });

  it('takes its own example', () => {
    const state = { ...forVerb(verb), parked: new Set([3, 9]) };
    for (const [example] of EXAMPLES[verb].matchAll(/\{[^}]*\}/g))
      expect(check(verb, JSON.parse(example), state)).toEqual([]);
  });
});

describe('retryBatch', () => {
  const stand = 'parked: 3, 9, 10; skipped: 5';
  it('takes one, several, all, and skipped ones', () => {
    for (const batch of [3, [3, 9], 'all', 5, [5, 10]]) expect(check('retryBatch', { batch })).toEqual([]);
  });

  it.each([undefined, null, '3', 'ALL', 1.5, [], ['3'], [3, 1.5], {}, true])(
    'asks for a number instead of %j',
    (batch) => {
      expect(check('retryBatch', { batch })).toEqual([
        `give the batch's number, such as {"batch": 3}, {"batch": [3, 9]} or {"batch": "all"}; ${stand}`,
      ]);
    },
  );

  it('names what is parked where others are asked for', () => {
    expect(check('retryBatch', { batch: 17 })).toEqual([`batch 17 is not parked; ${stand}`]);
    expect(check('retryBatch', { batch: [17, 3, 18] })).toEqual([`batches 17, 18 are not parked; ${stand}`]);
    const none = { parked: new Set<number>(), skipped: new Set<number>() };
    expect(check('retryBatch', { batch: 'all' }, none)).toEqual(['no batch is parked; parked: none']);
  });

  it('takes no more than a thousand numbers', () => {
    const many = Array.from({ length: 1001 }, (_, index) => index + 1);
    expect(readBatches(many)).toBeNull();
    expect(readBatches(many.slice(1))).toHaveLength(1000);
    expect(readBatches([3, 3, 9])).toEqual([3, 9]);
  });
});

describe('skipBatch', () => {
  it('needs a reason and a parked batch that was never loaded, and says all at once', () => {
    const missing = '"reason" is missing: it is what the audit and the report will say of its rows';
    expect(check('skipBatch', { batch: 3 })).toEqual([missing]);
    expect(check('skipBatch', undefined)).toEqual([
      `give the batch's number, such as ${EXAMPLES.skipBatch}; parked: 3, 9, 10`,
      missing,
    ]);
    expect(check('skipBatch', { batch: [5, 10] })).toEqual([
      'batch 5 is not parked; parked: 3, 9, 10',
      'batch 10 is loaded, so that rows of it are in the target: retry, do not skip',
      missing,
    ]);
    expect(check('skipBatch', { batch: 3, reason: '  ' })).toEqual([
      '"reason" must be a text of 1 to 500 characters that says why its rows are left out',
    ]);
    expect(check('skipBatch', { batch: 3, reason: '' })).toHaveLength(1);
    expect(check('skipBatch', { batch: 'all', reason: 'why' })).toHaveLength(1);
  });
});

describe('pause and resume', () => {
  it('are refused twice', () => {
    expect(check('pause', {}, { pauseCause: 'backup' })).toEqual(['the run is paused already: backup']);
    expect(check('resume', {})).toEqual(['the run is not paused']);
    expect(check('resume', {}, { pauseCause: 'backup', resuming: true })).toEqual(['the run is being resumed already']);
  });

  it('takes brakes within their bounds, and none under which the run would pause again', () => {
    const paused = { pauseCause: 'brake' };
    expect(check('resume', { maxParked: 20, maxQuarantine: 0.5 }, paused)).toEqual([]);
    expect(check('resume', { maxParked: -1, maxQuarantine: '2' }, paused)).toEqual([
      '"maxParked" must be a whole number from 0 to 1000, and is -1',
      '"maxQuarantine" must be a number from 0 to 1, and is a string',
    ]);
    const brake = ({ maxParked }: { maxParked?: number }) => (maxParked === 20 ? null : '12 batches are parked');
    expect(check('resume', { maxParked: 20 }, { ...paused, brake })).toEqual([]);
    expect(check('resume', {}, { ...paused, brake })).toEqual(['the run would pause again: 12 batches are parked']);
  });
});

describe('setConcurrency', () => {
  it('takes a whole number up to what the mapping allows', () => {
    for (const concurrency of [1, 8]) expect(check('setConcurrency', { concurrency })).toEqual([]);
    for (const concurrency of [0, 9, 2.5]) {
      expect(check('setConcurrency', { concurrency })).toEqual([
        `"concurrency" must be a whole number from 1 to 8, and is ${concurrency}`,
      ]);
    }
    const give = ['give the number of batches in flight, such as {"concurrency": 4}'];
    for (const given of [undefined, null, {}]) expect(check('setConcurrency', given)).toEqual(give);
  });

  it('is one for a mapping whose rows point to one another', () => {
    expect(check('setConcurrency', { concurrency: 1 }, { concurrencyLimit: 1 })).toEqual([]);
    expect(check('setConcurrency', { concurrency: 2 }, { concurrencyLimit: 1 })).toEqual([
      'rows of this mapping point to one another: its batches run one at a time',
    ]);
  });
});

it('lists batches in order, and counts those beyond twenty', () => {
  expect(listBatches([])).toBe('none');
  expect(listBatches([9, 3])).toBe('3, 9');
  expect(listBatches(Array.from({ length: 23 }, (_, index) => index + 1))).toMatch(/, 20 and 3 more$/);
});
