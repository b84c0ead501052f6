/** A worker that dies in mid-run loses nothing, and nothing is written twice. */
import { randomUUID } from 'node:crypto';
import { createEngine, eventually } from '../support/engine';
import type { Engine } from '../support/engine';
import { connectTemporal, createLimitedLogins, startWorkerProcess } from '../support/worker';
import type { LimitedLogins, TemporalClient, WorkerProcess } from '../support/worker';

const ROWS = 20_000;
const BATCHES = 20;

/** Rows above the gate wait in the middle of their load for as long as the test holds this lock. */
const GATE = 42;

let engine: Engine;
let temporal: TemporalClient;
let logins: LimitedLogins;
const workers: WorkerProcess[] = [];
let releaseGate = (): void => undefined;

beforeAll(async () => {
  [engine, temporal] = await Promise.all([createEngine({ sample: { rows: ROWS } }), connectTemporal()]);
  logins = await createLimitedLogins(engine);
  const [gate] = await engine.onSource(
    `SELECT id FROM dispatch_state ORDER BY id LIMIT 1 OFFSET ${(ROWS / BATCHES) * 6.5}`,
  );
  // Each write of the target is noted outside of it, by the rights of the test.
  await engine.onTarget(`
CREATE SCHEMA watch;
CREATE TABLE watch.writes (legacy_id bigint NOT NULL, kind text NOT NULL);
CREATE FUNCTION watch.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF coalesce(NEW.legacy_id, OLD.legacy_id) >= ${gate!.id} THEN
    PERFORM pg_advisory_xact_lock_shared(${GATE});
  END IF;
  INSERT INTO watch.writes VALUES (coalesce(NEW.legacy_id, OLD.legacy_id), TG_OP);
  RETURN NULL;
END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON public.case_states FOR EACH ROW EXECUTE FUNCTION watch.note()`);
});

afterAll(async () => {
  releaseGate();
  for (const worker of workers) await worker.end('SIGKILL');
  await temporal?.close();
  await logins?.drop();
  await engine?.drop();
});

async function worker(taskQueue: string): Promise<WorkerProcess> {
  const started = await startWorkerProcess(logins, taskQueue, engine.reportsDir);
  workers.push(started);
  return started;
}

async function loadedBatches(): Promise<number> {
  const [row] = await engine.onTarget<{ batches: number }>(
    'SELECT count(*)::int AS batches FROM carryover.batches WHERE loaded_at IS NOT NULL',
  );
  return row!.batches;
}

async function waiting(): Promise<number> {
  const [row] = await engine.onTarget<{ backends: number }>(
    `SELECT count(*)::int AS backends FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [GATE],
  );
  return row!.backends;
}

describe('kill -9 of the worker in the middle of 20 batches', () => {
  it('ends proven under another worker, each row written exactly once', async () => {
    const taskQueue = `kill-${randomUUID()}`;
    const first = await worker(taskQueue);
    const gate = await engine.pool.connect();
    releaseGate = () => {
      releaseGate = () => undefined;
      gate.release(true);
    };
    await gate.query('SELECT pg_advisory_lock($1)', [GATE]);
    const handle = await temporal.start(taskQueue, { migration: 'case-states', batchRows: ROWS / BATCHES });
    await eventually('two loads that wait in mid-transaction', async () => (await waiting()) === 2);
    await first.end('SIGKILL');
    expect(await loadedBatches()).toBe(6);
    await worker(taskQueue);
    // What the dead worker has begun goes on in the server until here, or until a newer attempt ends it.
    releaseGate();

    const result = await handle.result();
    expect(result).toMatchObject({ source: ROWS, pending: 0, findings: 0, verdict: 'proven_with_exceptions' });
    expect(result.inserted + result.quarantined).toBe(ROWS);
    expect(result.updated + result.unchanged).toBe(0);

    const [writes] = await engine.onTarget(
      `SELECT count(*)::int AS writes, count(DISTINCT legacy_id)::int AS rows,
              count(*) FILTER (WHERE kind <> 'INSERT')::int AS others FROM watch.writes`,
    );
    expect(writes).toEqual({ writes: result.inserted, rows: result.inserted, others: 0 });
    const [batches] = await engine.onTarget(
      `SELECT count(*)::int AS batches, count(*) FILTER (WHERE state = 'validated')::int AS validated,
              count(*) FILTER (WHERE attempts > 6)::int AS again FROM carryover.batches`,
    );
    expect(batches).toEqual({ batches: BATCHES, validated: BATCHES, again: 2 });
    const stages = await engine.onTarget(`SELECT 1 FROM pg_tables WHERE schemaname = 'carryover_stage'`);
    expect(stages).toEqual([]);
    const [keys] = await engine.onTarget<{ keys: number }>(
      'SELECT sum(cardinality(legacy_keys))::int AS keys FROM carryover.inserted_keys',
    );
    expect(keys!.keys).toBe(result.inserted);
  }, 120_000);
});
