/** The workflow `forecast` over batches without databases. */
import type { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import type { ApplicationFailure } from '@temporalio/common';
import type { ForecastProgress } from '../../shared/forecast';
import { FakeRun } from '../support/fake-activities';
import { FORECAST_ROWS, FakeForecast } from '../support/fake-forecast';
import type { FakeForecastSettings } from '../support/fake-forecast';
import { FakeVerification } from '../support/fake-verification';
import { startSmallHistoryServer } from '../support/small-history-server';
import type { OwnTemporal } from '../support/small-history-server';
import { openTemporal } from '../support/temporal';
import type { ForecastHandle, TestTemporal } from '../support/temporal';

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

function forecasting<T>(
  settings: FakeForecastSettings,
  test: (handle: ForecastHandle, fake: FakeForecast) => Promise<T>,
): Promise<T> {
  const fake = new FakeForecast(settings);
  const run = new FakeRun({ batches: 0 }, new FakeVerification(), fake);
  return temporal.forecast(run, { migration: 'case-states', concurrency: 2 }, (handle) => test(handle, fake));
}

const causeOf = (handle: ForecastHandle): Promise<Error | undefined> =>
  handle.result().then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => (error as WorkflowFailedError).cause,
  );

const each = (count: number) => Array.from({ length: count }, (_, index) => ({ from: index + 1, to: index + 1 }));

it('looks at each batch once, two at once, adds up what they say, and drops its stage', async () => {
  await forecasting({ batches: 7 }, async (handle, fake) => {
    const result = await handle.result();
    expect(result.counts).toMatchObject({
      batches: 7,
      source: 7 * FORECAST_ROWS,
      inserted: 7 * FORECAST_ROWS - 7,
      quarantined: 7,
      primary: { case_unmapped: 7 },
    });
    expect(Object.keys(result.counts.columns.case_unmapped!)).toHaveLength(7);
    expect([...result.counts.causes].sort()).toEqual(['cause 0', 'cause 1']);
    expect([...fake.looked].sort((a, b) => a.from - b.from)).toEqual(each(7));
    expect([fake.mostAtOnce, fake.ended.length]).toEqual([2, 1]);
    expect(await handle.query<ForecastProgress>('status')).toEqual({
      migration: 'case-states',
      batches: 7,
      batchesDone: 7,
      rows: 700,
      rowsDone: 700,
    });
  });
});

it('goes on in new histories with what it has counted, and keeps its stage until the end', async () => {
  await forecasting({ batches: 40 }, async (handle, fake) => {
    expect((await handle.result()).counts).toMatchObject({ batches: 40, source: 40 * FORECAST_ROWS });
    const chain = temporal.client.workflow.getHandle(handle.workflowId);
    expect((await chain.describe()).runId).not.toBe(handle.firstExecutionRunId);
    expect([...fake.looked].sort((a, b) => a.from - b.from)).toEqual(each(40));
    expect(fake.ended).toHaveLength(1);
  });
});

it('looks at all at once where rows of one batch point to rows of another', async () => {
  await forecasting({ batches: 5, plan: { together: true } }, async (handle, fake) => {
    expect(await handle.result()).toMatchObject({ together: true, counts: { batches: 5 } });
    expect(fake.looked).toEqual([{ from: 1, to: 5 }]);
  });
});

it('says which brake a run would meet', async () => {
  await forecasting({ batches: 20, plan: { otherUnique: ['u'] } }, async (handle) => {
    expect(await handle.result()).toMatchObject({ brake: null, unseenUnique: ['u'] });
  });
});

it('fails with what a batch failed with, once those beside it have ended, and drops its stage', async () => {
  await forecasting({ batches: 9, unreadable: 3, sticks: true }, async (handle, fake) => {
    const failure = (await causeOf(handle)) as ApplicationFailure;
    expect([failure.type, failure.message]).toEqual(['SchemaChanged', 'column "x" is gone']);
    expect(fake.looked.length).toBeLessThanOrEqual(5);
    expect(fake.ended).toHaveLength(1);
  });
});

it('drops its stage where it is cancelled', async () => {
  await forecasting({ batches: 500 }, async (handle, fake) => {
    while (fake.looked.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    await handle.cancel();
    expect(await causeOf(handle)).toBeInstanceOf(CancelledFailure);
    expect(fake.ended).toHaveLength(1);
  });
});

it('refuses an input that will not do, in words', async () => {
  const input = { migration: 'nothing', batchRows: 0, what: 1 } as never;
  await temporal.forecast(new FakeRun({ batches: 0 }), input, async (handle) => {
    const failure = (await causeOf(handle)) as ApplicationFailure;
    expect(failure.type).toBe('InputRefused');
    expect(failure.message).toMatch(/unknown field "what"[^]*no migration "nothing"[^]*"batchRows" must be/);
  });
});
