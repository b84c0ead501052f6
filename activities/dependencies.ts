/**
 * What the activities receive. They hold no SQL, no settings and no connections of their own: the worker's composition
 * root fills these ports from `database/`.
 */
import type { Mapping } from '../mappings/mapping';
import type {
  BatchRef,
  CutResult,
  ExtractResult,
  Headline,
  LoadResult,
  LookupResult,
  MigrateInput,
  Remaining,
  RunPlan,
  StagedBatchRef,
  TransformResult,
  ValidateResult,
} from '../shared/messages';
import type { CheckResult } from '../shared/verdict';

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
}

export interface Runs {
  /** Every problem of both servers with this mapping, as sentences; empty where a run can start. */
  preflight(mapping: Mapping): Promise<readonly string[]>;
  open(mapping: Mapping, input: Required<MigrateInput>, starter: Starter): Promise<RunPlan>;
  remaining(run: string, epoch: number, limit: number): Promise<Remaining>;
  cut(mapping: Mapping, ref: BatchRef): Promise<CutResult>;
  park(ref: BatchRef, cause: string): Promise<void>;
  check(mapping: Mapping, run: string, epoch: number): Promise<readonly CheckResult[]>;
  finish(run: string, epoch: number): Promise<Headline>;
  /** Builds the report, keeps it in the ledger and writes its files; returns the Markdown file's path, or why there is none. */
  report(mapping: Mapping, run: string): Promise<string>;
}

/** The six steps of a batch; each runs under the fence of its attempt. */
export interface Steps {
  extract(mapping: Mapping, ref: BatchRef, signal: AbortSignal): Promise<ExtractResult>;
  mapCases(mapping: Mapping, ref: StagedBatchRef, signal: AbortSignal): Promise<LookupResult>;
  mapActors(mapping: Mapping, ref: StagedBatchRef, signal: AbortSignal): Promise<LookupResult>;
  transform(mapping: Mapping, ref: StagedBatchRef, signal: AbortSignal): Promise<TransformResult>;
  load(mapping: Mapping, ref: StagedBatchRef, signal: AbortSignal): Promise<LoadResult>;
  validate(mapping: Mapping, ref: BatchRef, signal: AbortSignal): Promise<ValidateResult>;
}

export interface Dependencies {
  readonly mappings: Mappings;
  readonly runs: Runs;
  readonly steps: Steps;
}
