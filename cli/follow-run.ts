/** Watches a run until it ends: asks the workflow how far it is and shows it, and bears a worker that is away. */
import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { STATUS_QUERY } from '../shared/names';
import type { MigrateResult, Progress } from '../shared/messages';
import type { FailureSummary } from './failure';
import { describeFailure } from './failure';
import { EXIT } from './exit-codes';
import { progressBar, progressText } from './progress-text';
import { Rate } from './rate';
import type { Temporal } from './temporal';
import type { Terminal } from './terminal';
import { UserError } from './user-error';

export type Outcome =
  | { readonly ended: 'completed'; readonly result: MigrateResult }
  | { readonly ended: 'failed'; readonly failure: FailureSummary; readonly run: string | null }
  | { readonly ended: 'interrupted' };

/** Milliseconds. A query is answered by a worker, which may be busy or away: none of them holds the display up. */
const QUERY_MS = 3_000;
const ASK_EVERY_MS = 700;
const LINE_EVERY_MS = 2_000;
/** Without an answer for so long, a person should know. */
const SILENT_MS = 15_000;
/** How long Temporal itself may be away before the wait is given up; the run is not. */
const AWAY_MS = 5 * 60_000;

export async function followRun(temporal: Temporal, handle: WorkflowHandle, terminal: Terminal): Promise<Outcome> {
  const display = new Display(terminal);
  const ended = waitForEnd(handle, terminal);
  const interrupted = new Promise<'interrupted'>((resolve) => {
    terminal.interruption().addEventListener('abort', () => resolve('interrupted'), { once: true });
  });
  let watching = true;
  const watch = async (): Promise<void> => {
    while (watching) {
      const progress = await askProgress(temporal, handle);
      if (watching) display.show(progress);
      await pause(ASK_EVERY_MS);
    }
  };
  const watched = watch();
  try {
    const outcome = await Promise.race([ended, interrupted]);
    if (outcome === 'interrupted') return { ended: 'interrupted' };
    watching = false;
    // The workflow still answers after its end: its last word names the run and how far it came.
    const last = (await askProgress(temporal, handle)) ?? display.last;
    display.end(last);
    if ('result' in outcome) return { ended: 'completed', result: outcome.result };
    return { ended: 'failed', failure: outcome.failure, run: outcome.failure.run ?? last?.run ?? null };
  } finally {
    watching = false;
    display.clear();
    void watched;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function askProgress({ connection }: Temporal, handle: WorkflowHandle): Promise<Progress | undefined> {
  try {
    return await connection.withDeadline(Date.now() + QUERY_MS, () => handle.query<Progress>(STATUS_QUERY));
  } catch {
    return undefined;
  }
}

async function waitForEnd(
  handle: WorkflowHandle,
  terminal: Terminal,
): Promise<{ result: MigrateResult } | { failure: FailureSummary }> {
  let awaySince: number | undefined;
  for (;;) {
    try {
      return { result: (await handle.result()) as MigrateResult };
    } catch (error) {
      if (error instanceof WorkflowFailedError) return { failure: describeFailure(error.cause) };
      if (awaySince === undefined) terminal.err('Temporal does not answer; waiting for it. The run itself is kept.');
      awaySince ??= Date.now();
      if (Date.now() - awaySince > AWAY_MS) {
        throw new UserError(
          'Temporal has not answered for 5 minutes; the run goes on when it is back: see `carryover status`.',
          EXIT.unreachable,
        );
      }
      await pause(2_000);
    }
  }
}

/** A bar on a terminal, a line every now and then elsewhere. */
class Display {
  last: Progress | undefined;
  private readonly rate = new Rate();
  private parked: ReadonlySet<number> = new Set();
  private run: string | null = null;
  private outage: string | null = null;
  private pauseCause: string | null = null;
  private shown = '';
  private shownAt = 0;
  private heardAt = Date.now();

  constructor(private readonly terminal: Terminal) {}

  show(progress: Progress | undefined): void {
    const now = Date.now();
    if (progress === undefined) {
      if (now - this.heardAt > SILENT_MS) {
        this.line('No worker answers for this run; it waits. Start one with `npm run worker`.');
        this.heardAt = now;
      }
      return;
    }
    this.heardAt = now;
    this.last = progress;
    this.rate.add(performance.now() / 1000, progress.doneRows);
    this.tellChanges(progress);
    const perSecond = this.rate.perSecond();
    if (this.terminal.drawable) {
      this.terminal.redraw(progressBar(progress, perSecond, this.terminal.columns));
      return;
    }
    // What has not moved is not worth a line, however the rate falls.
    const key = progressText(progress, undefined);
    if (key === this.shown || now - this.shownAt < LINE_EVERY_MS) return;
    [this.shown, this.shownAt] = [key, now];
    this.terminal.err(progressText(progress, perSecond));
  }

  /** What a person should know of, once each time it comes about. */
  private tellChanges(progress: Progress): void {
    const { run, parked, outage, pauseCause } = progress;
    if (run !== null && this.run !== run) {
      if (progress.resumed) this.line(`Goes on with run ${run}, which was open.`);
      for (const words of progress.differing) this.line(`  ${words}`);
      this.run = run;
    }
    for (const { batch, cause } of parked) {
      if (this.parked.has(batch)) continue;
      this.line(`Batch ${batch} is parked: ${cause}`);
      this.line(`  once the cause is mended: carryover retry-batch ${run} --batch ${batch}`);
    }
    this.parked = new Set(parked.map(({ batch }) => batch));
    if (outage !== this.outage) this.line(outage === null ? 'The servers answer again.' : `Waits: ${outage}`);
    this.outage = outage;
    if (pauseCause !== this.pauseCause) {
      this.line(pauseCause === null ? 'The run goes on.' : `Paused: ${pauseCause}`);
      if (pauseCause !== null) this.line(`  to go on: carryover resume ${run}`);
    }
    this.pauseCause = pauseCause;
  }

  /** The last state stays on the screen. */
  end(progress: Progress | undefined): void {
    this.clear();
    if (progress?.run != null) this.terminal.err(progressText(progress, undefined));
  }

  clear(): void {
    if (this.terminal.drawable) this.terminal.redraw('');
  }

  private line(text: string): void {
    this.clear();
    this.terminal.err(text);
  }
}
