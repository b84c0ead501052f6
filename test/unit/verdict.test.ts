import { decideVerdict, isClosed } from '../../shared/verdict';
import type { Balance, CheckResult } from '../../shared/verdict';

const clean: Balance = { source: 100, loaded: 100, quarantined: 0, excluded: 0, pending: 0 };
const nothingFound: CheckResult[] = [
  { name: 'rows differ', compared: 100, found: 0 },
  { name: 'orphans', compared: 100, found: 0 },
];

describe('decideVerdict', () => {
  it('is proven where every row is loaded and the checks found nothing', () => {
    expect(decideVerdict(clean, nothingFound, true, 0)).toBe('proven');
    expect(decideVerdict({ ...clean, source: 0, loaded: 0 }, nothingFound, true, 0)).toBe('proven');
  });

  it.each<[string, Balance]>([
    ['quarantined', { ...clean, loaded: 99, quarantined: 1 }],
    ['excluded', { ...clean, loaded: 99, excluded: 1 }],
    ['quarantined and excluded', { ...clean, loaded: 0, quarantined: 60, excluded: 40 }],
  ])('is proven with exceptions where rows are %s', (_fate, balance) => {
    expect(decideVerdict(balance, nothingFound, true, 0)).toBe('proven_with_exceptions');
    expect(decideVerdict(clean, nothingFound, true, 1)).toBe('proven_with_exceptions');
  });

  it('is not proven where no check ran, however good the balance looks', () => {
    expect(decideVerdict(clean, [], true, 0)).toBe('not_proven');
  });

  it('is not proven where a single one of the checks found something', () => {
    const found = nothingFound.map((check, index) => ({ ...check, found: index }));
    expect(decideVerdict(clean, found, true, 0)).toBe('not_proven');
    expect(decideVerdict({ ...clean, loaded: 99, quarantined: 1 }, found, true, 0)).toBe('not_proven');
  });

  it('is not proven while a row is pending', () => {
    expect(decideVerdict({ ...clean, loaded: 99, pending: 1 }, nothingFound, true, 0)).toBe('not_proven');
  });

  it('is not proven where the run was not cut to its upper bound', () => {
    expect(decideVerdict(clean, nothingFound, false, 0)).toBe('not_proven');
  });

  it.each<[string, Balance]>([
    ['too few', { ...clean, loaded: 99 }],
    ['too many', { ...clean, loaded: 101 }],
    ['too many, as quarantined', { ...clean, quarantined: 1 }],
  ])('is not proven where the fates add up to %s', (_name, balance) => {
    expect(isClosed(balance)).toBe(false);
    expect(decideVerdict(balance, nothingFound, true, 0)).toBe('not_proven');
  });
});

describe('isClosed', () => {
  it('counts every fate once', () => {
    expect(isClosed({ source: 15, loaded: 1, quarantined: 2, excluded: 4, pending: 8 })).toBe(true);
    expect(isClosed({ source: 14, loaded: 1, quarantined: 2, excluded: 4, pending: 8 })).toBe(false);
  });
});
