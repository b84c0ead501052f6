/** What a test says of a run over fakes. */
import type { Planned, RunPlan, UnfinishedBatch } from '../../shared/messages';
import type { Verdict } from '../../shared/verdict';

export const STEPS = ['extract', 'mapCases', 'mapActors', 'transform', 'load', 'validate'] as const;
export type StepName = (typeof STEPS)[number];

/** May throw, wait, or give a number that the step returns as its rows or differences; `time` counts calls from 1. */
export type Behaviour = (batch: number, time: number) => Promise<number | void> | number | void;

export interface FakeSettings {
  /** Batches that the run's bounds hold. */
  batches: number;
  concurrency?: number;
  verdict?: Verdict;
  /** Batches that an earlier history left behind; all others below the next one count as validated. */
  left?: (Pick<UnfinishedBatch, 'batch' | 'state' | 'cause'> & { readonly loaded?: boolean })[];
  /** What of the plan is to be other than usual. */
  plan?: Partial<RunPlan>;
  /** What planning answers in place of a run. */
  planned?: Exclude<Planned, RunPlan>;
  nextBatch?: number;
  /** Steps answer at once: nothing is to overlap. */
  hasty?: boolean;
}
