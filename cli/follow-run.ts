/** Watches a run until it ends: asks the workflow how far it is and shows it, and bears a worker that is away. */
import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { STATUS_QUERY } from '../shared/names';
import type { MigrateResult, NothingToDoResult, PausedResult, Progress, RunResult } from '../shared/messages';
import type { FailureSummary } from './failure';
import { describeFailure } from './failure';
import { EXIT } from './exit-codes';
import { RunDisplay } from './run-display';
import type { Temporal } from './temporal';
import type { Terminal } from './terminal';
import { UserError } from './user-error';

export type Outcome =
  | { readonly ended: 'completed'; readonly result: MigrateResult }
  /** A start by a schedule, which met a living owner. */
  | { readonly ended: 'missed'; readonly cause: string }
  /** A replay that found no row to take: it opened no run. */
  | { readonly ended: 'idle'; readonly result: NothingToDoResult }
  /** Its hours ended before its run did. */
  | { readonly ended: 'paused'; readonly result: PausedResult }
  | { readonly ended: 'failed'; readonly failure: FailureSummary; readonly run: string | null }
  | { readonly ended: 'interrupted' };

/** Milliseconds. A query is answered by a worker, which may be busy or away: none of them holds the display up. */
const QUERY_MS = 3_000;
const ASK_EVERY_MS = 700;
/** How long a start that is not waited for stays to see whether it began. */
const BEGIN_MS = 5_000;
/** How long Temporal itself may be away before the wait is given up; the run is not. */
const AWAY_MS = 5 * 60_000;

export async function followRun(temporal: Temporal, handle: WorkflowHandle, terminal: Terminal): Promise<Outcome> {
  const display = new RunDisplay(terminal);
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
    return toOutcome(outcome, last);
  } finally {
    watching = false;
    display.clear();
    void watched;
  }
}

/** How a start began: the progress of its run once it is planned; its end where it came first; neither in time. */
export type Beginning = { readonly progress: Progress } | Outcome | null;

/** Stays a few seconds to see whether a run begins: a refusal that nobody waits for would be found hours later. */
export async function awaitBeginning(temporal: Temporal, handle: WorkflowHandle): Promise<Beginning> {
  const { connection } = temporal;
  const over = new AbortController();
  const ended = connection
    .withAbortSignal(over.signal, () => handle.result())
    .then(
      (result) => ({ result: result as RunResult }),
      (error: unknown) => (error instanceof WorkflowFailedError ? { failure: describeFailure(error.cause) } : null),
    );
  let known: Beginning = null;
  void ended.then((end) => (known = end === null ? null : toOutcome(end, undefined)));
  try {
    for (const until = Date.now() + BEGIN_MS; known === null && Date.now() < until;) {
      const progress = await Promise.race([askProgress(temporal, handle), ended.then(() => undefined)]);
      if (progress != null && progress.run !== null) return { progress };
      await Promise.race([pause(150), ended]);
    }
    return known;
  } finally {
    over.abort();
  }
}

type End = { readonly result: RunResult } | { readonly failure: FailureSummary };

function toOutcome(end: End, last: Progress | undefined): Outcome {
  if ('failure' in end) return { ended: 'failed', failure: end.failure, run: end.failure.run ?? last?.run ?? null };
  const { result } = end;
  if (!('outcome' in result)) return { ended: 'completed', result };
  if (result.outcome === 'nothing_to_do') return { ended: 'idle', result };
  return result.outcome === 'paused' ? { ended: 'paused', result } : { ended: 'missed', cause: result.cause };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function askProgress({ connection }: Temporal, handle: WorkflowHandle): Promise<Progress | undefined> {
  try {
    return await connection.withDeadline(Date.now() + QUERY_MS, () => handle.query<Progress>(STATUS_QUERY));
  } catch {
    return undefined;
  }
}

async function waitForEnd(handle: WorkflowHandle, terminal: Terminal): Promise<End> {
  let awaySince: number | undefined;
  for (;;) {
    try {
      return { result: (await handle.result()) as RunResult };
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
