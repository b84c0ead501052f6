/** Where a run stands, as far as its workflow knows: counts, parked and skipped batches, what it waits for. Pure. */
import { brakeOf } from '../shared/brakes';
import type { Brakes } from '../shared/brakes';
import type { LoadResult, Progress, Remaining, RunPlan } from '../shared/messages';
import type { Verdict } from '../shared/verdict';

/** Parked batches that an answer names; the ledger has them all. */
export const NAMED = 20;

/** The cause by which a validation parks a batch in the ledger. */
const DIFFERENCE = 'difference';

export class RunProgress {
  state: Progress['state'] = 'planning';
  /** Set at the end. */
  verdict: Verdict | undefined;
  plan: RunPlan | null = null;
  /** True once nothing but parked batches is left: the brakes then look at fewer rows. */
  allDone = false;
  /** Why no batch is begun; null where the run goes on. */
  pauseCause: string | null = null;
  /** The server that a step waits for; null where none is away. */
  outage: string | null = null;
  readonly parked = new Map<number, string>();
  /** Of the parked batches, those whose rows differ: they are loaded, and hold nobody up. */
  readonly differing = new Set<number>();
  readonly skipped = new Set<number>();
  /** Batches of which a load was committed: they cannot be skipped any more. */
  readonly everLoaded = new Set<number>();
  /** Batches about which a person's decision is being recorded: they hold the run up until it is. */
  readonly deciding = new Set<number>();
  readonly inFlight = new Set<number>();
  started = 0;
  startedWith = 0;
  batchesDone = 0;
  done: LoadResult = { source: 0, inserted: 0, updated: 0, unchanged: 0, quarantined: 0, excluded: 0 };

  /** Begins where the ledger says that the run stands. */
  begin(plan: RunPlan, remaining: Remaining, now: number): void {
    this.plan = plan;
    this.state = 'running';
    this.started = now;
    this.done = remaining.done;
    this.startedWith = remaining.done.source;
    this.batchesDone = remaining.nextBatch - 1 - remaining.batches.length - remaining.skipped.length;
    for (const known of [this.parked, this.differing, this.skipped, this.everLoaded]) known.clear();
    for (const batch of remaining.skipped) this.skipped.add(batch);
    for (const { batch, state, cause, loaded } of remaining.batches) {
      if (loaded) this.everLoaded.add(batch);
      if (state === 'parked') this.park(batch, cause ?? 'unknown', cause === DIFFERENCE);
    }
  }

  addLoaded(batch: number, result: LoadResult | null): void {
    this.everLoaded.add(batch);
    if (result === null) return;
    this.done = {
      source: this.done.source + result.source,
      inserted: this.done.inserted + result.inserted,
      updated: this.done.updated + result.updated,
      unchanged: this.done.unchanged + result.unchanged,
      quarantined: this.done.quarantined + result.quarantined,
      excluded: this.done.excluded + result.excluded,
    };
  }

  /** Takes the totals from the ledger again: a batch that is loaded a second time would be counted twice. */
  recount(remaining: Remaining): void {
    this.done = remaining.done;
  }

  /** Parks a batch with its cause; `differs` where its validation did. */
  park(batch: number, cause: string, differs = false): void {
    this.parked.set(batch, cause);
    if (differs) this.differing.add(batch);
  }

  unpark(batch: number): void {
    this.parked.delete(batch);
    this.differing.delete(batch);
    this.skipped.delete(batch);
  }

  skip(batch: number): void {
    this.unpark(batch);
    this.skipped.add(batch);
  }

  /** True where a parked batch is still to be loaded, or decided about: the run waits for an operator. */
  get isHeldUp(): boolean {
    return this.parked.size > this.differing.size || this.deciding.size > 0;
  }

  addValidated(): void {
    this.batchesDone += 1;
  }

  /** Why the run must pause under its brakes, or under others; null where it need not. */
  brake(changed: Partial<Brakes> = {}): string | null {
    if (this.plan === null) return null;
    const { maxParked, maxQuarantine } = this.plan;
    const brakes = {
      maxParked: changed.maxParked ?? maxParked,
      maxQuarantine: changed.maxQuarantine ?? maxQuarantine,
    };
    return brakeOf(brakes, this.parked.size, this.done, this.allDone);
  }

  toProgress(): Progress {
    const { inserted, updated, unchanged, quarantined, excluded } = this.done;
    return {
      run: this.plan?.run ?? null,
      migration: this.plan?.migration ?? null,
      state: this.state,
      estimatedRows: this.plan?.estimatedRows ?? 0,
      doneRows: this.done.source,
      inserted,
      updated,
      unchanged,
      quarantined,
      excluded,
      batchesDone: this.batchesDone,
      batchesInFlight: this.inFlight.size,
      batchesParked: this.parked.size,
      parked: [...this.parked].slice(0, NAMED).map(([batch, cause]) => ({ batch, cause })),
      skipped: [...this.skipped].slice(0, NAMED),
      concurrency: this.plan?.concurrency ?? 0,
      resumed: this.plan?.resumed ?? false,
      differing: this.plan?.differing ?? [],
      pauseCause: this.pauseCause,
      outage: this.outage,
    };
  }
}
