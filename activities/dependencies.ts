/**
 * What the activities receive. They hold no SQL, no settings and no connections of their own: the worker's composition
 * root fills these ports from `database/`.
 */
import type { Mapping } from '../mappings/mapping';
import type { AcceptInput } from '../shared/accept-input';
import type { ForecastCounts, ForecastPlan, ForecastRef, FullForecastInput } from '../shared/forecast';
import type {
  AbandonInput,
  BatchRef,
  CutResult,
  Decision,
  ExtractResult,
  FullRunInput,
  Headline,
  Hold,
  LoadResult,
  LookupResult,
  Planned,
  Remaining,
  RunMode,
  StagedBatchRef,
  TransformResult,
  ValidateResult,
} from '../shared/messages';
import type { PurgeInput, RowChoice } from '../shared/quarantine-input';
import type { ComparisonRef, TakenResult } from '../shared/resync';
import type { CheckResult } from '../shared/verdict';
import type {
  CheckRef,
  ClosingRef,
  ClosingRequest,
  FullVerifyInput,
  RangeRef,
  Unverified,
  VerifiedRange,
  VerifyPlan,
  VerifyResult,
} from '../shared/verification';

/** Finds mappings by name; `get` throws an error that lists the known ones. */
export interface Mappings {
  get(name: string): Mapping;
  names(): readonly string[];
}

/** A workflow chain that wants to own a run. */
export interface Starter {
  readonly namespace: string;
  readonly workflow: string;
  readonly firstRun: string;
  readonly currentRun: string;
  /** The schedule that started it; null where none did. */
  readonly schedule: string | null;
}

/** A run of a workflow, such as delivers a decision; Temporal knows who sent that. */
export interface Courier {
  readonly workflow: string;
  readonly workflowRun: string;
}

export interface Runs {
  /** Every problem of both servers with this mapping, as sentences; empty where a run can start. */
  preflight(mapping: Mapping): Promise<readonly string[]>;
  /** Opens a run or goes on with the open one; a scheduled start that meets a living owner is missed, and a replay may have nothing to do. */
  open(
    mapping: Mapping,
    mode: RunMode,
    input: FullRunInput,
    given: readonly string[],
    starter: Starter,
  ): Promise<Planned>;
  /** Writes down a start that came to nothing; one that is written down already stays as it is. */
  vain(migration: string, outcome: 'missed' | 'refused', cause: string, starter: Starter): Promise<void>;
  remaining(run: string, epoch: number, limit: number): Promise<Remaining>;
  cut(mapping: Mapping, ref: BatchRef): Promise<CutResult>;
  park(ref: BatchRef, cause: string): Promise<void>;
  /** Records a person's decision and does what of it is the ledger's, in one transaction; twice is once. */
  decide(decision: Decision, courier: Courier): Promise<void>;
  /** Pauses the run in the ledger. */
  hold(hold: Hold): Promise<void>;
  /** Sweeps the stage of a run that was cancelled. */
  release(run: string, epoch: number): Promise<void>;
  /** Closes an open run whose owner is gone; returns what was done, in words. */
  abandon(input: AbandonInput, starter: Starter): Promise<string>;
  /** Closes the verification that the run ends with, and stores what it found as the run's checks. */
  check(closing: ClosingRef): Promise<void>;
  /** Builds the report and keeps it with the run, before the run is closed; one that is closed keeps what it has. */
  draft(mapping: Mapping, run: string, epoch: number): Promise<unknown>;
  finish(run: string, epoch: number): Promise<Headline>;
  /** Dates the report of a run that is closed, and writes its files; returns the Markdown file's path, or why there is none. */
  report(mapping: Mapping, run: string, epoch: number): Promise<string>;
}

/** The six steps of a batch; each runs under the fence of its attempt. */
export interface Steps {
  extract(mapping: Mapping, ref: BatchRef, signal: AbortSignal): Promise<ExtractResult>;
  mapCases(mapping: Mapping, ref: StagedBatchRef, signal: AbortSignal): Promise<LookupResult>;
  mapActors(mapping: Mapping, ref: StagedBatchRef, signal: AbortSignal): Promise<LookupResult>;
  transform(mapping: Mapping, ref: StagedBatchRef, signal: AbortSignal): Promise<TransformResult>;
  load(mapping: Mapping, ref: StagedBatchRef, signal: AbortSignal): Promise<LoadResult>;
  validate(mapping: Mapping, ref: BatchRef, signal: AbortSignal): Promise<ValidateResult>;
  /** The one step of a batch of an undo. */
  undo(mapping: Mapping, ref: BatchRef, signal: AbortSignal): Promise<LoadResult>;
}

/** Source and target compared anew; the ledger knows what was looked at. */
export interface Verifications {
  /** Plans a verification of the migration's latest run; a run of a workflow that asks twice gets the same. */
  plan(mapping: Mapping, input: FullVerifyInput, starter: Courier): Promise<VerifyPlan>;
  /** Plans the verification that a run ends with; whoever asks twice in one round gets the same. */
  planClosing(mapping: Mapping, request: ClosingRequest, starter: Courier): Promise<VerifyPlan>;
  /** Plans what a re-sync compares before it moves anything; an owner of the run that asks twice gets the same. */
  planComparison(mapping: Mapping, request: Omit<ClosingRequest, 'round'>, workflow: string): Promise<VerifyPlan>;
  /** Cuts the batches of what a comparison found, or says why a person must decide first. */
  take(mapping: Mapping, ref: ComparisonRef): Promise<TakenResult>;
  unverified(verification: string): Promise<Unverified>;
  range(mapping: Mapping, ref: RangeRef, signal: AbortSignal): Promise<VerifiedRange>;
  check(mapping: Mapping, ref: CheckRef, signal: AbortSignal): Promise<CheckResult>;
  finish(verification: string): Promise<VerifyResult>;
  /** Accepts findings, which are exceptions from then on; returns what was done, in words. */
  accept(input: AcceptInput, courier: Courier): Promise<string>;
}

/** What a run would do, counted, and undone; the ledger is read and never written. */
export interface Forecasts {
  /** Cuts the batches; a run of a workflow that asks twice gets the same. */
  plan(mapping: Mapping, input: FullForecastInput, starter: Courier, signal: AbortSignal): Promise<ForecastPlan>;
  batches(mapping: Mapping, ref: ForecastRef, signal: AbortSignal): Promise<ForecastCounts>;
  /** Drops what the forecast has of its own. */
  end(forecast: string): Promise<void>;
}

/** Decisions about rows in quarantine; each returns what was done, in words, and takes effect once. */
export interface Quarantine {
  /** Leaves rows out, or takes that back: the migration's balance follows at once. */
  decide(decision: 'dismiss' | 'restore', choice: RowChoice, courier: Courier): Promise<string>;
  /** Removes values of rows that are decided. */
  purge(input: PurgeInput, courier: Courier): Promise<string>;
}

export interface Dependencies {
  readonly mappings: Mappings;
  readonly runs: Runs;
  readonly steps: Steps;
  readonly verifications: Verifications;
  readonly forecasts: Forecasts;
  readonly quarantine: Quarantine;
}
