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
import type { Phase } from './run-progress';
import { RunWindow } from './run-window';
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
  /** Until when it may begin anything. */
  hours = new RunWindow(undefined);
  /** Batches that are to run again, in the order in which they were asked for. */
  readonly retries: number[];
  cancelling = false;
  /** True between the acceptance of a `resume` and its end: a second one is refused. */
  resuming = false;
  /** True where this history goes on with an earlier one: a decision sent meanwhile waits until the ledger has answered. */
  readonly isContinued: boolean;
  /** True where the run has paused by itself in this history, so that `resume` need not know what is parked. */
  holdsItself = false;
  /** True while a person's pause holds: it outlives a restore of the target. */
  pausedByPerson = false;
  /** How often this history came to the run's end: after a restore of the target it does so again. */
  rounds = 0;
  private isBehind = false;
  /** Set where a decision found the ledger behind: a run that waits would not find it by itself. */
  private foundBehind: { readonly error: unknown } | undefined;
  private turn: Promise<void> = Promise.resolve();
  private told: { state: RunState; parked: number } | undefined;

  constructor(continued: Continued | undefined) {
    this.isContinued = continued !== undefined;
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
    // Verbs change the plan as well, and never its hours; a run that is closed has none any more.
    if (!this.progress.closed && !this.hours.isUntil(plan.deadline)) this.hours = new RunWindow(plan.deadline);
  }

  /** Lets everything end, because the ledger does not know what was done: the run is to be planned anew. */
  async wind(): Promise<void> {
    this.isBehind = true;
    this.progress.ready = false;
    this.progress.phase = 'planning';
    await this.window.settle();
    await this.inTurn(() => Promise.resolve());
  }

  /** Begins anew with another plan: nothing that was known of the run counts any more, but a person's pause. */
  restart(plan: RunPlan): void {
    this.isBehind = false;
    this.foundBehind = undefined;
    this.retries.length = 0;
    if (!this.pausedByPerson) this.progress.pauseCause = null;
    this.window.forget();
    this.plan = plan;
  }

  /** Has the run planned anew, whatever it waits for: what it knows is not what the ledger holds. */
  noteBehind(error: unknown): void {
    this.foundBehind ??= { error };
  }

  /**
   * Waits for a condition.
   *
   * @throws the failure of a decision that found the ledger behind; WindowOver where the hours of the run end before
   */
  async until(isSo: () => boolean): Promise<void> {
    await condition(() => isSo() || this.foundBehind !== undefined || this.hours.isOver);
    if (this.foundBehind !== undefined) throw this.foundBehind.error;
    if (!isSo()) this.hours.require();
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

  enter(phase: Phase): void {
    this.progress.phase = phase;
    this.tell();
  }

  /** A step has answered: no server is away any more. */
  answered(): void {
    if (this.progress.outage === null) return;
    this.progress.outage = null;
    this.show();
  }

  /** Work on the run's line, one after the other: ledger and workflow must see pause and resume in the same order. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.turn.then(work);
    this.turn = mine.then(
      () => undefined,
      () => undefined,
    );
    return mine;
  }

  /** Pauses the run by itself, in the ledger as well, so that whoever looks there sees why. */
  async hold(cause: string): Promise<void> {
    await this.inTurn(async () => {
      const { run, migration, epoch } = this.plan;
      this.progress.pauseCause = cause;
      this.holdsItself = true;
      this.pausedByPerson = false;
      this.tell();
      try {
        await ledger.hold.executeWithOptions({ summary: `${migration}: pause` }, [{ run, epoch, cause }]);
      } catch (error) {
        // What ails the run may ail this as well. The pause holds nevertheless: the workflow shows it.
        if (isLost(error)) throw error;
      }
    });
  }

  /** Waits until a batch may begin, or until none may. @throws what a batch threw */
  async roomOrPause(): Promise<void> {
    await this.until(() => this.isPaused || this.window.hasRoom);
    this.window.rethrow();
  }

  /** Waits until the run is resumed; or, with nothing in flight, until the history is to be continued. */
  async waitWhilePaused(): Promise<void> {
    this.tell();
    await this.until(() => !this.isPaused || this.window.isIdle);
    this.window.rethrow();
    this.tell();
    await this.until(() => !this.isPaused || workflowInfo().continueAsNewSuggested);
    this.tell();
  }

  /**
   * Does what the run cannot do without; where it fails for good, pauses with the cause, and again once resumed.
   *
   * @param batch number of the batch that waits meanwhile, where it is one's work
   */
  async insist<T>(work: () => Promise<T>, batch?: number): Promise<T> {
    const { stuck } = this.progress;
    for (;;) {
      try {
        const result = await work();
        this.answered();
        return result;
      } catch (error) {
        if (isLost(error)) throw error;
        if (batch !== undefined) stuck.add(batch);
        try {
          await this.hold(causeOf(error));
          await this.until(() => !this.isPaused || this.isBehind);
        } finally {
          if (batch !== undefined) stuck.delete(batch);
        }
        if (this.isBehind) throw error;
        this.tell();
      }
    }
  }
}

/** The search attribute of each state; a finished run shows its verdict. */
const STATES: Readonly<Record<Progress['state'], RunState | undefined>> = {
  planning: 'running',
  comparing: 'running',
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
  return ownFailure(cause.message, cause.type ?? fallback);
}

/** A failure in words alone: its stack would name files of this project, under the words that matter. */
export function ownFailure(message: string, type: string): ApplicationFailure {
  const own = ApplicationFailure.nonRetryable(message, type);
  own.stack = '';
  return own;
}
