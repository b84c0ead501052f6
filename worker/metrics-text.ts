/** The ledger's metrics in Prometheus' text format. docs/metrics.md lists the same names and labels. */
import type { LedgerMetrics } from '../database/ledger/read-metrics';
import { START_OUTCOMES } from '../database/ledger/starts';
import { BATCH_STATES } from '../shared/batch-states';

export interface Family {
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly labels: readonly string[];
}

export const FAMILIES = {
  carryover_build_info: { type: 'gauge', help: 'Always 1: the version that runs.', labels: ['version', 'node'] },
  carryover_source_up: { type: 'gauge', help: '1 where the source answers.', labels: [] },
  carryover_ledger_up: { type: 'gauge', help: '1 where the ledger could be read.', labels: [] },
  carryover_runs: {
    type: 'gauge',
    help: 'Runs by state: open; parked, open with parked batches; paused; not_proven, by the latest that finished, or a later verification.',
    labels: ['migration', 'state'],
  },
  carryover_batches: { type: 'gauge', help: 'Batches of the open run.', labels: ['migration', 'state'] },
  carryover_rows: {
    type: 'gauge',
    help: 'Source rows of the latest run by what became of them.',
    labels: ['migration', 'outcome'],
  },
  carryover_quarantine_rows: {
    type: 'gauge',
    help: 'Rows in open quarantine by their primary reason.',
    labels: ['migration', 'reason'],
  },
  carryover_last_proven_age_seconds: {
    type: 'gauge',
    help: 'Seconds since the last run or verification that ended proven, with or without exceptions.',
    labels: ['migration'],
  },
  carryover_starts_total: {
    type: 'counter',
    help: 'Starts of a migration by how they ended.',
    labels: ['migration', 'outcome'],
  },
} as const satisfies Readonly<Record<string, Family>>;

type FamilyName = keyof typeof FAMILIES;
type Sample = readonly [labels: readonly string[], value: number];

/** Not exclusive: a parked or a paused run is open as well. */
const RUN_STATES = ['open', 'parked', 'paused', 'not_proven'] as const;

const ROW_OUTCOMES = ['inserted', 'updated', 'unchanged', 'quarantined', 'excluded', 'pending'] as const;

export interface MetricsFacts {
  readonly version: string;
  readonly node: string;
  readonly sourceUp: boolean;
  /** Undefined where the ledger could not be read. */
  readonly ledger: LedgerMetrics | undefined;
  /** Migrations that this worker knows: they are shown with zeros before their first run. */
  readonly migrations: readonly string[];
}

export function renderMetrics(facts: MetricsFacts): string {
  return [
    family('carryover_build_info', [[[facts.version, facts.node], 1]]),
    family('carryover_source_up', [[[], Number(facts.sourceUp)]]),
    family('carryover_ledger_up', [[[], Number(facts.ledger !== undefined)]]),
    ...(facts.ledger === undefined ? [] : renderLedger(facts.ledger, facts.migrations)),
  ].join('');
}

function renderLedger(ledger: LedgerMetrics, known: readonly string[]): string[] {
  const { runs, batches, rows, quarantine, starts } = ledger;
  const told = [...runs, ...batches, ...rows, ...quarantine, ...starts].map(({ migration }) => migration);
  const migrations = [...new Set([...known, ...told])].sort();
  /** Every state of a migration, those that do not occur with 0: an alert must not wait for a series to appear. */
  const states = <T extends { migration: string }, S extends string>(
    lines: readonly T[],
    all: readonly S[],
    value: (line: T, state: S) => number,
  ): Sample[] =>
    migrations.flatMap((migration) => {
      const own = lines.filter((line) => line.migration === migration);
      return all.map((state): Sample => [[migration, state], own.reduce((sum, line) => sum + value(line, state), 0)]);
    });
  const isParked = (migration: string): boolean =>
    batches.some((row) => row.migration === migration && row.state === 'parked' && row.batches > 0);
  const open = (migration: string): boolean => runs.some((run) => run.migration === migration && run.open > 0);

  return [
    family(
      'carryover_runs',
      states(
        runs.map((run) => ({ ...run, parked: Number(isParked(run.migration)), not_proven: run.notProven })),
        RUN_STATES,
        (run, state) => run[state],
      ),
    ),
    family(
      'carryover_batches',
      states(batches, BATCH_STATES, (row, state) => (row.state === state ? row.batches : 0)).filter(([[migration]]) =>
        open(migration!),
      ),
    ),
    family(
      'carryover_rows',
      states(rows, ROW_OUTCOMES, (row, outcome) => row[outcome]),
    ),
    family(
      'carryover_quarantine_rows',
      quarantine.map((row) => [[row.migration, row.reason], row.rows]),
    ),
    family(
      'carryover_last_proven_age_seconds',
      runs.flatMap(({ migration, provenAge }): Sample[] => (provenAge === null ? [] : [[[migration], provenAge]])),
    ),
    family(
      'carryover_starts_total',
      states(starts, START_OUTCOMES, (row, outcome) => (row.outcome === outcome ? row.starts : 0)),
    ),
  ];
}

function family(name: FamilyName, samples: readonly Sample[]): string {
  const { type, help, labels }: Family = FAMILIES[name];
  const lines = samples.map(([values, value]) => {
    const pairs = labels.map((label, index) => `${label}="${escape(values[index]!)}"`).join(',');
    return `${name}${pairs === '' ? '' : `{${pairs}}`} ${value}`;
  });
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines].map((line) => `${line}\n`).join('');
}

const escape = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
