/**
 * What every activity does around its work: heartbeats while a statement runs, and errors that leave with their class
 * and without a row value. Retry is decided here, once.
 */
import { ApplicationFailure, Context } from '@temporalio/activity';
import { CarryoverError } from '../shared/errors';

/** Milliseconds between heartbeats: several within the heartbeat timeout, so that one lost is no time-out. */
const HEARTBEAT_MS = 3_000;

/** Attempts after which an error that is no lost connection goes to the workflow, and parks the batch. */
const ATTEMPTS = 5;

/** Milliseconds until a lost connection is tried again: soon enough for a restart, rare enough for a long outage. */
const RECONNECT_MS = 5_000;

/** Runs `work` with heartbeats; its signal is aborted when the activity is cancelled or its worker shuts down. */
export async function guarded<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
  try {
    return await work(context.cancellationSignal);
  } catch (error) {
    // The worker tells cancellation from failure by this very error.
    if (context.cancellationSignal.aborted) throw context.cancellationSignal.reason;
    if (!(error instanceof CarryoverError)) context.log.error('unexpected error', { frames: framesOf(error) });
    throw toFailure(error, context.info.attempt);
  } finally {
    clearInterval(beat);
  }
}

/** Where an error of our own code came from, without its message, which may quote a value. */
function framesOf(error: unknown): string {
  const lines = error instanceof Error ? (error.stack ?? '').split('\n') : [];
  return lines.filter((line) => /^\s+at /.test(line)).slice(0, 8).map((line) => line.trim()).join(' < '); // prettier-ignore
}

function toFailure(error: unknown, attempt: number): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  if (error instanceof CarryoverError) {
    const { type, message } = error;
    if (!error.retryable) return ApplicationFailure.nonRetryable(message, type);
    if (type === 'SourceUnavailable' || type === 'TargetUnavailable' || type === 'MappingUnknownHere') {
      return ApplicationFailure.create({ message, type, nextRetryDelay: RECONNECT_MS });
    }
    return ApplicationFailure.create({ message, type, nonRetryable: attempt >= ATTEMPTS });
  }
  // An error of our own code. Its words may quote anything, so only its name and place leave the process.
  const name = error instanceof Error ? error.constructor.name : typeof error;
  const place = error instanceof Error ? /at .*?([\w-]+\.[jt]s:\d+)/.exec(error.stack ?? '')?.[1] : undefined;
  return ApplicationFailure.create({
    message: `unexpected ${name}${place === undefined ? '' : ` at ${place}`}: a defect; the worker's log has the rest`,
    type: 'Unexpected',
    nonRetryable: attempt >= ATTEMPTS,
  });
}
