/** What crosses the wire of a re-sync, beside what every run has. */
import type { MigrateInput } from './run-inputs';

/** The one JSON object that starts `resync`; `batchRows` are keys, of which 5,000 at most are taken at once. */
export interface ResyncInput extends Omit<MigrateInput, 'onChange'> {
  /** Share of the loaded rows, 0 to 1, that may be gone from the source before the run pauses; 0.01 unless given. */
  readonly maxDeletes?: number;
}

/** A run, and the comparison that it begins with. */
export interface ComparisonRef {
  readonly run: string;
  readonly migration: string;
  readonly epoch: number;
  readonly verification: string;
}

/** What a comparison left to do. */
export interface TakenResult {
  /** Why nothing was taken yet: too many rows are gone; null where the batches are cut. */
  readonly brake: string | null;
  /** Keys that are taken, those that are gone among them where something is done about them. */
  readonly keys: number;
  /** Of these, the ones that are in quarantine. */
  readonly held: number;
  /** Rows that are gone from the source (with a brake: those of them that it counts), and rows that count as loaded in all. */
  readonly gone: number;
  readonly loaded: number;
}

/** Checks that name rows: what they find is taken too, so they belong to the comparison. */
export const COMPARING_CHECKS: readonly string[] = ['references', 'quarantine', 'ids', 'ledger'];

/** The same, of comparisons that began before the ledger named any. */
export const FORMER_COMPARING_CHECKS = COMPARING_CHECKS.filter((name) => name !== 'ledger');
