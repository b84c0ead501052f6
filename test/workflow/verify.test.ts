/** The workflow `verify` over a ledger without databases. */
import type { WorkflowFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import { FakeRun } from '../support/fake-activities';
import { FakeVerification } from '../support/fake-verification';
import type { FakeVerificationSettings } from '../support/fake-verification';
import { startSmallHistoryServer } from '../support/small-history-server';
import type { OwnTemporal } from '../support/small-history-server';
import { openTemporal } from '../support/temporal';
import type { TestTemporal, VerifyHandle } from '../support/temporal';

let server: OwnTemporal;
let temporal: TestTemporal;
beforeAll(async () => {
  server = await startSmallHistoryServer(60);
  temporal = await openTemporal(server.address);
});
afterAll(async () => {
  await temporal?.close();
  await server?.stop();
});

function verifying<T>(
  settings: FakeVerificationSettings,
  test: (handle: VerifyHandle, fake: FakeVerification) => Promise<T>,
  concurrency = 2,
): Promise<T> {
  const fake = new FakeVerification(settings);
  const input = { migration: 'case-states', concurrency };
  return temporal.verify(new FakeRun({ batches: 0 }, fake), input, (handle) => test(handle, fake));
}

/** Ranges come in the order in which workers take them. */
const numbers = (looked: readonly (number | string)[]): number[] => looked.map(Number).sort((a, b) => a - b);

const failureOf = (handle: VerifyHandle): Promise<ApplicationFailure> =>
  handle.result().then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => (error as WorkflowFailedError).cause as ApplicationFailure,
  );

it('looks at every range and then at every check, so many at once as it was told', async () => {
  await verifying({ ranges: 7, checks: ['order', 'ledger'] }, async (handle, fake) => {
    expect(await handle.result()).toMatchObject({ verdict: 'proven', notVerified: 0 });
    expect(numbers(fake.looked.slice(0, 7))).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect([...fake.looked.slice(7)].sort()).toEqual(['ledger', 'order']);
    expect(fake.mostAtOnce).toBe(2);
  });
});

it('goes on in new histories with what is left', async () => {
  await verifying({ ranges: 40, checks: ['ledger'] }, async (handle, fake) => {
    await handle.result();
    const chain = temporal.client.workflow.getHandle(handle.workflowId);
    expect((await chain.describe()).runId).not.toBe(handle.firstExecutionRunId);
    expect(numbers(fake.looked.slice(0, -1))).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(fake.looked.at(-1)).toBe('ledger');
  });
});

it('fails as NotProven where something was found, with the figures', async () => {
  await verifying({ ranges: 2, checks: [], defects: 3 }, async (handle) => {
    const failure = await failureOf(handle);
    expect(failure).toMatchObject({ type: 'NotProven', nonRetryable: true });
    expect(failure.message).toContain('3 findings');
    expect(failure.details?.[0]).toMatchObject({ verdict: 'not_proven', defects: 3 });
  });
});

it('looks at the rest where a range or a check cannot be looked at, and is not proven', async () => {
  await verifying({ ranges: 3, checks: ['order', 'ledger'], unreadable: [2, 'order'] }, async (handle, fake) => {
    const failure = await failureOf(handle);
    expect(failure.type).toBe('NotProven');
    expect(failure.message).toContain('2 not verified (range 2: verifyRange: column "x" is gone)');
    expect(numbers(fake.looked.slice(0, 3))).toEqual([1, 2, 3]);
    expect([...fake.looked.slice(3)].sort()).toEqual(['ledger', 'order']);
  });
});

it('refuses an input that will not do, in words', async () => {
  const fake = new FakeRun({ batches: 0 });
  const input = { migration: 'nothing', final: 'yes' } as never;
  await temporal.verify(fake, input, async (handle) => {
    const failure = await failureOf(handle);
    expect(failure.type).toBe('InputRefused');
    expect(failure.message).toContain('there is no migration "nothing"');
    expect(failure.message).toContain('"final" must be true or false');
  });
});
