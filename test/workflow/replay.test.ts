import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { CarryoverError } from '../../shared/errors';
import { workflowBundle } from '../support/bundle';
import { FakeRun } from '../support/fake-activities';
import { openTemporal, until } from '../support/temporal';
import type { MigrateHandle, TestTemporal } from '../support/temporal';

let temporal: TestTemporal;
beforeAll(async () => (temporal = await openTemporal()));
afterAll(() => temporal.close());

/** A history's JSON text, as a file would hold it. */
const record = async (handle: MigrateHandle): Promise<string> => historyToJSON(await handle.fetchHistory());

async function replay(text: string): Promise<void> {
  const history = historyFromJSON(JSON.parse(text));
  await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history, 'replayed');
}

/** A plain run of three batches. */
const plainRun = (): Promise<string> =>
  temporal.migrate(new FakeRun({ batches: 3 }), async (handle) => {
    await handle.result();
    return record(handle);
  });

describe('recorded histories', () => {
  it('of a plain run replay', async () => {
    const history = await plainRun();
    expect(history.match(/EVENT_TYPE_ACTIVITY_TASK_COMPLETED/g)!.length).toBeGreaterThan(20);
    await replay(history);
  });

  it('of a run with a parked batch that ran again replay', async () => {
    const fake = new FakeRun({ batches: 3 }).on('load', (batch, time) => {
      if (batch === 2 && time === 1) throw new CarryoverError('PreflightFailed', 'no room');
    });
    const history = await temporal.migrate(fake, async (handle) => {
      await until(handle, ({ state }) => state === 'waiting');
      await handle.executeUpdate<string, [{ batch: number }]>('retryBatch', { args: [{ batch: 2 }] });
      await handle.result();
      return record(handle);
    });
    expect(history.match(/EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED/g)).toHaveLength(1);
    await replay(history);
  });

  it('do not where the workflow would do something else: the replay looks', async () => {
    const history = (await plainRun()).replaceAll('"mapActors"', '"mapPeople"');
    await expect(replay(history)).rejects.toThrow(DeterminismViolationError);
  });
});
