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
    if (!(error instanceof CarryoverError)) {
      context.log.error('unexpected error', { frames: framesOf(error).slice(0, 8).join(' < ') });
    }
    throw toFailure(error, context.info.attempt);
  } finally {
    clearInterval(beat);
  }
}

/**
 * Where an error of our own code came from, without its message, which may quote a value: a stack begins with it, and
 * its lines may look like frames.
 */
function framesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const stack = error.stack ?? '';
  const start = stack.indexOf(error.message);
  if (start < 0) return []; // the message was changed since: nothing tells where it ends
  const lines = stack.slice(start + error.message.length).split('\n');
  return lines.filter((line) => /^\s+at /.test(line)).map((line) => line.trim());
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
  const place = /([\w.-]+\.[jt]s:\d+)/.exec(framesOf(error).join('\n'))?.[1];
  return ApplicationFailure.create({
    message: `unexpected ${name}${place === undefined ? '' : ` at ${place}`}: a defect; the worker's log has the rest`,
    type: 'Unexpected',
    nonRetryable: attempt >= ATTEMPTS,
  });
}
