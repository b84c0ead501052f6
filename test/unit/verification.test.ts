import { planRanges, within } from '../../database/verify/plan-ranges';
import type { LedgerBatch } from '../../database/verify/plan-ranges';
import { compareKeys } from '../../database/verify/range';
import { DEFECTS, MOVEMENTS } from '../../shared/findings';
import { verifiedVerdict } from '../../shared/verdict';
import type { Verified } from '../../shared/verdict';
import { checkVerifyInput } from '../../shared/verify-input';

describe('the verdict of a verification', () => {
  const clean: Verified = {
    source: 10,
    loaded: 10,
    quarantined: 0,
    excluded: 0,
    pending: 0,
    defects: 0,
    accepted: 0,
    moved: 0,
    looked: 3,
    notVerified: 0,
    complete: true,
    leftOut: false,
    final: false,
  };

  it('is proven where all was looked at and nothing found', () => expect(verifiedVerdict(clean)).toBe('proven'));

  it.each<[string, Partial<Verified>]>([
    ['rows are in quarantine', { quarantined: 1 }],
    ['rows are excluded', { excluded: 1 }],
    ['batches were left out', { leftOut: true }],
    ['findings were accepted', { accepted: 1 }],
  ])('is proven with exceptions where %s', (_what, more) => {
    expect(verifiedVerdict({ ...clean, ...more })).toBe('proven_with_exceptions');
  });

  it.each<[string, Partial<Verified>]>([
    ['something was found', { defects: 1 }],
    ['something was not looked at', { notVerified: 1 }],
    ['there was nothing to look at', { looked: 0 }],
    ['rows are pending', { pending: 1 }],
    ['the run is not whole', { complete: false }],
    ['the source is empty by now', { source: 0, moved: 10 }],
    ['rows have moved, and none may have', { moved: 1, final: true }],
  ])('is not proven where %s', (_what, more) => {
    expect(verifiedVerdict({ ...clean, ...more })).toBe('not_proven');
  });

  it('passes over what has moved, where it is not final', () => {
    expect(verifiedVerdict({ ...clean, moved: 9 })).toBe('proven');
    expect([...DEFECTS, ...MOVEMENTS]).toHaveLength(new Set([...DEFECTS, ...MOVEMENTS]).size);
  });
});

describe('the ranges of a verification', () => {
  const batch = (to: string, more: Partial<LedgerBatch> = {}): LedgerBatch => ({
    batch: Math.ceil(Number(to) / 10),
    to: [to],
    loaded: true,
    leftOut: false,
    rows: 100,
    ...more,
  });
  const planned = (batches: LedgerBatch[], cutToEnd: boolean, rows: number): string[] =>
    planRanges(batches, cutToEnd, rows).map(
      ({ after, to, fate, batches }) =>
        `${after?.[0] ?? '-∞'} to ${to?.[0] ?? '∞'} ${fate}: ${batches?.join(' to ') ?? 'none'}`,
    );

  it('touch, and are open at both ends', () => {
    expect(planned([batch('9'), batch('19'), batch('29')], true, 200)).toEqual([
      '-∞ to 19 settled: 1 to 2',
      '19 to ∞ settled: 3 to 3',
    ]);
  });

  it('are broken where rows have another fate', () => {
    const batches = [
      batch('9'),
      batch('19', { leftOut: true, loaded: false }),
      batch('29', { loaded: false }),
      batch('39', { loaded: false }),
      batch('49'),
    ];
    expect(planned(batches, true, 1000)).toEqual([
      '-∞ to 9 settled: 1 to 1',
      '9 to 19 excluded: 2 to 2',
      '19 to 39 pending: 3 to 4',
      '39 to ∞ settled: 5 to 5',
    ]);
  });

  it('leave what no batch has reached pending, and what lies above all of them to appear', () => {
    expect(planned([batch('9')], false, 1000)).toEqual(['-∞ to 9 settled: 1 to 1', '9 to ∞ pending: none']);
    expect(planned([batch('9', { leftOut: true, loaded: false })], true, 1000)).toEqual([
      '-∞ to 9 excluded: 1 to 1',
      '9 to ∞ settled: none',
    ]);
    expect(planned([], true, 1000)).toEqual(['-∞ to ∞ settled: none']);
    expect(planned([], false, 1000)).toEqual(['-∞ to ∞ pending: none']);
  });
});

describe('the part of the ranges that lies within another', () => {
  const ranges = planRanges(
    [10, 20, 30].map((to, index) => ({
      batch: index + 1,
      to: [String(to)],
      loaded: true,
      leftOut: false,
      rows: 100,
    })),
    true,
    100,
  );
  const part = (after: string | null, to: string | null): string[] =>
    within(ranges, { after: after === null ? null : [after], to: to === null ? null : [to] }).map(
      (range) => `${range.after?.[0] ?? '-∞'} to ${range.to?.[0] ?? '∞'}`,
    );

  it.each<[string | null, string | null, string[]]>([
    [null, null, ['-∞ to 10', '10 to 20', '20 to ∞']],
    ['3', '5', ['3 to 5']],
    ['9', '11', ['9 to 10', '10 to 11']],
    ['10', '20', ['10 to 20']],
    ['25', null, ['25 to ∞']],
    [null, '10', ['-∞ to 10']],
    ['99', '100', ['99 to 100']],
  ])('above %s up to %s', (after, to, parts) => expect(part(after, to)).toEqual(parts));

  it('compares keys of several parts as numbers, part by part', () => {
    expect(Math.sign(compareKeys(['2', '10'], ['10', '2']))).toBe(-1);
    expect(Math.sign(compareKeys(['10', '10'], ['10', '9']))).toBe(1);
    expect(compareKeys(['10', '-3'], ['10', '-3'])).toBe(0);
  });
});

describe('the input of a verification', () => {
  it('is filled with its defaults', () => {
    expect(checkVerifyInput({ migration: 'case-states' }, ['case-states'])).toEqual({
      input: { migration: 'case-states', final: false, concurrency: 2, range: null },
      problems: [],
    });
  });

  it.each<[string, string[] | null, string[] | null]>([
    ['100..200', ['100'], ['200']],
    ['-5..', ['-5'], null],
    [' .. 18446744073709551615', null, ['18446744073709551615']],
    ['7,1..7,99', ['7', '1'], ['7', '99']],
  ])('takes the range %s', (range, from, to) => {
    expect(checkVerifyInput({ migration: 'messages', range }, ['messages']).input?.range).toEqual({ from, to });
  });

  it.each(['..', '1', '1...2', '1..2..3', "1..'", '1e3..', 5, {}])('refuses the range %s', (range) => {
    const { input, problems } = checkVerifyInput({ migration: 'messages', range }, ['messages']);
    expect(input).toBeNull();
    expect(problems).toEqual([expect.stringContaining('"range" must be keys from and to')]);
  });

  it('is refused with all its problems at once', () => {
    const { input, problems } = checkVerifyInput({ migration: 7, final: 1, concurrency: 0, range: 'a' }, ['messages']);
    expect(input).toBeNull();
    expect(problems).toHaveLength(4);
    expect(checkVerifyInput(undefined, ['messages']).problems[0]).toContain('known migrations: messages');
    expect(checkVerifyInput({}, ['messages']).problems[0]).toContain('"migration" is missing');
  });
});
