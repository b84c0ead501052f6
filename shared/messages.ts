/**
 * What crosses the wire between client, workflows and activities: JSON only, never a row, a key or a secret.
 * Workflows carry batch numbers; bounds stay in the ledger. Run ids are strings, so that JSON keeps them exact.
 */
import type { Verdict } from './verdict';

/** The one JSON object that starts `migrate`. */
export interface MigrateInput {
  /** Name of a mapping in the catalogue, e.g. `case-states`. */
  readonly migration: string;
  /** Rows a batch is cut at; 50,000 unless given. */
  readonly batchRows?: number;
  /** Batches in flight at once; 2 unless given. */
  readonly concurrency?: number;
}

/** What a run is to do, as the ledger has recorded it. */
export interface RunPlan {
  readonly run: string;
  readonly migration: string;
  /** Ownership epoch that every activity carries. */
  readonly epoch: number;
  readonly batchRows: number;
  readonly concurrency: number;
  /** Source rows within the run's bounds, as counted at its start; progress is measured against it. */
  readonly estimatedRows: number;
  /** True where the plan goes on with a run that was open already. */
  readonly resumed: boolean;
}

/** Names a batch of a run to an activity. */
export interface BatchRef {
  readonly run: string;
  readonly migration: string;
  readonly epoch: number;
  readonly batch: number;
}

/** Names a batch whose rows are staged: `stage` is the token of the extract attempt that wrote them. */
export interface StagedBatchRef extends BatchRef {
  readonly stage: string;
}

/** `end` where nothing is left to cut below the run's upper bound. */
export interface CutResult {
  readonly end: boolean;
  /** Rows the source counted when the batch was cut. */
  readonly rows: number;
}

export interface ExtractResult {
  readonly stage: string;
  readonly source: number;
  readonly staged: number;
  readonly excluded: number;
  /** True where the batch's load had been committed before: only its validation is left to do. */
  readonly loaded: boolean;
}

/** Rows by outcome of the lookup of one role (cases or actors). */
export interface LookupResult {
  readonly resolved: number;
  readonly missing: number;
}

export interface TransformResult {
  readonly fit: number;
  readonly unfit: number;
}

export interface LoadResult {
  readonly source: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly quarantined: number;
  readonly excluded: number;
}

export interface ValidateResult {
  readonly compared: number;
  readonly differences: number;
}

/** A batch that the ledger does not hold as validated. */
export interface UnfinishedBatch {
  readonly batch: number;
  readonly state: 'planned' | 'running' | 'loaded' | 'parked';
  readonly rows: number;
  /** Why it was parked; null otherwise. */
  readonly cause: string | null;
}

/** What the ledger says is left to do: asked at the start, at continue-as-new and at the end of a run. */
export interface Remaining {
  /** At most as many as asked for, lowest numbers first. */
  readonly batches: readonly UnfinishedBatch[];
  /** Number that the next batch to be cut gets. */
  readonly nextBatch: number;
  /** True once the last batch reaches the run's upper bound. */
  readonly cutToEnd: boolean;
  /** Totals of the batches that are loaded or validated. */
  readonly done: LoadResult;
}

export interface Headline {
  readonly verdict: Verdict;
  readonly source: number;
  readonly loaded: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly quarantined: number;
  readonly excluded: number;
  readonly pending: number;
  /** Findings that make the verdict *not proven*. */
  readonly findings: number;
}

/** The result of a `migrate` workflow. */
export interface MigrateResult extends Headline {
  readonly run: string;
  readonly migration: string;
}

/** Answer of the query `progress`. */
export interface Progress {
  readonly run: string | null;
  readonly migration: string | null;
  readonly state: 'planning' | 'running' | 'waiting' | 'verifying' | 'finished';
  readonly estimatedRows: number;
  readonly doneRows: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly quarantined: number;
  readonly batchesDone: number;
  readonly batchesInFlight: number;
  readonly parked: readonly { readonly batch: number; readonly cause: string }[];
}
