import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { LogEntry } from '@temporalio/worker';
import { guarded } from '../../activities/guarded';
import { CarryoverError, NON_RETRYABLE } from '../../shared/errors';

const VALUE = 'Mrs-Marker-4711';

interface Outcome {
  error: unknown;
  /** Every line that was logged, with its fields. */
  logged: string;
}

/** Runs `work` as an activity's attempt, and gives what it threw. */
async function failing(work: (signal: AbortSignal) => Promise<unknown>, attempt = 1): Promise<Outcome> {
  const entries: LogEntry[] = [];
  const logger = new DefaultLogger('TRACE', (entry) => entries.push(entry));
  const environment = new MockActivityEnvironment({ attempt }, { logger });
  const error: unknown = await environment
    .run(() => guarded(work))
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  const logged = entries.map(({ message, meta }) => `${message} ${JSON.stringify(meta)}`).join('\n');
  return { error, logged };
}

/** The failure that an error becomes at an attempt. */
async function failureOf(thrown: unknown, attempt = 1): Promise<ApplicationFailure> {
  const { error } = await failing(() => {
    throw thrown;
  }, attempt);
  expect(error).toBeInstanceOf(ApplicationFailure);
  return error as ApplicationFailure;
}

describe('guarded', () => {
  it('gives what the work gives', async () => {
    const environment = new MockActivityEnvironment();
    await expect(environment.run(() => guarded(() => Promise.resolve(7)))).resolves.toBe(7);
  });

  it.each(['SourceUnavailable', 'TargetUnavailable', 'MappingUnknownHere'] as const)(
    'has %s tried again without limit, at most ten seconds later',
    async (type) => {
      for (const attempt of [1, 5, 1000]) {
        const failure = await failureOf(new CarryoverError(type, 'words'), attempt);
        expect(failure).toMatchObject({ type, message: 'words', nonRetryable: false });
        expect(failure.nextRetryDelay).toBeGreaterThan(0);
        expect(failure.nextRetryDelay).toBeLessThanOrEqual(10_000);
      }
    },
  );

  it.each([...NON_RETRYABLE])('gives %s to the workflow at once', async (type) => {
    const failure = await failureOf(new CarryoverError(type, 'words'));
    expect(failure).toMatchObject({ type, message: 'words', nonRetryable: true });
  });

  it.each([new CarryoverError('DatabaseError', 'words'), new TypeError('x is not a function'), 'a text'])(
    'has a failure tried again up to the fifth attempt: %p',
    async (thrown) => {
      for (const attempt of [1, 4]) expect((await failureOf(thrown, attempt)).nonRetryable).toBe(false);
      for (const attempt of [5, 6]) expect((await failureOf(thrown, attempt)).nonRetryable).toBe(true);
    },
  );

  it('keeps the words of a database error, which database/ has cleared of values', async () => {
    const failure = await failureOf(new CarryoverError('DatabaseError', 'the target refused a statement'));
    expect(failure).toMatchObject({ type: 'DatabaseError', message: 'the target refused a statement' });
  });

  it('passes a failure of Temporal on as it is', async () => {
    const failure = ApplicationFailure.nonRetryable('words', 'Special');
    expect(await failureOf(failure)).toBe(failure);
  });

  it.each([
    ['in a line', `cannot read ${VALUE}`],
    ['in several lines that look like a stack', `first\n    at ${VALUE}.ts:17\n    at f (${VALUE}.js:3:4)`],
    ['beside a word that looks like a place', `broken at ${VALUE}.js:12`],
  ])('lets no value leave %s of a foreign error', async (_where, message) => {
    const foreign = new RangeError(message, { cause: new Error(VALUE) });
    const { error, logged } = await failing(() => Promise.reject(foreign));
    const failure = error as ApplicationFailure;
    expect(failure.type).toBe('Unexpected');
    expect(failure.message).toMatch(/^unexpected RangeError at guarded\.test\.ts:\d+: a defect;/);
    expect(failure.cause).toBeUndefined();
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain(VALUE);
    expect(logged).toContain('unexpected error');
    expect(logged).toContain('guarded.test.ts');
    expect(logged).not.toContain(VALUE);
  });

  it('says of something that is no error what it is, and not its value', async () => {
    const failure = await failureOf(VALUE);
    expect(failure.message).toBe("unexpected string: a defect; the worker's log has the rest");
  });

  it('rethrows the cancellation itself, whatever the work made of it', async () => {
    const environment = new MockActivityEnvironment();
    let begun = (): void => undefined;
    const running = new Promise<void>((resolve) => (begun = resolve));
    const outcome = environment.run(() =>
      guarded(async (signal) => {
        begun();
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new CarryoverError('DatabaseError', 'statement cancelled')));
        });
      }),
    );
    await running;
    environment.cancel();
    await expect(outcome).rejects.toBeInstanceOf(CancelledFailure);
  });

  it('heartbeats while the work lasts, often enough for the timeout of fifteen seconds, and not after', async () => {
    jest.useFakeTimers();
    try {
      const environment = new MockActivityEnvironment();
      let beats = 0;
      environment.on('heartbeat', () => (beats += 1));
      let end = (): void => undefined;
      const outcome = environment.run(() => guarded(() => new Promise<void>((resolve) => (end = resolve))));
      await jest.advanceTimersByTimeAsync(15_000);
      expect(beats).toBeGreaterThanOrEqual(3);
      end();
      await outcome;
      const before = beats;
      await jest.advanceTimersByTimeAsync(60_000);
      expect(beats).toBe(before);
    } finally {
      jest.useRealTimers();
    }
  });
});
