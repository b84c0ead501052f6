/**
 * What a report is made of, as the databases answered: counts only, never a row. `database/report/` reads it, in one
 * snapshot of the target.
 */
import type { FindingKind } from '../shared/findings';
import type { Balance, CheckResult } from '../shared/verdict';

export interface ReferenceFacts {
  readonly name: string;
  readonly role: 'case' | 'actor';
  /** Column of the source that holds the legacy reference. */
  readonly source: string;
  /** Table of the target through which it is resolved. */
  readonly lookup: string;
  /** Whether NULL in the source is a legitimate "none". */
  readonly optional: boolean;
  /** What becomes of a row without an answer. */
  readonly policy: 'quarantine' | 'null';
  /** Distinct lookup keys with exactly one distinct answer. */
  readonly available: number;
  /** Rows by outcome: source rows for the role `case`, loaded rows for the role `actor`. */
  readonly resolved: number;
  readonly absent: number;
  readonly unmapped: number;
  readonly ambiguous: number;
}

/** Migrations counted once each: `source` rows read, `records` loaded. */
export interface EstateFacts {
  readonly tables: number;
  readonly source: number;
  readonly records: number;
}

/** A batch that an operator left out: its rows are excluded by decision. */
export interface SkippedFacts {
  readonly batch: number;
  readonly rows: number;
  readonly reason: string;
  /** Identity as Temporal recorded it. */
  readonly who: string;
  /** Name that the person gave, not checked; null where none was. */
  readonly by: string | null;
}

/** Rows that a person left out of quarantine by one decision: they are excluded by it. */
export interface DismissedFacts {
  /** Why they had been in quarantine. */
  readonly reason: string;
  readonly rows: number;
  /** As the person gave it. */
  readonly why: string;
  /** Identity as Temporal recorded it. */
  readonly who: string;
  /** Name that the person gave, not checked; null where none was. */
  readonly by: string | null;
}

/** The verification that the run ended with. */
export interface VerificationFacts {
  readonly number: string;
  /** As of when its answer is: ISO 8601 in UTC. */
  readonly asOf: string;
  /** Source rows that were compared, those that are left out or pending among them. */
  readonly rows: number;
  /** Source columns of each row that were compared. */
  readonly columns: number;
  readonly ranges: number;
  /** Ranges and checks that could not be looked at. */
  readonly notVerified: number;
  /** Rows of which key and hashes crossed the wire. */
  readonly rowsRead: number;
  readonly seconds: number;
  /** Findings that a person has accepted. */
  readonly accepted: number;
  /** Rows by kind; `docs/findings.md` has the kinds. */
  readonly findings: readonly { readonly kind: FindingKind; readonly rows: number }[];
}

/** Of a run that took some rows again; the others are as the full run before it left them. */
export interface AgainFacts {
  readonly mode: 'changed' | 'repair' | 'replay' | 'undo';
  /** Of an undo: the run that was taken back; null of any other. */
  readonly undoes: string | null;
  /** The full run. */
  readonly base: string;
  /** Rows of the source that were taken again. */
  readonly rows: number;
  /** True of a replay of batches that had been skipped; they were not in quarantine. */
  readonly tookSkipped: boolean;
  /** Rows that a person decided not to take after all: they count as they did. */
  readonly skipped: number;
  /** What was found wrong and not touched, since another writer may have had a hand in it. */
  readonly kept: readonly { readonly kind: FindingKind; readonly rows: number }[];
  /** What a re-sync's comparison found, by kind; null of any other run. */
  readonly found: readonly { readonly kind: FindingKind; readonly rows: number }[] | null;
  /** Rows of the target that were deleted, or marked as gone. */
  readonly takenAway: number;
  /** Rows that are on neither side any more, and that the balance counted until then; reports of earlier versions have none. */
  readonly erased?: number;
}

export interface ReportFacts {
  readonly migration: string;
  readonly domain: string;
  readonly run: string;
  /** ISO 8601 in UTC. */
  readonly startedAt: string;
  /** When the run ended; the time of reading while it has not. */
  readonly finishedAt: string;
  readonly source: {
    readonly table: string;
    /** Rows within the run's bounds, as the source counted them at its start. */
    readonly rows: number;
    /** Zone of the source's wall clocks. */
    readonly zone: string;
  };
  readonly target: {
    readonly schema: string;
    readonly table: string;
    /** Rows of the whole table when the run started, and now. */
    readonly rowsBefore: number;
    readonly rowsAfter: number;
  };
  readonly balance: Balance;
  /** True where batches cover the run up to its upper bound and each is validated, or skipped by decision. */
  readonly complete: boolean;
  readonly written: { readonly inserted: number; readonly updated: number; readonly unchanged: number };
  readonly batches: number;
  readonly parked: readonly { readonly batch: number; readonly cause: string }[];
  readonly skipped: readonly SkippedFacts[];
  readonly dismissed: readonly DismissedFacts[];
  readonly references: readonly ReferenceFacts[];
  readonly states: readonly { readonly state: string; readonly rows: number }[];
  readonly years: readonly { readonly year: number; readonly rows: number }[];
  readonly transitions: readonly { readonly from: string; readonly to: string; readonly rows: number }[];
  /** Source column by which `quarantine` is shown; null where the mapping names none. */
  readonly statusColumn: string | null;
  readonly quarantine: readonly { readonly reason: string; readonly status: string | null; readonly rows: number }[];
  readonly checks: readonly CheckResult[];
  /** Null where the run has not come to its end. */
  readonly verification: VerificationFacts | null;
  /** Null where the run took every row. */
  readonly again: AgainFacts | null;
  readonly estate: {
    /** Migrations done before Carryover. */
    readonly baseline: EstateFacts;
    /** The state of every migration's latest finished run before this one; this migration's own aside. */
    readonly others: EstateFacts;
    /** This migration's latest finished run before this one; null where there is none. */
    readonly previous: { readonly source: number; readonly records: number } | null;
  };
}
