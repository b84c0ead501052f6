/** What a run shows of itself: counts, parked batches, and their words for the Temporal UI. Pure. */
import type { Verdict } from '../shared/verdict';
import type { LoadResult, Progress, Remaining, RunPlan } from '../shared/messages';

/** Parked batches that are named with their cause in the current details; the ledger has them all. */
const NAMED = 20;

/** The cause by which a validation parks a batch in the ledger. */
const DIFFERENCE = 'difference';

export class RunProgress {
  state: Progress['state'] = 'planning';
  /** Set at the end. */
  verdict: Verdict | undefined;
  readonly parked = new Map<number, string>();
  /** Of the parked batches, those whose rows differ: they are loaded, and hold nobody up. */
  readonly differing = new Set<number>();
  readonly inFlight = new Set<number>();
  private plan: RunPlan | null = null;
  private started = 0;
  private startedWith = 0;
  private batchesDone = 0;
  private done: LoadResult = { source: 0, inserted: 0, updated: 0, unchanged: 0, quarantined: 0, excluded: 0 };

  /** Begins where the ledger says that the run stands. */
  begin(plan: RunPlan, remaining: Remaining, now: number): void {
    this.plan = plan;
    this.state = 'running';
    this.started = now;
    this.done = remaining.done;
    this.startedWith = remaining.done.source;
    this.batchesDone = remaining.nextBatch - 1 - remaining.batches.length;
    for (const batch of remaining.batches) {
      if (batch.state !== 'parked') continue;
      this.parked.set(batch.batch, batch.cause ?? 'unknown');
      if (batch.cause === DIFFERENCE) this.differing.add(batch.batch);
    }
  }

  addLoaded(result: LoadResult): void {
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
  }

  /** True where a parked batch is still to be loaded: the run waits for an operator. */
  get isHeldUp(): boolean {
    return this.parked.size > this.differing.size;
  }

  addValidated(): void {
    this.batchesDone += 1;
  }

  toProgress(): Progress {
    const { inserted, updated, unchanged, quarantined } = this.done;
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
      batchesDone: this.batchesDone,
      batchesInFlight: this.inFlight.size,
      parked: [...this.parked].slice(0, NAMED).map(([batch, cause]) => ({ batch, cause })),
    };
  }

  /** Markdown for the current details. */
  toMarkdown(now: number): string {
    const { plan, done } = this;
    if (plan === null) return '**planning**: checking input, servers and mapping';
    const seconds = Math.max(1, Math.round((now - this.started) / 1000));
    const rate = Math.round((done.source - this.startedWith) / seconds);
    const left = Math.max(0, plan.estimatedRows - done.source);
    const share = plan.estimatedRows === 0 ? 100 : Math.min(100, (100 * done.source) / plan.estimatedRows);
    const lines = [
      `**${plan.migration}**, run ${plan.run}: **${this.state}${this.verdict === undefined ? '' : `, ${this.verdict.replaceAll('_', ' ')}`}**${plan.resumed ? ' (resumed)' : ''}`,
      '',
      '| rows | |',
      '| --- | --- |',
      `| done | ${done.source} of ${plan.estimatedRows} (${share.toFixed(1)} %) |`,
      `| inserted, updated, unchanged | ${done.inserted}, ${done.updated}, ${done.unchanged} |`,
      `| quarantined | ${done.quarantined} |`,
      `| excluded | ${done.excluded} |`,
      `| rate | ${rate} rows/s |`,
      `| remaining | ${left} rows${rate > 0 && left > 0 ? `, about ${formatSeconds(left / rate)}` : ''} |`,
      '',
      `Batches: ${this.batchesDone} validated, in flight: ${[...this.inFlight].join(', ') || 'none'}`,
      '',
      `Parked: ${this.parked.size === 0 ? 'none' : this.parked.size}`,
      ...[...this.parked].slice(0, NAMED).map(([batch, cause]) => `- batch ${batch}: ${cause.replaceAll('\n', ' ')}`),
    ];
    if (this.parked.size > 0) {
      lines.push('', 'Mend the cause, then send the update `retryBatch` with `{"batch": <number>}`.');
    }
    return lines.join('\n');
  }
}

function formatSeconds(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
