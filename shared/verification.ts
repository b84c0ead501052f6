/** What crosses the wire of a verification: numbers of ranges and counts, never a key or a value. */
import type { Verdict } from './verdict';

/** The one JSON object that starts `verify`. */
export interface VerifyInput {
  /** Name of a mapping in the catalogue, e.g. `case-states`. */
  readonly migration: string;
  /** Writes to the source are frozen: what has moved since it was loaded is a defect too. False unless given. */
  readonly final?: boolean;
  /** Ranges that are looked at at once, 1 to 8: the load that is put on the source; 2 unless given. */
  readonly concurrency?: number;
  /** Keys from and to, both of them included, such as `100..200`, `100..` or, of a key of two parts, `7,1..7,99`; all unless given. */
  readonly range?: string;
}

/** The keys that are looked at, as numbers in decimal text, one for each part of the key; null where that end is open. */
export interface KeySpan {
  readonly from: readonly string[] | null;
  readonly to: readonly string[] | null;
}

/** An input with every default filled in. */
export interface FullVerifyInput extends Required<Omit<VerifyInput, 'range'>> {
  /** Null where all keys are looked at. */
  readonly range: KeySpan | null;
}

/** A verification as the ledger has recorded it. */
export interface VerifyPlan {
  readonly verification: string;
  readonly migration: string;
  readonly concurrency: number;
  /** Ranges, numbered from 1. */
  readonly ranges: number;
}

/** Asks for the verification that a run ends with. */
export interface ClosingRequest {
  readonly run: string;
  readonly migration: string;
  readonly epoch: number;
  /** Ranges that are looked at at once: as many as the run has batches in flight. */
  readonly concurrency: number;
  /** Counts, within a run of the workflow, how often it came to its end: after a restore of the target it looks anew. */
  readonly round: number;
}

/** A run whose verification has looked at what it could. */
export interface ClosingRef {
  readonly run: string;
  readonly migration: string;
  readonly epoch: number;
  readonly verification: string;
}

/** Names a range of a verification to an activity. */
export interface RangeRef {
  readonly verification: string;
  readonly migration: string;
  readonly range: number;
}

export interface VerifiedRange {
  /** Rows of the source. */
  readonly rows: number;
  /** Of these, the ones of which key and hashes crossed the wire. */
  readonly read: number;
}

/** Names a check of a verification to an activity. */
export interface CheckRef {
  readonly verification: string;
  readonly migration: string;
  readonly check: string;
}

/** What of a verification is left to look at. */
export interface Unverified {
  /** Numbers of ranges. */
  readonly ranges: readonly number[];
  /** Names of checks. */
  readonly checks: readonly string[];
}

/** The result of a `verify` workflow. */
export interface VerifyResult {
  readonly verification: string;
  readonly migration: string;
  readonly verdict: Verdict;
  readonly source: number;
  readonly loaded: number;
  readonly quarantined: number;
  readonly excluded: number;
  readonly pending: number;
  /** Findings that make the verdict *not proven*. */
  readonly defects: number;
  /** Findings that a person has accepted: exceptions. */
  readonly accepted: number;
  /** Rows that have moved, appeared or gone since. */
  readonly moved: number;
  /** Ranges and checks that could not be looked at. */
  readonly notVerified: number;
}

/** Answer of the query `status` of a `verify` workflow. */
export interface VerifyProgress {
  readonly verification: string | null;
  readonly migration: string | null;
  readonly ranges: number;
  /** Ranges and checks that are still to be looked at. */
  readonly looksLeft: number;
}
