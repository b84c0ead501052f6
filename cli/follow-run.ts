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
  private readonly parked = new Set<number>();
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
    for (const { batch, cause } of progress.parked) {
      if (!this.parked.has(batch)) this.line(`Batch ${batch} is parked: ${cause}`);
      this.parked.add(batch);
    }
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
