/** Where a run stands, as far as its workflow knows: counts, parked and skipped batches, what it waits for. Pure. */
import { brakeOf, deleteBrakeOf } from '../shared/brakes';
import type { Brakes } from '../shared/brakes';
import type { LoadResult, Progress, Remaining, RunPlan } from '../shared/messages';
import type { Verdict } from '../shared/verdict';

/** Parked batches that an answer names; the ledger has them all. */
export const NAMED = 20;

/** The cause by which a validation parks a batch in the ledger. */
const DIFFERENCE = 'difference';

/** What a run does, whether it is paused or not. */
export type Phase = Exclude<Progress['state'], 'pausing' | 'paused'>;

export class RunProgress {
  phase: Phase = 'planning';
  /** True once the ledger has said which batches are parked and skipped: only then can anything be decided about them. */
  ready = false;
  /** True once the ledger holds the run as finished. */
  closed = false;
  /** Set at the end. */
  verdict: Verdict | undefined;
  plan: RunPlan | null = null;
  /** True once nothing but parked batches is left: the brakes then look at fewer rows. */
  allDone = false;
  /** True where the hours of the run ended before it did. */
  hoursOver = false;
  /** Why no batch is begun; null where the run goes on. */
  pauseCause: string | null = null;
  /** Rows that are gone from the source, which a person is to decide about; null where none wait for that. */
  gone: { readonly gone: number; readonly loaded: number } | null = null;
  /** Ranges and checks of the comparison, or of the verification, that were looked at; null before. */
  looks: { readonly done: number; readonly of: number } | null = null;
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
  /** Decisions about batches that were answered: an answer of the ledger from before one of them is no news. */
  decided = 0;
  readonly inFlight = new Set<number>();
  /** Of those in flight, the ones that wait for the run to be resumed. */
  readonly stuck = new Set<number>();
  /** True where a batch was skipped or taken back, or is not what a decision took it for: the ledger is to be asked again. */
  stale = false;
  started = 0;
  startedWith = 0;
  batchesDone = 0;
  done: LoadResult = { source: 0, inserted: 0, updated: 0, unchanged: 0, quarantined: 0, excluded: 0 };
  /** What each batch that was loaded in this history has in the totals: one that is loaded again counts once. */
  private readonly counted = new Map<number, LoadResult>();

  get state(): Progress['state'] {
    const isOver = this.phase === 'cancelling' || this.phase === 'finished';
    if (this.plan === null || isOver) return this.phase;
    // Nothing can be decided yet: as while it plans.
    if (this.pauseCause === null) return this.phase === 'running' && !this.ready ? 'planning' : this.phase;
    return this.inFlight.size > this.stuck.size ? 'pausing' : 'paused';
  }

  /** Begins where the ledger says that the run stands. */
  begin(plan: RunPlan, remaining: Remaining, now: number): void {
    this.plan = plan;
    this.ready = true;
    this.phase = 'running';
    this.allDone = false;
    this.started = now;
    this.recount(remaining);
    this.startedWith = doneOf(remaining.done);
    this.batchesDone = remaining.nextBatch - 1 - remaining.batches.length - remaining.skipped.length;
    for (const known of [this.parked, this.differing, this.skipped, this.everLoaded]) known.clear();
    for (const batch of remaining.skipped) this.skipped.add(batch);
    for (const { batch, state, cause, loaded } of remaining.batches) {
      if (loaded) this.everLoaded.add(batch);
      if (state === 'parked') this.park(batch, cause ?? 'unknown', cause === DIFFERENCE);
    }
  }

  addLoaded(batch: number, result: LoadResult | null): void {
    const before = this.counted.get(batch);
    // Loaded by an earlier history, it is in the totals that the ledger gave; how much of them it is, nobody knows here.
    if (before === undefined && this.everLoaded.has(batch)) return;
    this.everLoaded.add(batch);
    if (result === null) return;
    if (before !== undefined) this.done = add(this.done, before, -1);
    this.counted.set(batch, result);
    this.done = add(this.done, result, 1);
  }

  /** Takes the totals from the ledger; to be called with nothing in flight, whose load would be counted twice. */
  recount(remaining: Remaining): void {
    this.done = remaining.done;
    this.counted.clear();
    this.stale = false;
  }

  /**
   * Lets the ledger win about what is set aside: a workflow that was reset holds batches as parked which were retried since.
   *
   * @param isWhole false where the answer does not list all that is unfinished
   */
  agree({ batches, skipped }: Remaining, isWhole: boolean): void {
    const unfinished = new Map(batches.map((each) => [each.batch, each.state]));
    const isListed = (batch: number): boolean => isWhole || batch <= (batches.at(-1)?.batch ?? 0);
    for (const batch of [...this.parked.keys()]) {
      if (unfinished.get(batch) === 'parked' || !isListed(batch)) continue;
      this.unpark(batch);
      if (!unfinished.has(batch) && !skipped.includes(batch)) this.addValidated();
    }
    for (const batch of this.skipped) {
      if (!skipped.includes(batch) && !unfinished.has(batch)) this.addValidated();
    }
    this.skipped.clear();
    for (const batch of skipped) this.skipped.add(batch);
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
  brake(changed: Partial<Brakes> & { readonly maxDeletes?: number } = {}): string | null {
    if (this.plan === null) return null;
    if (this.gone !== null && changed.maxDeletes !== undefined)
      return deleteBrakeOf(changed.maxDeletes, this.gone.gone, this.gone.loaded);
    const { maxParked, maxQuarantine } = this.plan;
    const brakes = {
      maxParked: changed.maxParked ?? maxParked,
      maxQuarantine: changed.maxQuarantine ?? maxQuarantine,
    };
    return brakeOf(brakes, this.parked.size, this.done, this.allDone, this.plan.held);
  }

  toProgress(): Progress {
    const { inserted, updated, unchanged, quarantined, excluded, takenAway = 0 } = this.done;
    return {
      run: this.plan?.run ?? null,
      migration: this.plan?.migration ?? null,
      state: this.state,
      estimatedRows: this.plan?.estimatedRows ?? 0,
      doneRows: doneOf(this.done),
      inserted,
      updated,
      unchanged,
      quarantined,
      excluded,
      ...(takenAway === 0 ? {} : { takenAway }),
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
      looks: this.phase === 'comparing' || this.phase === 'verifying' ? this.looks : null,
    };
  }
}

/** Rows that are done with: of the source, or taken out of the target. */
export const doneOf = ({ source, takenAway }: LoadResult): number => source + (takenAway ?? 0);

function add(one: LoadResult, other: LoadResult, sign: 1 | -1): LoadResult {
  return {
    source: one.source + sign * other.source,
    inserted: one.inserted + sign * other.inserted,
    updated: one.updated + sign * other.updated,
    unchanged: one.unchanged + sign * other.unchanged,
    quarantined: one.quarantined + sign * other.quarantined,
    excluded: one.excluded + sign * other.excluded,
    takenAway: (one.takenAway ?? 0) + sign * (other.takenAway ?? 0),
  };
}
