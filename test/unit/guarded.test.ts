import type { Client } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { LogEntry } from '@temporalio/worker';
import { guarded } from '../../activities/guarded';
import { CarryoverError, NON_RETRYABLE } from '../../shared/errors';
import { OUTAGE_SIGNAL } from '../../shared/names';

const VALUE = 'Mrs-Marker-4711';

interface Outcome {
  error: unknown;
  /** Details of the last heartbeat, which the next attempt is given. */
  beat: unknown;
  /** What the workflow was told. */
  told: { workflow: string; run: string; signal: string; cause: string }[];
  /** Every line that was logged, with its fields. */
  logged: string;
}

interface Before {
  attempt?: number;
  heartbeatDetails?: unknown;
  /** Whatever Temporal says to a signal. */
  signalled?: () => Promise<void>;
}

/** Runs `work` as an activity's attempt, and gives what it threw. */
async function failing(
  work: (signal: AbortSignal) => Promise<unknown>,
  { signalled = () => Promise.resolve(), ...info }: Before = {},
  batch?: number,
): Promise<Outcome> {
  const entries: LogEntry[] = [];
  const logger = new DefaultLogger('TRACE', (entry) => entries.push(entry));
  const told: Outcome['told'] = [];
  const getHandle = (workflow: string, run: string) => ({
    signal: async (signal: string, { cause }: { cause: string }) => {
      await signalled();
      told.push({ workflow, run, signal, cause });
    },
  });
  const within = <T>(_bound: unknown, fn: () => Promise<T>): Promise<T> => fn();
  const client = { withDeadline: within, withAbortSignal: within, workflow: { getHandle } };
  const workflowExecution = { workflowId: 'w', runId: 'r' };
  const environment = new MockActivityEnvironment(
    { attempt: 1, activityType: 'extract', workflowExecution, ...info },
    { logger, client: client as unknown as Client },
  );
  let beat: unknown;
  environment.on('heartbeat', (details: unknown) => (beat = details));
  const error: unknown = await environment
    .run(() => guarded(work, batch))
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  const logged = entries.map(({ level, message, meta }) => `${level} ${message} ${JSON.stringify(meta)}`).join('\n');
  return { error, beat, told, logged };
}

/** The failures of one activity, attempt by attempt, each with what Temporal hands on from the one before. */
async function attempts(thrown: readonly unknown[], batch?: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [index, each] of thrown.entries()) {
    const before = { attempt: index + 1, heartbeatDetails: outcomes.at(-1)?.beat };
    const work = (): never => {
      throw each;
    };
    outcomes.push(await failing(work, before, batch));
  }
  return outcomes;
}

const failuresOf = async (thrown: readonly unknown[]): Promise<ApplicationFailure[]> =>
  (await attempts(thrown)).map((outcome) => outcome.error as ApplicationFailure);

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, (): T => value);

/** The failure that an error becomes at the first attempt. */
async function failureOf(thrown: unknown): Promise<ApplicationFailure> {
  const { error } = await failing(() => {
    throw thrown;
  });
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
      const failures = await failuresOf(times(30, new CarryoverError(type, 'words')));
      for (const failure of failures) expect(failure).toMatchObject({ type, message: 'words', nonRetryable: false });
      const waits = failures.map(({ nextRetryDelay }) => Number(nextRetryDelay));
      expect(waits.slice(0, 6)).toEqual([1000, 2000, 4000, 5000, 5000, 5000]);
      expect(waits.at(-1)).toBe(5000);
      const heartbeatDetails = { failed: { [type]: 1_000_000 } };
      const late = await failing(() => Promise.reject(new CarryoverError(type, 'words')), {
        attempt: 9,
        heartbeatDetails,
      });
      expect(late.error).toMatchObject({ nonRetryable: false, nextRetryDelay: 5000 });
    },
  );

  it.each([...NON_RETRYABLE])('gives %s to the workflow at once', async (type) => {
    const failure = await failureOf(new CarryoverError(type, 'words'));
    expect(failure).toMatchObject({ type, message: 'words', nonRetryable: true });
  });

  it.each([
    [new CarryoverError('DatabaseError', 'words'), 5],
    [new TypeError('x is not a function'), 5],
    ['a text', 5],
    [new CarryoverError('Contention', 'words'), 10],
  ])('has a failure tried again with growing waits, and then gives it to the workflow: %p', async (thrown, limit) => {
    const failures = await failuresOf(times(limit, thrown));
    expect(failures.map((failure) => failure.nonRetryable)).toEqual([...times(limit - 1, false), true]);
    const waits = failures.slice(0, -1).map(({ nextRetryDelay }) => Number(nextRetryDelay));
    expect(waits).toEqual([1000, 2000, 4000, 8000, ...times(limit - 5, 10_000)]);
    expect(failures.at(-1)!.message).toMatch(new RegExp(` \\(tried ${limit} times\\)$`));
  });

  it('counts each class by itself: an outage before a deadlock leaves all its attempts', async () => {
    const away = times(20, new CarryoverError('TargetUnavailable', 'words'));
    const failures = await failuresOf([
      ...away,
      ...times(4, new CarryoverError('DatabaseError', 'words')),
      ...times(9, new CarryoverError('Contention', 'words')),
    ]);
    expect(failures.map((failure) => failure.nonRetryable)).not.toContain(true);
  });

  it('forgets none of a class for another in between: two that take turns do not go on for ever', async () => {
    const turn = [new CarryoverError('DatabaseError', 'words'), new CarryoverError('TargetUnavailable', 'words')];
    const failures = await failuresOf(times(5, turn).flat());
    expect(failures.map((failure) => failure.nonRetryable)).toEqual([...times(8, false), true, false]);
  });

  it('starts to count again where a person has reset the activity', async () => {
    const heartbeatDetails = { failed: { DatabaseError: 4 } };
    const outcome = (attempt: number) =>
      failing(() => Promise.reject(new CarryoverError('DatabaseError', 'words')), { attempt, heartbeatDetails });
    expect((await outcome(5)).error).toMatchObject({ nonRetryable: true });
    expect((await outcome(1)).error).toMatchObject({ nonRetryable: false });
  });

  it.each([[undefined], [null], [3], [{ failed: 'x' }], [{ failed: { DatabaseError: 'x', Other: 9 } }]])(
    'counts from one where the heartbeats say nothing of failures: %j',
    async (heartbeatDetails) => {
      const outcome = await failing(() => Promise.reject(new CarryoverError('DatabaseError', 'words')), {
        attempt: 5,
        heartbeatDetails,
      });
      expect(outcome.error).toMatchObject({ nonRetryable: false });
      expect(outcome.beat).toEqual({ failed: { DatabaseError: 1 } });
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

  it('hands the failures so far on with every heartbeat, in case its worker dies', async () => {
    jest.useFakeTimers();
    try {
      const heartbeatDetails = { failed: { DatabaseError: 2 } };
      const environment = new MockActivityEnvironment({ attempt: 3, heartbeatDetails });
      const beats: unknown[] = [];
      environment.on('heartbeat', (details) => beats.push(details));
      let end = (): void => undefined;
      const outcome = environment.run(() => guarded(() => new Promise<void>((resolve) => (end = resolve))));
      await jest.advanceTimersByTimeAsync(4_000);
      end();
      await outcome;
      expect(beats).toEqual([heartbeatDetails]);
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('something that is away', () => {
  const lost = new CarryoverError(
    'SourceUnavailable',
    'the source cannot be reached (ECONNREFUSED): x',
    'ECONNREFUSED',
  );

  it('is told to the workflow at the 1st, 2nd, 4th, 8th … time, and logged each time', async () => {
    const outcomes = await attempts(times(17, lost), 3);
    const attemptsThatTold = outcomes.flatMap(({ told }, index) => told.map(() => index + 1));
    expect(attemptsThatTold).toEqual([1, 2, 4, 8, 16]);
    for (const each of outcomes.flatMap(({ told }) => told)) {
      expect(each).toEqual({
        workflow: 'w',
        run: 'r',
        signal: OUTAGE_SIGNAL,
        cause: `extract of batch 3 waits, tried again every 5 s: ${lost.message}`,
      });
    }
    const waits = [1, 2, 4, ...times(14, 5)];
    for (const [index, { logged }] of outcomes.entries()) {
      expect(logged).toContain(`WARN ${lost.message}; tried again in ${waits[index]} s`);
    }
  });

  it('is named without a batch where there is none', async () => {
    const [{ told }] = (await attempts([new CarryoverError('MappingUnknownHere', 'words')])) as [Outcome];
    expect(told.map(({ cause }) => cause)).toEqual(['extract waits, tried again every 5 s: words']);
  });

  it('is what the attempt fails with, also where Temporal cannot be told', async () => {
    const signalled = () => Promise.reject(new Error('workflow not found'));
    const { error, logged } = await failing(() => Promise.reject(lost), { signalled });
    expect(error).toMatchObject({ type: 'SourceUnavailable', message: lost.message, nonRetryable: false });
    expect(logged).toMatch(/^DEBUG the workflow could not be told of an outage .*"why":"workflow not found"/m);
  });

  it('is nothing that the workflow hears of otherwise', async () => {
    const others = ['DatabaseError', 'Contention', 'StageLost'] as const;
    for (const type of others) {
      const [{ told, logged }] = (await attempts([new CarryoverError(type, 'words')])) as [Outcome];
      expect(told).toEqual([]);
      expect(logged).not.toContain('tried again');
    }
  });
});
