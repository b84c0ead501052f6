import type { ReportFacts } from '../../report/facts';
import { buildReport } from '../../report/model';
import { percent } from '../../report/percent';
import { sampleFacts } from './report-facts';

const report = buildReport(sampleFacts);

describe('the report of the sample', () => {
  it('has exactly the balance and the actors, in order', () => {
    expect(JSON.stringify(report.balance)).toBe(
      '{"source":4751,"loaded":4552,"quarantined":199,"excluded":0,"pending":0}',
    );
    expect(JSON.stringify(report.actors)).toBe('{"mapped":4357,"missing":195}');
    expect(report.verdict).toBe('proven_with_exceptions');
  });

  it('begins with the keys that programs read', () => {
    expect(Object.keys(report).slice(0, 13).join(' ')).toBe(
      'migration run verdict balance actors coverage states years transitions quarantine checks verification estate',
    );
  });

  it('computes coverage, shares, growth and the estate', () => {
    expect(report.coverage).toEqual({
      case: { available: 23049, resolved: 4552, missing: 199 },
      actor: { available: 9085, resolved: 4357, missing: 195 },
    });
    expect(report.states).toEqual([
      { state: 'treatment_active', rows: 2427, share: 53.32 },
      { state: 'case_closed', rows: 2125, share: 46.68 },
    ]);
    expect(report.years.map(({ year, growth }) => [year, growth])).toEqual([
      [2018, null],
      [2019, 135.29],
      [2020, 32.5],
      [2021, 332.08],
      [2022, 185.15],
      [2023, 1.53],
      [2024, 163.2],
      [2025, -33.98],
    ]);
    expect(report.transitions.map(({ rows }) => rows)).toEqual([1273, 630, 278, 117]);
    expect(report.quarantine.map(({ status }) => status)).toEqual(['11', '12']);
    expect(report.estate).toEqual({
      before: { tables: 35, records: 1_208_154, rate: 98.7 },
      run: { tables: 1, records: 4552, rate: 95.81 },
      after: { tables: 36, records: 1_212_706, rate: 98.69 },
    });
    expect(report.seconds).toBe(2.3);
  });
});

describe('other runs', () => {
  const of = (change: Partial<ReportFacts>): ReturnType<typeof buildReport> =>
    buildReport({ ...sampleFacts, ...change });

  it('a second run adds nothing to the estate and says that it wrote nothing', () => {
    const second = of({
      written: { inserted: 0, updated: 0, unchanged: 4552 },
      estate: { ...sampleFacts.estate, previous: { source: 4751, records: 4552 } },
    });
    expect(second.estate.run).toEqual({ tables: 0, records: 0, rate: 95.81 });
    expect(second.estate.before).toEqual(report.estate.after);
    expect(second.estate.after).toEqual(report.estate.after);
    expect(second.headline).toContain('this run wrote nothing');
  });

  it('a mapping without references, states and estate gives zeros, empty lists and no rates', () => {
    const bare = of({
      references: [],
      states: [],
      years: [],
      transitions: [],
      quarantine: [],
      balance: { source: 0, loaded: 0, quarantined: 0, excluded: 0, pending: 0 },
      estate: { ...sampleFacts.estate, baseline: { tables: 0, source: 0, records: 0 } },
    });
    expect(bare.coverage.case).toEqual({ available: 0, resolved: 0, missing: 0 });
    expect(bare.actors).toEqual({ mapped: 0, missing: 0 });
    expect(bare.estate.before).toEqual({ tables: 0, records: 0, rate: null });
    expect(bare.verdict).toBe('proven');
  });

  it.each<[string, Partial<ReportFacts>]>([
    ['a check found something', { checks: [{ name: 'orphans', compared: 1, found: 1 }] }],
    ['no check ran', { checks: [] }],
    ['a batch is not validated', { complete: false }],
    ['the balance does not close', { balance: { ...sampleFacts.balance, source: 4752 } }],
  ])('is not proven where %s', (_why, change) => {
    expect(of(change).verdict).toBe('not_proven');
  });

  it('orders equal counts by name, and rows without a status last', () => {
    const rows = 5;
    const { states, transitions, quarantine } = of({
      states: ['b', 'a', 'B'].map((state) => ({ state, rows })),
      transitions: [
        { from: 'b', to: 'b', rows },
        { from: 'a', to: 'b', rows },
        { from: 'a', to: 'a', rows },
      ],
      quarantine: [
        { reason: 'b', status: null, rows },
        { reason: 'b', status: '9', rows },
        { reason: 'b', status: '10', rows },
        { reason: 'a', status: null, rows },
      ],
    });
    expect(states.map(({ state }) => state)).toEqual(['B', 'a', 'b']);
    expect(transitions.map(({ from, to }) => from + to)).toEqual(['aa', 'ab', 'bb']);
    expect(quarantine.map(({ reason, status }) => `${reason}${status}`)).toEqual(['anull', 'b10', 'b9', 'bnull']);
  });
});

describe('percent', () => {
  it.each([
    [2427, 4552, 53.32],
    [1, 32, 3.13],
    [-1, 32, -3.13],
    [1, 3, 33.33],
    [2, 3, 66.67],
    [0, 5, 0],
    [-1, 1_000_000, 0],
    [1, 1, 100],
    [5, 0, null],
  ])('%d of %d is %p', (part, whole, expected) => {
    expect(percent(part, whole)).toBe(expected);
  });
});
