/** One owner per migration: a second start is refused while the first lives, and takes over when it is gone. */
import { createEngine, eventually } from '../support/engine';
import type { Engine } from '../support/engine';
import { connectTemporal, failureOf, startWorker } from '../support/worker';
import type { MigrateHandle, RunningWorker, TemporalClient } from '../support/worker';

const BATCHES = 12;
const GATE = 43;

let engine: Engine;
let temporal: TemporalClient;
let worker: RunningWorker;
let releaseGate = (): void => undefined;
const handles: MigrateHandle[] = [];

beforeAll(async () => {
  [engine, temporal] = await Promise.all([createEngine({ sample: { rows: 1200 } }), connectTemporal()]);
  worker = await startWorker(engine, temporal);
  const [gate] = await engine.onSource('SELECT id FROM dispatch_state ORDER BY id LIMIT 1 OFFSET 450');
  // The fifth batch waits in its load for as long as the test holds the lock.
  await engine.onTarget(`
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(${GATE});
  RETURN NULL;
END $$;
CREATE TRIGGER wait AFTER INSERT ON case_states FOR EACH ROW WHEN (NEW.legacy_id >= ${gate!.id}) EXECUTE FUNCTION wait()`);
});

afterAll(async () => {
  releaseGate();
  for (const handle of handles) await handle.terminate('the test is over').catch(() => undefined);
  await worker?.stop();
  await temporal?.close();
  await engine?.drop();
});

async function start(): Promise<MigrateHandle> {
  const input = { migration: 'case-states', batchRows: 100, concurrency: 1 };
  const handle = await temporal.start(worker.taskQueue, input);
  handles.push(handle);
  return handle;
}

const runs = () =>
  engine.onTarget<{ run: string; epoch: number; state: string; owner: string }>(
    'SELECT run_id::text AS run, epoch, state, owner_workflow AS owner FROM carryover.runs ORDER BY run_id',
  );

const loaded = async (): Promise<number> =>
  (await engine.onTarget('SELECT 1 FROM carryover.batches WHERE loaded_at IS NOT NULL')).length;

describe('two workflows of the same migration', () => {
  it('are one that runs and one that fails, naming it; a third takes over once the first is terminated', async () => {
    const gate = await engine.pool.connect();
    releaseGate = () => {
      releaseGate = () => undefined;
      gate.release(true);
    };
    await gate.query('SELECT pg_advisory_lock($1)', [GATE]);
    const first = await start();
    await eventually('four loaded batches', async () => (await loaded()) === 4);

    const failure = await failureOf(await start());
    expect(failure.type).toBe('AlreadyRunning');
    expect(failure.message).toContain(`owned by workflow ${first.workflowId}, which is running`);
    const [before] = await runs();
    expect(await runs()).toEqual([{ run: before!.run, epoch: 1, state: 'open', owner: first.workflowId }]);

    await first.terminate('the test says so');
    const third = await start();
    await eventually('another owner', async () => (await runs())[0]!.epoch === 2);
    releaseGate();
    const result = await third.result();
    expect(result).toMatchObject({ run: before!.run, source: 1200, pending: 0, verdict: 'proven_with_exceptions' });
    expect(result.inserted + result.quarantined).toBe(1200);
    expect(await runs()).toEqual([{ run: before!.run, epoch: 2, state: 'finished', owner: third.workflowId }]);
    const batches = await engine.onTarget(`SELECT 1 FROM carryover.batches WHERE state = 'validated'`);
    expect(batches).toHaveLength(BATCHES);
  });

  it('that start at the same moment become one run and one refusal', async () => {
    const both = await Promise.all([start(), start()]);
    const outcomes = await Promise.allSettled(both.map((handle) => handle.result()));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const refused = both[outcomes.findIndex(({ status }) => status === 'rejected')]!;
    expect((await failureOf(refused)).type).toBe('AlreadyRunning');
    expect(await runs()).toHaveLength(2);
  });
});
