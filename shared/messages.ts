/**
 * What crosses the wire between client, workflows and activities: JSON only, never a row, a key or a secret.
 * Workflows carry batch numbers; bounds stay in the ledger. Run ids are strings, so that JSON keeps them exact.
 */
import type { BatchState } from './batch-states';
import type { Verb } from './names';
import type { Deadline } from './run-window';
import type { Verdict } from './verdict';

export type {
  MigrateInput,
  FullMigrateInput,
  RepairInput,
  ReplayInput,
  RunMode,
  FullRunInput,
  AbandonInput,
} from './run-inputs';

/** What a run is to do, as the ledger has recorded it. */
export interface RunPlan {
  readonly run: string;
  readonly migration: string;
  /** Ownership epoch that every activity carries. */
  readonly epoch: number;
  readonly batchRows: number;
  readonly concurrency: number;
  /** Most batches in flight that the mapping allows: 1 where its rows point to one another. */
  readonly concurrencyLimit: number;
  readonly maxParked: number;
  readonly maxQuarantine: number;
  /** Source rows within the run's bounds, as counted at its start; progress is measured against it. */
  readonly estimatedRows: number;
  /** True where the plan goes on with a run that was open already. */
  readonly resumed: boolean;
  /** Fields of the input that differ from what the run began with, in words: those of the run count. */
  readonly differing: readonly string[];
  /** Rows in quarantine that the run takes: where they stay there, that is no sign of anything new. */
  readonly held?: number;
  /** Of an undo: the run that it takes back, step by step of its own. */
  readonly undoes?: string;
  /** True where source and target are to be compared before anything is moved, and have not been. */
  readonly compares?: boolean;
  /** When this start's hours end; the run begins nothing after that. */
  readonly deadline?: Deadline;
}

/** What planning gives where a replay finds no row to take: no run is opened. */
export interface NothingToDo {
  /** Why, in words. */
  readonly nothingToDo: string;
  /** The latest word on the migration: that of a run, or of a later verification. */
  readonly verdict: Verdict;
}

/** What planning gives: a run, or the word that a start met a living owner by a schedule, came after its hours, or had nothing to do. */
export type Planned = RunPlan | { readonly missed: string } | NothingToDo;

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
  /** Rows of the target that were taken out, or marked as gone; none unless given. */
  readonly takenAway?: number;
}

export interface ValidateResult {
  readonly compared: number;
  readonly differences: number;
}

/** A batch that the ledger does not hold as validated. */
export interface UnfinishedBatch {
  readonly batch: number;
  readonly state: Exclude<BatchState, 'validated' | 'skipped'>;
  readonly rows: number;
  /** Why it was parked; null otherwise. */
  readonly cause: string | null;
  /** True where a load of it has been committed in this run, whatever its state is now. */
  readonly loaded: boolean;
}

/** What the ledger says is left to do (skipped batches are not): asked at the start, at continue-as-new and at the end of a run. */
export interface Remaining {
  /** At most as many as asked for, lowest numbers first. */
  readonly batches: readonly UnfinishedBatch[];
  /** Number that the next batch to be cut gets. */
  readonly nextBatch: number;
  /** True once the last batch reaches the run's upper bound. */
  readonly cutToEnd: boolean;
  /** Totals of the batches that are loaded, validated or skipped. */
  readonly done: LoadResult;
  /** Numbers of the batches that an operator has skipped. */
  readonly skipped: readonly number[];
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

/** The result of a `migrate` workflow that had a run. */
export interface MigrateResult extends Headline {
  readonly run: string;
  readonly migration: string;
}

/** The result of a scheduled start that met a living owner: a failure would pause the schedule. */
export interface MissedResult {
  readonly outcome: 'missed';
  readonly cause: string;
}

/** The result of a workflow whose hours ended before its run did: the run is open, and the next start goes on with it. */
export interface PausedResult {
  readonly outcome: 'paused';
  readonly run: string;
  readonly migration: string;
  readonly cause: string;
}

/** The result of a replay with no row to take: nothing was opened, looked at or proved. */
export interface NothingToDoResult {
  readonly outcome: 'nothing_to_do';
  readonly cause: string;
  /** The latest word on the migration, which others said. */
  readonly verdict: Verdict;
}

/** How a workflow ends that opens a run, where it does not fail. */
export type RunResult = MigrateResult | MissedResult | PausedResult | NothingToDoResult;

/** One JSON object per verb; `by` is recorded as claimed. */
export interface RetryBatchRequest {
  readonly batch: number | readonly number[] | 'all';
  readonly reason?: string;
  readonly by?: string;
}
export interface SkipBatchRequest {
  readonly batch: number | readonly number[];
  readonly reason: string;
  readonly by?: string;
}
export interface PauseRequest {
  readonly reason?: string;
  readonly by?: string;
}
export interface ResumeRequest {
  /** Raises the brake that paused the run. */
  readonly maxParked?: number;
  readonly maxQuarantine?: number;
  readonly maxDeletes?: number;
  readonly reason?: string;
  readonly by?: string;
}
export interface SetConcurrencyRequest {
  readonly concurrency: number;
  readonly reason?: string;
  readonly by?: string;
}
export interface CancelRequest {
  readonly reason?: string;
  readonly by?: string;
}

/** A decision of a person, as the ledger takes and records it. */
export interface Decision {
  readonly run: string;
  readonly migration: string;
  readonly epoch: number;
  readonly verb: Verb;
  /** Id of the update: a decision that is delivered twice takes effect once. */
  readonly update: string;
  readonly batches?: readonly number[];
  readonly concurrency?: number;
  readonly maxParked?: number;
  readonly maxQuarantine?: number;
  readonly maxDeletes?: number;
  readonly reason?: string;
  readonly by?: string;
}

/** Pauses a run by itself: a brake, or a step of the run that failed for good. */
export interface Hold {
  readonly run: string;
  readonly epoch: number;
  /** Null where the run goes on. */
  readonly cause: string | null;
}

/** What an activity that waits for a server tells its workflow. */
export interface Outage {
  /** In words, without address or login: what is away, and what waits for it. */
  readonly cause: string;
}

/** Answer of the query `status`. */
export interface Progress {
  readonly run: string | null;
  readonly migration: string | null;
  readonly state:
    'planning' | 'comparing' | 'running' | 'waiting' | 'pausing' | 'paused' | 'verifying' | 'cancelling' | 'finished';
  readonly estimatedRows: number;
  readonly doneRows: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly quarantined: number;
  readonly batchesDone: number;
  readonly batchesInFlight: number;
  readonly parked: readonly { readonly batch: number; readonly cause: string }[];
  readonly batchesParked: number;
  readonly skipped: readonly number[];
  readonly excluded: number;
  /** Rows of the target that were taken out, or marked as gone: they are among the ones that are done. */
  readonly takenAway?: number;
  readonly concurrency: number;
  /** True where the workflow goes on with a run that was open already. */
  readonly resumed: boolean;
  /** Fields of the input that do not count, in words. */
  readonly differing: readonly string[];
  /** Why the run is paused; null where it is not. */
  readonly pauseCause: string | null;
  /** The server that the run waits for; null where none is away. */
  readonly outage: string | null;
  /** Ranges and checks that were looked at, while both sides are compared; null at other times. */
  readonly looks: { readonly done: number; readonly of: number } | null;
}
