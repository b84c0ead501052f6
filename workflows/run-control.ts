/** What of a run can be changed while it runs: its progress, its window, what was asked of it, and who is told. */
import {
  ApplicationFailure,
  ActivityFailure,
  condition,
  isCancellation,
  rootCause,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Progress, RunPlan } from '../shared/messages';
import { SEARCH_ATTRIBUTES } from '../shared/names';
import type { RunState } from '../shared/names';
import { failureType, ledger } from './activity-proxies';
import { toMarkdown } from './current-details';
import { RunProgress } from './run-progress';
import { Window } from './window';

const MIGRATION = defineSearchAttributeKey('CarryoverMigration', SEARCH_ATTRIBUTES.CarryoverMigration);
const RUN = defineSearchAttributeKey('CarryoverRun', SEARCH_ATTRIBUTES.CarryoverRun);
const STATE = defineSearchAttributeKey('CarryoverState', SEARCH_ATTRIBUTES.CarryoverState);
const PARKED = defineSearchAttributeKey('CarryoverParked', SEARCH_ATTRIBUTES.CarryoverParked);

/** Characters of a cause: enough for a sentence, small in the history. */
const CAUSE_LENGTH = 400;

/** What a run carries into its next history; everything else is asked of the ledger. */
export interface Continued {
  readonly plan: RunPlan;
  /** Batches that are to run again, and have not begun. */
  readonly retries: readonly number[];
  readonly pauseCause: string | null;
}

export class RunControl {
  readonly progress = new RunProgress();
  readonly window = new Window(1);
  /** Batches that are to run again, in the order in which they were asked for. */
  readonly retries: number[];
  cancelling = false;
  private told: { state: RunState; parked: number } | undefined;

  constructor(continued: Continued | undefined) {
    this.retries = [...(continued?.retries ?? [])];
    this.progress.pauseCause = continued?.pauseCause ?? null;
  }

  get plan(): RunPlan {
    if (this.progress.plan === null) throw new Error('the run has no plan yet');
    return this.progress.plan;
  }

  set plan(plan: RunPlan) {
    this.progress.plan = plan;
    this.window.resize(plan.concurrency);
  }

  /** Begins anew with another plan: nothing that was known of the run counts any more. */
  restart(plan: RunPlan): void {
    this.retries.length = 0;
    this.progress.pauseCause = null;
    this.window.forget();
    this.plan = plan;
  }

  get isPaused(): boolean {
    return this.progress.pauseCause !== null;
  }

  show(): void {
    setCurrentDetails(toMarkdown(this.progress, Date.now()));
  }

  /** Tells the search attributes, which cost an event each time, what changed of them. */
  tell(): void {
    const state = STATES[this.progress.state] ?? this.progress.verdict ?? 'running';
    const parked = this.progress.parked.size;
    if (this.told?.state !== state || this.told.parked !== parked) {
      const { migration, run } = this.plan;
      upsertSearchAttributes([
        { key: MIGRATION, value: migration },
        { key: RUN, value: run },
        { key: STATE, value: state },
        { key: PARKED, value: parked },
      ]);
      this.told = { state, parked };
    }
    this.show();
  }

  enter(state: Progress['state']): void {
    this.progress.state = state;
    this.tell();
  }

  /** A step has answered: no server is away any more. */
  answered(): void {
    if (this.progress.outage === null) return;
    this.progress.outage = null;
    this.show();
  }

  /** Pauses the run by itself, in the ledger as well, so that whoever looks there sees why. */
  async hold(cause: string): Promise<void> {
    const { run, migration, epoch } = this.plan;
    this.progress.pauseCause = cause;
    this.show();
    await ledger.hold.executeWithOptions({ summary: `${migration}: pause` }, [{ run, epoch, cause }]);
  }

  /** Waits, with nothing in flight, until the run is resumed or the history is to be continued. */
  async waitWhilePaused(): Promise<void> {
    this.enter('pausing');
    await this.window.drain();
    this.enter('paused');
    await condition(() => !this.isPaused || workflowInfo().continueAsNewSuggested);
    if (!this.isPaused) this.enter('running');
  }

  /** Does what the run cannot do without; where it fails for good, pauses with the cause, and again once resumed. */
  async insist<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await work();
        this.answered();
        return result;
      } catch (error) {
        if (isLost(error)) throw error;
        await this.hold(causeOf(error));
        this.enter('paused');
        await condition(() => !this.isPaused);
        this.enter('running');
      }
    }
  }
}

/** The search attribute of each state; a finished run shows its verdict. */
const STATES: Readonly<Record<Progress['state'], RunState | undefined>> = {
  planning: 'running',
  running: 'running',
  waiting: 'waiting',
  pausing: 'paused',
  paused: 'paused',
  verifying: 'verifying',
  cancelling: 'cancelled',
  finished: undefined,
};

/** True where nothing more of the run may be touched: it was cancelled, has another owner, or the ledger lost it. */
export function isLost(error: unknown): boolean {
  return isCancellation(error) || ['Superseded', 'LedgerBehind'].includes(failureType(error) ?? '');
}

/** Why an activity failed, in the words that a person reads: its name, then the root cause, cut short. */
export function causeOf(error: unknown): string {
  const step = error instanceof ActivityFailure ? `${error.activityType}: ` : '';
  return `${step}${rootCause(error) ?? 'unknown'}`.slice(0, CAUSE_LENGTH);
}

/** An activity's failure as the workflow's own, so that a person reads the reason and not two others above it. */
export function asOwnFailure(error: unknown, fallback: string): unknown {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure)) return error;
  const own = ApplicationFailure.nonRetryable(cause.message, cause.type ?? fallback);
  own.stack = ''; // it would name files of this project, under the words that matter
  return own;
}
