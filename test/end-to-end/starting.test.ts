/** What a start does about the run that is open: goes on where a workflow left it, whatever ended that, and meets its owner. */
import { randomUUID } from 'node:crypto';
import type { WorkflowStartOptions } from '@temporalio/client';
import { createEngine, eventually } from '../support/engine';
import type { Engine } from '../support/engine';
import { connectTemporal, failureOf, startWorker } from '../support/worker';
import type { Migrate, MigrateHandle, RunningWorker, TemporalClient } from '../support/worker';
import { LEFT, STANDSTILL, createRig, stepsByBatch } from './starting-rig';
import type { Rig } from './starting-rig';

interface End {
  readonly what: string;
  readonly status: string;
  readonly options: Partial<WorkflowStartOptions<Migrate>>;
  readonly end: (handle: MigrateHandle) => Promise<unknown>;
}

const ENDS: readonly End[] = [
  {
    what: 'was terminated',
    status: 'TERMINATED',
    options: {},
    end: (handle) => handle.terminate('the test says so'),
  },
  {
    what: 'was cancelled by the button of Temporal',
    status: 'CANCELLED',
    options: {},
    end: (handle) => handle.cancel(),
  },
  {
    what: 'timed out',
    status: 'TIMED_OUT',
    options: { workflowExecutionTimeout: '12s' },
    end: () => Promise.resolve(),
  },
];

describe('a start', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await createRig();
  });
  afterEach(() => rig?.forget());
  afterAll(() => rig?.close());

  it.each(ENDS)(
    'after a workflow that $what goes on at the first unfinished batch',
    async ({ status, options, end }) => {
      const former = await rig.standstill(options);
      const [before] = await rig.runs();
      await end(former);
      await eventually(status, async () => (await former.describe()).status.name === status);
      expect(await rig.runs()).toEqual([{ run: before!.run, epoch: 1, state: 'open', owner: former.workflowId }]);
      expect(await rig.states()).toEqual(STANDSTILL);

      const next = await rig.start();
      await rig.epoch(2);
      rig.letGo();
      const result = await next.result();
      expect(result.run).toBe(before!.run);
      await rig.expectWhole(result);
      expect(stepsByBatch(await next.fetchHistory())).toEqual(LEFT);
      expect(await rig.runs()).toEqual([{ run: before!.run, epoch: 2, state: 'finished', owner: next.workflowId }]);
      expect(await rig.outcomes()).toEqual(['opened', 'took_over']);
    },
  );

  it('by a schedule that meets a living owner completes as missed, on record, and the schedule goes on', async () => {
    const owner = await rig.standstill();
    const scheduleId = `schedule-${randomUUID()}`;
    const schedule = await rig.temporal.client.schedule.create({
      scheduleId,
      spec: {},
      policies: { pauseOnFailure: true },
      action: {
        type: 'startWorkflow',
        workflowType: 'migrate',
        workflowId: scheduleId,
        taskQueue: rig.taskQueue,
        args: [{ migration: 'case-states' }],
      },
    });
    try {
      await schedule.trigger();
      const taken = async () => (await schedule.describe()).info.recentActions[0]?.action.workflow;
      await eventually('a scheduled start', async () => (await taken()) !== undefined);
      const { workflowId } = (await taken())!;
      const outcome: unknown = await rig.temporal.client.workflow.getHandle(workflowId).result();
      expect(outcome).toEqual({
        outcome: 'missed',
        cause: expect.stringContaining(`owned by workflow ${owner.workflowId}, which is running`) as string,
      });
      const starts = await rig.engine.onTarget(
        'SELECT workflow, schedule, outcome, run_id FROM carryover.starts ORDER BY start_id',
      );
      expect(starts.slice(1)).toEqual([
        { workflow: workflowId, schedule: scheduleId, outcome: 'missed', run_id: null },
      ]);
      // With the start's end the schedule knows whether it failed, and would pause.
      await eventually(
        'a schedule that has heard of the end',
        async () => (await schedule.describe()).info.runningActions.length === 0,
      );
      expect((await schedule.describe()).state.paused).toBe(false);
    } finally {
      await schedule.delete();
    }
    rig.letGo();
    await rig.expectWhole(await owner.result());
  });
});

describe('two starts at once', () => {
  const ROUNDS = 50;
  const GATE = 46;

  let engine: Engine;
  let temporal: TemporalClient;
  let worker: RunningWorker;
  beforeAll(async () => {
    [engine, temporal] = await Promise.all([createEngine({ sample: { rows: 12 } }), connectTemporal()]);
    worker = await startWorker(engine, temporal);
    // No run ends while the test holds the lock: one that had ended would make the later start another full run.
    await engine.onTarget(`
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(${GATE});
  RETURN NEW;
END $$;
CREATE TRIGGER wait BEFORE UPDATE ON carryover.runs FOR EACH ROW WHEN (NEW.state = 'finished') EXECUTE FUNCTION wait()`);
  });
  afterAll(async () => {
    await worker?.stop();
    await temporal?.close();
    await engine?.drop();
  });

  it(`are one run to its end and one refusal, ${ROUNDS} times`, async () => {
    const gate = await engine.pool.connect();
    try {
      for (let round = 1; round <= ROUNDS; round += 1) {
        await gate.query('SELECT pg_advisory_lock($1)', [GATE]);
        const start = () => temporal.start(worker.taskQueue, { migration: 'case-states' });
        const both = await Promise.all([start(), start()]);
        await eventually(`two decisions in round ${round}`, async () => {
          const starts = await engine.onTarget('SELECT 1 FROM carryover.starts');
          return starts.length === 2 * round;
        });
        await gate.query('SELECT pg_advisory_unlock($1)', [GATE]);

        const outcomes = await Promise.allSettled(both.map((handle) => handle.result()));
        expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
        const won = outcomes.findIndex(({ status }) => status === 'fulfilled');
        const failure = await failureOf(both[1 - won]!);
        expect(failure.type).toBe('AlreadyRunning');
        expect(failure.message).toContain(`owned by workflow ${both[won]!.workflowId}, which is running`);
        const runs = await engine.onTarget('SELECT state, epoch, owner_workflow AS owner FROM carryover.runs');
        expect(runs).toHaveLength(round);
        expect(runs).toContainEqual({ state: 'finished', epoch: 1, owner: both[won]!.workflowId });
      }
    } finally {
      gate.release(true);
    }
    const [ends] = await engine.onTarget(`SELECT count(*) FILTER (WHERE outcome = 'opened')::int AS opened,
      count(*) FILTER (WHERE outcome = 'refused')::int AS refused FROM carryover.starts`);
    expect(ends).toEqual({ opened: ROUNDS, refused: ROUNDS });
  }, 180_000);
});
