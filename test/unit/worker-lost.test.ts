import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { guarded } from '../../activities/guarded';

const others = { failed: { SourceUnavailable: 8, Contention: 2 } };

it.each([
  [20, {}, undefined],
  [21, {}, 'WorkerLost'],
  [30, others, undefined],
  [31, others, 'WorkerLost'],
])('attempt %i after %j, where the others ended in silence, ends with %s', async (attempt, heartbeatDetails, type) => {
  const environment = new MockActivityEnvironment({ attempt, heartbeatDetails });
  let begun = false;
  const work = (): Promise<void> => {
    begun = true;
    return Promise.resolve();
  };
  const error: unknown = await environment
    .run(() => guarded(work))
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  expect(begun).toBe(type === undefined);
  if (type === undefined) return expect(error).toBeUndefined();
  expect(error).toBeInstanceOf(ApplicationFailure);
  expect(error).toMatchObject({
    type,
    nonRetryable: true,
    message:
      "20 attempts at this step ended without a word: the worker died, or took longer than a step may; see its memory and the system's log",
  });
});
