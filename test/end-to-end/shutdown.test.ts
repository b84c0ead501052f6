/** A worker that is asked to stop: its steps end or roll back within the grace, and nothing of it is left. */
import { randomUUID } from 'node:crypto';
import type { PoolClient } from 'pg';
import { createEngine, eventually } from '../support/engine';
import type { Engine } from '../support/engine';
import { connectTemporal, createLimitedLogins, startWorkerProcess } from '../support/worker';
import type { LimitedLogins, MigrateHandle, TemporalClient, WorkerProcess } from '../support/worker';

/** Every load waits in its middle for as long as a test holds this lock. */
const GATE = 43;

/** Number of Temporal's enum PendingActivityState. */
const SCHEDULED = 1;

let engine: Engine;
let temporal: TemporalClient;
let logins: LimitedLogins;
let gate: PoolClient | undefined;
const workers: WorkerProcess[] = [];

beforeEach(async () => {
  [engine, temporal] = await Promise.all([createEngine({ sample: { rows: 400 } }), connectTemporal()]);
  logins = await createLimitedLogins(engine);
  await engine.onTarget(`
CREATE FUNCTION public.wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(${GATE});
  RETURN NULL;
END $$;
CREATE TRIGGER wait_at_gate AFTER INSERT ON public.case_states FOR EACH STATEMENT EXECUTE FUNCTION wait_at_gate()`);
});

afterEach(async () => {
  openGate();
  for (const worker of workers.splice(0)) await worker.end('SIGKILL');
  await temporal?.close();
  await logins?.drop();
  await engine?.drop();
});

async function closeGate(): Promise<void> {
  gate = await engine.pool.connect();
  await gate.query('SELECT pg_advisory_lock($1)', [GATE]);
}

function openGate(): void {
  gate?.release(true);
  gate = undefined;
}

async function worker(taskQueue: string, grace: number): Promise<WorkerProcess> {
  const more = { CARRYOVER_SHUTDOWN_GRACE: String(grace) };
  const started = await startWorkerProcess(logins, taskQueue, engine.reportsDir, more);
  workers.push(started);
  return started;
}

const isWaiting = async (): Promise<boolean> =>
  (
    await engine.onTarget(
      `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      [GATE],
    )
  ).length > 0;

/** Starts a run, and waits until its only load stands at the gate. */
async function runToTheGate(taskQueue: string): Promise<MigrateHandle> {
  await closeGate();
  const handle = await temporal.start(taskQueue, { migration: 'case-states' });
  await eventually('a load at the gate', isWaiting);
  return handle;
}

const stops = (process: WorkerProcess): Promise<void> =>
  eventually('a worker that stops', () => Promise.resolve(process.log().includes('The worker stops on SIGTERM')));

const batch = async () =>
  (
    await engine.onTarget<{ state: string; attempts: number; rows: number }>(
      `SELECT state, attempts, (SELECT count(*)::int FROM public.case_states) AS rows FROM carryover.batches`,
    )
  )[0];

/** Sessions of the workers' logins on both servers. */
async function sessions(): Promise<number> {
  const user = (url: string): string => new URL(url).username;
  const [target] = await engine.onTarget<{ sessions: number }>(
    'SELECT count(*)::int AS sessions FROM pg_stat_activity WHERE usename = $1',
    [user(logins.targetUrl)],
  );
  const [source] = await engine.onSource(
    'SELECT count(*) AS sessions FROM information_schema.processlist WHERE user = ?',
    [user(logins.sourceUrl)],
  );
  return target!.sessions + Number(source!.sessions);
}

describe('SIGTERM', () => {
  it('lets a load that ends within the grace commit, whoever asks again meanwhile', async () => {
    const taskQueue = `stop-${randomUUID()}`;
    const first = await worker(taskQueue, 30);
    const handle = await runToTheGate(taskQueue);
    first.child.kill('SIGTERM');
    await stops(first);
    first.child.kill('SIGTERM');
    first.child.kill('SIGINT');
    expect(await isWaiting()).toBe(true);
    openGate();
    expect(await first.ended).toBe(0);
    expect(await sessions()).toBe(0);
    const loaded = await batch();
    expect(loaded).toMatchObject({ state: 'loaded', attempts: 5 });
    expect(loaded!.rows).toBeGreaterThan(300);

    await worker(taskQueue, 30);
    expect(await handle.result()).toMatchObject({ pending: 0, inserted: loaded!.rows });
    // One attempt for each of the six steps: the load was not done again.
    expect(await batch()).toMatchObject({ state: 'validated', attempts: 6 });
  }, 120_000);

  it('rolls back a load that does not, and hands it to another worker at once', async () => {
    const taskQueue = `stop-${randomUUID()}`;
    const first = await worker(taskQueue, 2);
    const handle = await runToTheGate(taskQueue);
    const asked = Date.now();
    expect(await first.end('SIGTERM')).toBe(0);
    expect(Date.now() - asked).toBeGreaterThan(1_900);
    expect(Date.now() - asked).toBeLessThan(12_000);
    await eventually('no session of the worker', async () => (await sessions()) === 0, 2_000);
    expect(await batch()).toMatchObject({ state: 'running', rows: 0 });
    // Given back, and not left to the heartbeat time-out: it waits for a worker.
    const { pendingActivities } = (await handle.describe()).raw;
    expect(pendingActivities).toMatchObject([{ activityType: { name: 'load' }, attempt: 2, state: SCHEDULED }]);

    openGate();
    await worker(taskQueue, 2);
    expect(await handle.result()).toMatchObject({ pending: 0 });
    expect(await batch()).toMatchObject({ state: 'validated', attempts: 7 });
  }, 120_000);

  it('ends an idle worker within seconds', async () => {
    const idle = await worker(`stop-${randomUUID()}`, 30);
    await eventually('both databases looked at', () => Promise.resolve(/The target .* answers/.test(idle.log())));
    const asked = Date.now();
    expect(await idle.end('SIGTERM')).toBe(0);
    expect(Date.now() - asked).toBeLessThan(5_000);
    expect(await sessions()).toBe(0);
  }, 60_000);
});
