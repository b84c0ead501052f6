/** A workflow that is reset, early and late, while its run is open and after its end; and who is on record for what. */
import { randomUUID } from 'node:crypto';
import { WorkflowUpdateStage } from '@temporalio/client';
import { eventually } from '../support/engine';
import { scheduledActivities } from '../support/temporal';
import type { History } from '../support/temporal';
import { connectTemporal, failureOf } from '../support/worker';
import type { MigrateHandle, TemporalClient } from '../support/worker';
import { LEFT, STANDSTILL, createRig, stepsByBatch } from './starting-rig';
import type { Rig } from './starting-rig';

let rig: Rig;
let anna: TemporalClient;

beforeAll(async () => {
  [rig, anna] = await Promise.all([createRig(), connectTemporal({ identity: 'anna@ops' })]);
});
afterEach(() => rig?.forget());
afterAll(async () => {
  await anna?.close();
  await rig?.close();
});

/** The numbers of the workflow tasks that were completed: where a history can be reset to. */
const tasks = ({ events }: History): number[] =>
  (events ?? []).flatMap(({ eventId, workflowTaskCompletedEventAttributes: completed }) =>
    completed ? [Number(eventId)] : [],
  );

const lastBefore = (numbers: readonly number[], limit: number): number =>
  numbers.filter((number) => number < limit).at(-1)!;

/** The number of the event that schedules an activity of this type. */
const scheduled = ({ events }: History, type: string): number =>
  Number(
    events!.find(({ activityTaskScheduledEventAttributes: found }) => found?.activityType?.name === type)!.eventId,
  );

/** Resets the newest execution of a workflow to the end of a task; returns the one that goes on from there. */
async function reset({ workflowId }: MigrateHandle, task: number): Promise<MigrateHandle> {
  const { client } = rig.temporal;
  const { workflowExecutionInfo: newest } = (await client.workflow.getHandle(workflowId).describe()).raw;
  const { runId } = await client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId, runId: newest!.execution!.runId! },
    workflowTaskFinishEventId: task as never,
    reason: 'the test says so',
    requestId: randomUUID(),
  });
  return client.workflow.getHandle(workflowId, runId) as MigrateHandle;
}

/** The tokens of the fourth and fifth batch: another one is another attempt. */
const tokens = () =>
  rig.engine.onTarget<{ token: string }>('SELECT token FROM carryover.batches WHERE batch IN (4, 5) ORDER BY batch');

/** All that the ledger holds of its runs, their reports too. */
const ledgerOfRuns = () => rig.engine.onTarget('SELECT * FROM carryover.runs ORDER BY run_id');

const versions = () => rig.engine.onTarget('SELECT legacy_id, xmin::text, ctid::text FROM case_states ORDER BY 1');

describe('a running workflow that is reset', () => {
  it('to its first task plans again: the next epoch of the same run, which goes on at the first unfinished batch', async () => {
    const former = await rig.standstill();
    const [before] = await rig.runs();
    const [first] = tasks(await former.fetchHistory());
    const again = await reset(former, first!);
    await rig.epoch(2);
    rig.letGo();
    const result = await again.result();
    expect(result.run).toBe(before!.run);
    await rig.expectWhole(result);
    expect(stepsByBatch(await again.fetchHistory())).toEqual(LEFT);
    expect(await rig.runs()).toEqual([{ ...before, epoch: 2, state: 'finished' }]);
    expect(await rig.outcomes()).toEqual(['opened', 'resumed']);
  });

  it('to a later task goes on under the same epoch, and a start meets it as the living owner', async () => {
    const former = await rig.standstill();
    const [before] = await rig.runs();
    const attempts = await tokens();
    const again = await reset(former, tasks(await former.fetchHistory()).at(-1)!);
    await eventually('another attempt at both steps', async () =>
      (await tokens()).every(({ token }, index) => token !== attempts[index]!.token),
    );
    expect(await rig.states()).toEqual(STANDSTILL);
    const failure = await failureOf(await rig.start());
    expect(failure.message).toContain(`owned by workflow ${former.workflowId}, which is running`);

    rig.letGo();
    await rig.expectWhole(await again.result());
    const plans = scheduledActivities(await again.fetchHistory()).filter(({ type }) => type === 'plan');
    expect(plans).toHaveLength(1);
    expect(await rig.runs()).toEqual([{ ...before, state: 'finished' }]);
    expect(await rig.outcomes()).toEqual(['opened', 'refused']);
  });
});

describe('a finished workflow that is reset', () => {
  it('to a late task ends with the same result, and the ledger holds the run as it was', async () => {
    const former = await rig.start();
    const result = await former.result();
    const before = await ledgerOfRuns();
    const history = await former.fetchHistory();
    const again = await reset(former, lastBefore(tasks(history), scheduled(history, 'finish')));
    expect(await again.result()).toEqual(result);
    await rig.expectWhole(result);
    const later = scheduledActivities(await again.fetchHistory()).map(({ type }) => type);
    expect(later.slice(-2)).toEqual(['finish', 'report']);
    expect(await ledgerOfRuns()).toEqual(before);
  });

  it('to its first task is another full run that finds every row unchanged', async () => {
    const former = await rig.start();
    const result = await former.result();
    const rows = await versions();
    const [first] = tasks(await former.fetchHistory());
    const again = await (await reset(former, first!)).result();
    expect(again).toEqual({ ...result, run: again.run, inserted: 0, unchanged: result.inserted });
    expect(Number(again.run)).toBeGreaterThan(Number(result.run));
    await rig.expectWhole(again);
    expect(await versions()).toEqual(rows);
    expect(await rig.outcomes()).toEqual(['opened', 'opened']);
  });
});

describe('whoever sends a verb', () => {
  const as = (client: TemporalClient, { workflowId }: MigrateHandle) => client.client.workflow.getHandle(workflowId);

  it('is on record by the identity of the client', async () => {
    const handle = await rig.standstill();
    await as(anna, handle).executeUpdate('setConcurrency', { args: [{ concurrency: 1, reason: 'backup' }] });
    expect(await rig.audit()).toEqual([{ verb: 'setConcurrency', who: 'anna@ops', reason: 'backup' }]);
    rig.letGo();
    await rig.expectWhole(await handle.result());
  });

  it('is on record also where a reset came before the verb took effect', async () => {
    const handle = await rig.standstill();
    const deciding = () =>
      rig.engine.onTarget<{ pid: number }>(`SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'
        AND query LIKE '%FOR NO KEY UPDATE' AND datname = current_database()`);
    const line = await rig.engine.pool.connect();
    try {
      await line.query('BEGIN; SELECT FROM carryover.runs FOR NO KEY UPDATE');
      await as(anna, handle).startUpdate('setConcurrency', {
        args: [{ concurrency: 1, reason: 'backup' }],
        waitForStage: WorkflowUpdateStage.ACCEPTED,
      });
      await eventually('a decision that waits for the line', async () => (await deciding()).length === 1);
      const [{ pid: former } = { pid: 0 }] = await deciding();

      const history = await handle.fetchHistory();
      const accepted = history.events!.find((event) => event.workflowExecutionUpdateAcceptedEventAttributes)!;
      const again = await reset(handle, lastBefore(tasks(history), Number(accepted.eventId)));
      // The decision of the former execution must not be the one that is recorded.
      await rig.engine.onTarget('SELECT pg_terminate_backend($1)', [former]);
      await eventually('the decision of the new one', async () => (await deciding()).some(({ pid }) => pid !== former));
      await line.query('COMMIT');
      await eventually('a decision on record', async () => (await rig.audit()).length === 1);
      expect(await rig.audit()).toEqual([{ verb: 'setConcurrency', who: 'anna@ops', reason: 'backup' }]);
      const events = (await again.fetchHistory()).events!;
      expect(events.filter((event) => event.workflowExecutionUpdateAdmittedEventAttributes)).toHaveLength(1);
      rig.letGo();
      await rig.expectWhole(await again.result());
    } finally {
      line.release(true);
    }
  });
});
