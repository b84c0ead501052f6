/** The report as a model: every figure is computed from the facts, none is asserted. */
import { decideVerdict, type Balance, type CheckResult, type Verdict } from '../shared/verdict';
import type { EstateFacts, ReferenceFacts, ReportFacts } from './facts';
import { buildHeadline } from './headline';
import { percent } from './percent';

/** How a role's references were resolved; see `docs/report.md` for what each counts. */
export interface Coverage {
  readonly available: number;
  readonly resolved: number;
  readonly missing: number;
}

export interface ReferenceReport extends ReferenceFacts {
  readonly missing: number;
}

export interface EstateLine {
  readonly tables: number;
  readonly records: number;
  /** Loaded of read rows in percent; null where nothing was read. */
  readonly rate: number | null;
}

/** The report in JSON: `report.schema.json` describes each key and fixes the order. */
export interface Report {
  readonly migration: string;
  readonly run: string;
  readonly verdict: Verdict;
  readonly balance: Balance;
  readonly actors: { readonly mapped: number; readonly missing: number };
  readonly coverage: { readonly case: Coverage; readonly actor: Coverage };
  readonly states: readonly { readonly state: string; readonly rows: number; readonly share: number }[];
  readonly years: readonly { readonly year: number; readonly rows: number; readonly growth: number | null }[];
  readonly transitions: readonly { readonly from: string; readonly to: string; readonly rows: number }[];
  readonly quarantine: readonly { readonly reason: string; readonly status: string | null; readonly rows: number }[];
  readonly checks: readonly CheckResult[];
  readonly verification: ReportFacts['verification'];
  /** Absent from reports that were kept before there were such runs. */
  readonly again?: ReportFacts['again'];
  readonly estate: { readonly before: EstateLine; readonly run: EstateLine; readonly after: EstateLine };
  readonly headline: string;
  readonly domain: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly seconds: number;
  readonly source: ReportFacts['source'];
  readonly target: ReportFacts['target'];
  readonly written: ReportFacts['written'];
  readonly complete: boolean;
  readonly batches: number;
  readonly parked: ReportFacts['parked'];
  readonly skipped: ReportFacts['skipped'];
  /** Absent from reports that were kept before rows could be dismissed. */
  readonly dismissed?: ReportFacts['dismissed'];
  readonly references: readonly ReferenceReport[];
  readonly statusColumn: string | null;
}

/** Code units, so that the order is the same on every machine; absent ones last. */
const byText = (a: string | null, b: string | null): number => {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -1 : 1;
};

const sum = (...parts: EstateFacts[]): EstateFacts => ({
  tables: parts.reduce((total, part) => total + part.tables, 0),
  source: parts.reduce((total, part) => total + part.source, 0),
  records: parts.reduce((total, part) => total + part.records, 0),
});

const line = ({ tables, source, records }: EstateFacts): EstateLine => ({
  tables,
  records,
  rate: percent(records, source),
});

/** A migration enters the estate once: a run replaces what its migration's earlier run had put there. */
function estateOf({ estate, balance }: ReportFacts): Report['estate'] {
  const { baseline, others, previous } = estate;
  const own = previous === null ? { tables: 0, source: 0, records: 0 } : { tables: 1, ...previous };
  const now = { tables: 1, source: balance.source, records: balance.loaded };
  const before = sum(baseline, others, own);
  const after = sum(baseline, others, now);
  return {
    before: line(before),
    run: {
      tables: after.tables - before.tables,
      records: after.records - before.records,
      rate: percent(balance.loaded, balance.source),
    },
    after: line(after),
  };
}

const withMissing = (facts: ReferenceFacts): ReferenceReport => ({
  ...facts,
  missing: facts.absent + facts.unmapped + facts.ambiguous,
});

function growth(years: ReportFacts['years']): Report['years'] {
  const ascending = [...years].sort((a, b) => a.year - b.year);
  return ascending.map(({ year, rows }, index) => {
    const before = ascending[index - 1];
    return { year, rows, growth: before === undefined ? null : percent(rows - before.rows, before.rows) };
  });
}

function shares(states: ReportFacts['states']): Report['states'] {
  const all = states.reduce((total, { rows }) => total + rows, 0);
  return [...states]
    .sort((a, b) => b.rows - a.rows || byText(a.state, b.state))
    .map(({ state, rows }) => ({ state, rows, share: percent(rows, all) ?? 0 }));
}

const secondsBetween = (from: string, to: string): number => Math.round((Date.parse(to) - Date.parse(from)) / 100) / 10;

/** A report that was built shortly before its run was closed, with the time of its end. */
export const endedAt = (report: Report, finishedAt: string): Report => ({
  ...report,
  finishedAt,
  seconds: secondsBetween(report.startedAt, finishedAt),
});

/** Computes the report of a run from what the databases answered. */
export function buildReport(facts: ReportFacts): Report {
  const { balance, checks, complete, written } = facts;
  const verdict = decideVerdict(balance, checks, complete, facts.verification?.accepted ?? 0);
  const references = facts.references.map(withMissing);
  const coverage = (role: 'case' | 'actor'): Coverage => {
    const first = references.find((reference) => reference.role === role);
    return { available: first?.available ?? 0, resolved: first?.resolved ?? 0, missing: first?.missing ?? 0 };
  };
  const actor = coverage('actor');
  return {
    migration: facts.migration,
    run: facts.run,
    verdict,
    balance: {
      source: balance.source,
      loaded: balance.loaded,
      quarantined: balance.quarantined,
      excluded: balance.excluded,
      pending: balance.pending,
    },
    actors: { mapped: actor.resolved, missing: actor.missing },
    coverage: { case: coverage('case'), actor },
    states: shares(facts.states),
    years: growth(facts.years),
    transitions: [...facts.transitions].sort((a, b) => b.rows - a.rows || byText(a.from, b.from) || byText(a.to, b.to)),
    quarantine: [...facts.quarantine].sort((a, b) => byText(a.reason, b.reason) || byText(a.status, b.status)),
    checks,
    verification: facts.verification,
    estate: estateOf(facts),
    headline: buildHeadline({ balance, written, again: facts.again }),
    again: facts.again,
    domain: facts.domain,
    startedAt: facts.startedAt,
    finishedAt: facts.finishedAt,
    seconds: secondsBetween(facts.startedAt, facts.finishedAt),
    source: facts.source,
    target: facts.target,
    written,
    complete,
    batches: facts.batches,
    parked: facts.parked,
    skipped: facts.skipped,
    dismissed: facts.dismissed,
    references,
    statusColumn: facts.statusColumn,
  };
}
