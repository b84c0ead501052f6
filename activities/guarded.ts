/**
 * What every activity does around its work: heartbeats while a statement runs, and errors that leave with their class
 * and without a row value. Retry is decided here, once: how often by the class (shared/errors.ts), how soon below.
 */
import { ApplicationFailure, Context } from '@temporalio/activity';
import { CarryoverError, SILENT_ATTEMPTS, attemptsOf } from '../shared/errors';
import type { ErrorClass } from '../shared/errors';
import { failuresBefore, silentBefore } from './failures';
import type { Failures } from './failures';
import { tellOutage } from './outage';

/** Milliseconds between heartbeats: several within the heartbeat timeout, so that one lost is no time-out. */
const HEARTBEAT_MS = 3_000;

/** Milliseconds: the first wait, which doubles each time. */
const FIRST_WAIT_MS = 1_000;
/** Longest wait for what may pass by itself. */
const LONGEST_WAIT_MS = 10_000;
/** Longest wait for what is away: soon enough after its restart, rare enough in a long outage. */
const OUTAGE_WAIT_MS = 5_000;

/**
 * Runs `work` with heartbeats; its signal is aborted when the activity is cancelled or its worker shuts down.
 *
 * @param batch number of the batch that the work is of, where it is one's
 * @throws ApplicationFailure of the error's class, to be tried again or not; the cancellation itself where there is one
 */
export async function guarded<T>(work: (signal: AbortSignal) => Promise<T>, batch?: number): Promise<T> {
  const context = Context.current();
  const before = failuresBefore(context.info);
  const silent = silentBefore(context.info, before);
  if (silent >= SILENT_ATTEMPTS) {
    const message = `${silent} attempts at this step ended without a word: the worker died, or took longer than a step may; see its memory and the system's log`;
    throw ApplicationFailure.nonRetryable(message, 'WorkerLost' satisfies ErrorClass);
  }
  const beat = setInterval(() => context.heartbeat(before), HEARTBEAT_MS);
  try {
    return await work(context.cancellationSignal);
  } catch (error) {
    // The worker tells cancellation from failure by this very error.
    if (context.cancellationSignal.aborted) throw context.cancellationSignal.reason;
    if (error instanceof ApplicationFailure) throw error;
    if (!(error instanceof CarryoverError)) {
      context.log.error('unexpected error', { frames: framesOf(error).slice(0, 8).join(' < ') });
    }
    const known = error instanceof CarryoverError ? error : unexpected(error);
    throw await toFailure(known, before, batch);
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

/** An error of our own code. Its words may quote anything, so only its name and place leave the process. */
function unexpected(error: unknown): CarryoverError {
  const name = error instanceof Error ? error.constructor.name : typeof error;
  const place = /([\w.-]+\.[jt]s:\d+)/.exec(framesOf(error).join('\n'))?.[1];
  const at = place === undefined ? '' : ` at ${place}`;
  return new CarryoverError('Unexpected', `unexpected ${name}${at}: a defect; the worker's log has the rest`);
}

/** The failure that an attempt ends with; says what is away on the way. */
async function toFailure(error: CarryoverError, before: Failures, batch?: number): Promise<ApplicationFailure> {
  const { type, message, retry } = error;
  if (retry === 'never') return ApplicationFailure.nonRetryable(message, type);
  const context = Context.current();
  const times = (before.failed[type] ?? 0) + 1;
  context.heartbeat({ failed: { ...before.failed, [type]: times } } satisfies Failures);
  if (times >= attemptsOf(type)) return ApplicationFailure.nonRetryable(`${message} (tried ${times} times)`, type);
  const wait = waitOf(type, times);
  if (retry === 'always') await tellOutage(context, error, { batch, times, wait, longest: OUTAGE_WAIT_MS });
  return ApplicationFailure.create({ message, type, nextRetryDelay: wait });
}

/** Milliseconds until the next attempt after so many failures of a class. */
function waitOf(type: ErrorClass, times: number): number {
  const longest = attemptsOf(type) === Infinity ? OUTAGE_WAIT_MS : LONGEST_WAIT_MS;
  // The exponent is bounded first: a long outage has many thousands of attempts.
  return Math.min(FIRST_WAIT_MS * 2 ** Math.min(times - 1, 10), longest);
}
