import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LedgerMetrics } from '../../database/ledger/read-metrics';
import { FAMILIES, renderMetrics } from '../../worker/metrics-text';
import type { Family } from '../../worker/metrics-text';

const nothing: LedgerMetrics = { runs: [], batches: [], rows: [], quarantine: [], starts: [] };

const ledger: LedgerMetrics = {
  runs: [
    { migration: 'case-states', open: 1, paused: 1, notProven: 0, provenAge: 86_400.5 },
    { migration: 'gone', open: 0, paused: 0, notProven: 1, provenAge: null },
  ],
  batches: [
    { migration: 'case-states', state: 'parked', batches: 2 },
    { migration: 'case-states', state: 'validated', batches: 18 },
  ],
  rows: [
    {
      migration: 'case-states',
      inserted: 900,
      updated: 7,
      unchanged: 50,
      quarantined: 40,
      excluded: 3,
      pending: 100,
    },
  ],
  quarantine: [{ migration: 'case-states', reason: 'case_unmapped', rows: 40 }],
  starts: [
    { migration: 'case-states', outcome: 'missed', starts: 3 },
    { migration: 'case-states', outcome: 'refused', starts: 1 },
  ],
};

const facts = { version: '1.2.3', node: 'v20.0.0', sourceUp: true, ledger, migrations: ['case-states', 'messages'] };

/** The samples of a text, by name and labels. */
function samples(text: string): Record<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

describe('the metrics', () => {
  it('tell what the ledger says of each migration', () => {
    expect(samples(renderMetrics(facts))).toMatchObject({
      'carryover_build_info{version="1.2.3",node="v20.0.0"}': 1,
      carryover_source_up: 1,
      carryover_ledger_up: 1,
      'carryover_runs{migration="case-states",state="open"}': 1,
      'carryover_runs{migration="case-states",state="parked"}': 1,
      'carryover_runs{migration="case-states",state="paused"}': 1,
      'carryover_runs{migration="case-states",state="not_proven"}': 0,
      'carryover_runs{migration="gone",state="not_proven"}': 1,
      'carryover_batches{migration="case-states",state="parked"}': 2,
      'carryover_batches{migration="case-states",state="validated"}': 18,
      'carryover_batches{migration="case-states",state="running"}': 0,
      'carryover_rows{migration="case-states",outcome="inserted"}': 900,
      'carryover_rows{migration="case-states",outcome="updated"}': 7,
      'carryover_rows{migration="case-states",outcome="unchanged"}': 50,
      'carryover_rows{migration="case-states",outcome="quarantined"}': 40,
      'carryover_rows{migration="case-states",outcome="excluded"}': 3,
      'carryover_rows{migration="case-states",outcome="pending"}': 100,
      'carryover_quarantine_rows{migration="case-states",reason="case_unmapped"}': 40,
      'carryover_last_proven_age_seconds{migration="case-states"}': 86_400.5,
      'carryover_starts_total{migration="case-states",outcome="missed"}': 3,
      'carryover_starts_total{migration="case-states",outcome="refused"}': 1,
    });
  });

  it('show a migration before its first run with zeros, and claim no proof or open run of it', () => {
    const told = samples(renderMetrics({ ...facts, ledger: nothing, migrations: ['messages'] }));
    expect(told).toMatchObject({
      'carryover_runs{migration="messages",state="parked"}': 0,
      'carryover_rows{migration="messages",outcome="pending"}': 0,
      'carryover_starts_total{migration="messages",outcome="missed"}': 0,
      'carryover_starts_total{migration="messages",outcome="nothing_to_do"}': 0,
    });
    expect(Object.keys(told).filter((name) => /last_proven|carryover_batches/.test(name))).toEqual([]);
  });

  it('say so where neither server answers, and nothing of the ledger', () => {
    const told = samples(renderMetrics({ ...facts, ledger: undefined, sourceUp: false }));
    expect(told).toEqual({
      'carryover_build_info{version="1.2.3",node="v20.0.0"}': 1,
      carryover_source_up: 0,
      carryover_ledger_up: 0,
    });
  });

  it('escape what a label may not hold', () => {
    const quarantine = [{ migration: 'a"b\\c\nd', reason: 'x', rows: 1 }];
    expect(renderMetrics({ ...facts, ledger: { ...nothing, quarantine } })).toContain(
      'carryover_quarantine_rows{migration="a\\"b\\\\c\\nd",reason="x"} 1\n',
    );
  });

  it('have a help and a type before their samples, each once', () => {
    const text = renderMetrics(facts);
    for (const [name, { type, help }] of Object.entries<Family>(FAMILIES)) {
      expect(text.split(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`)).toHaveLength(2);
    }
    expect(text.endsWith('\n')).toBe(true);
  });
});

describe('docs/metrics.md', () => {
  const page = readFileSync(join(__dirname, '..', '..', 'docs', 'metrics.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(carryover_\w+)` \| (\w+) \|([^|]*)\|/gm)];

  it('lists every metric with its type and labels, and no other', () => {
    const listed = rows.map(([, name, type, labels]) => [
      name,
      type,
      [...labels!.matchAll(/`(\w+)`/g)].map(([, l]) => l),
    ]);
    const there = Object.entries<Family>(FAMILIES).map(([name, { type, labels }]) => [name, type, [...labels]]);
    expect(listed).toEqual(there);
  });

  it('names only metrics that there are in its rules', () => {
    const named = [...page.matchAll(/\b(carryover_\w+)/g)].map(([, name]) => name!);
    expect(named.filter((name) => !(name in FAMILIES))).toEqual([]);
  });

  it('lists every value of a label that the worker gives', () => {
    const told = Object.keys(samples(renderMetrics(facts)));
    const values = told.flatMap((name) => /(?:state|outcome)="(\w+)"/.exec(name)?.[1] ?? []);
    expect(values.length).toBeGreaterThan(20);
    expect([...new Set(values)].filter((value) => !page.includes(`\`${value}\``))).toEqual([]);
  });
});
