/** A worker whose servers are not there, or go: it stays up, says so, and its runs go on by themselves. */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import type { migrate } from '../../workflows';
import { createEngine, eventually } from '../support/engine';
import type { Engine } from '../support/engine';
import { startOwnTemporal } from '../support/own-temporal';
import type { OwnTemporal } from '../support/own-temporal';
import { portOf, startTcpProxy, through } from '../support/tcp-proxy';
import type { TcpProxy } from '../support/tcp-proxy';
import { connectTemporal, createLimitedLogins, startWorkerProcess } from '../support/worker';
import type { LimitedLogins, TemporalClient, WorkerProcess } from '../support/worker';

let engine: Engine;
let temporal: TemporalClient;
let logins: LimitedLogins;
const ways: TcpProxy[] = [];
const workers: WorkerProcess[] = [];

beforeAll(async () => {
  [engine, temporal] = await Promise.all([createEngine({ sample: { rows: 400 } }), connectTemporal()]);
  logins = await createLimitedLogins(engine);
});

afterAll(async () => {
  for (const worker of workers) await worker.end('SIGKILL');
  for (const way of ways) await way.close();
  await temporal?.close();
  await logins?.drop();
  await engine?.drop();
});

const says = (worker: WorkerProcess, pattern: RegExp): Promise<void> =>
  eventually(`${pattern} in the worker's log`, () => Promise.resolve(pattern.test(worker.log())));

describe('a worker that is started while both databases are away', () => {
  it('stays up, says which side is away, and begins the run by itself when they are there', async () => {
    const [source, target] = await Promise.all([
      startTcpProxy(portOf(logins.sourceUrl), false),
      startTcpProxy(portOf(logins.targetUrl), false),
    ]);
    ways.push(source, target);
    const urls = { sourceUrl: through(logins.sourceUrl, source), targetUrl: through(logins.targetUrl, target) };
    const taskQueue = `away-${randomUUID()}`;
    const worker = await startWorkerProcess(urls, taskQueue, engine.reportsDir);
    workers.push(worker);
    await says(worker, /WARN The source \(.*\) cannot be used: nothing listens there.*keeps trying/);
    await says(worker, /WARN The target \(.*\) cannot be used: nothing listens there.*keeps trying/);

    const handle = await temporal.start(taskQueue, { migration: 'case-states' });
    await eventually('an attempt that failed', async () => {
      const [activity] = (await handle.describe()).raw.pendingActivities ?? [];
      return (activity?.attempt ?? 0) > 1;
    });
    await source.open();
    await says(worker, /INFO The source \(.*\) answers/);
    expect(worker.log()).not.toMatch(/INFO The target/);
    await target.open();
    await says(worker, /INFO The target \(.*\) answers/);
    expect(await handle.result()).toMatchObject({ pending: 0, findings: 0 });

    for (const url of [logins.sourceUrl, logins.targetUrl]) expect(worker.log()).not.toContain(new URL(url).password);
    expect(await worker.end('SIGTERM')).toBe(0);
  }, 120_000);
});

describe('a worker whose Temporal is restarted', () => {
  /** The load waits in its middle for as long as the test holds this lock. */
  const GATE = 44;
  let own: OwnTemporal | undefined;
  let connection: Connection | undefined;
  afterAll(async () => {
    await connection?.close();
    await own?.stop();
  });

  it('outlives it, and the run goes on, though a step ended while Temporal was away', async () => {
    await engine.onTarget(`
CREATE FUNCTION public.wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(${GATE});
  RETURN NULL;
END $$;
CREATE TRIGGER wait_at_gate AFTER INSERT OR UPDATE ON public.messages
  FOR EACH STATEMENT EXECUTE FUNCTION wait_at_gate()`);
    own = await startOwnTemporal();
    const taskQueue = `away-${randomUUID()}`;
    const worker = await startWorkerProcess(logins, taskQueue, engine.reportsDir, { TEMPORAL_ADDRESS: own.address });
    workers.push(worker);
    connection = await Connection.connect({ address: own.address });
    const workflow = { workflowId: taskQueue, taskQueue, args: [{ migration: 'messages' }] as [{ migration: string }] };
    await new Client({ connection }).workflow.start<typeof migrate>('migrate', workflow);
    await connection.close();
    const gate = await engine.pool.connect();
    try {
      await gate.query('SELECT pg_advisory_lock($1)', [GATE]);
      await eventually('a load at the gate', async () => (await waiting()) > 0);
      await own.stop();
    } finally {
      gate.release(true);
    }
    await eventually('a load that is committed', async () => (await states()).includes('loaded'));
    await own.start();

    connection = await Connection.connect({ address: own.address });
    const result: unknown = await new Client({ connection }).workflow.getHandle(taskQueue).result();
    expect(result).toMatchObject({ pending: 0, findings: 0 });
    expect(new Set(await states())).toEqual(new Set(['validated']));
    expect(worker.child.exitCode).toBeNull();
    expect(await worker.end('SIGTERM')).toBe(0);
  }, 150_000);

  const states = async (): Promise<string[]> =>
    (
      await engine.onTarget<{ state: string }>(
        `SELECT b.state FROM carryover.batches b JOIN carryover.runs USING (run_id) WHERE migration = 'messages'`,
      )
    ).map(({ state }) => state);

  const waiting = async (): Promise<number> =>
    (
      await engine.onTarget(
        `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        [GATE],
      )
    ).length;
});
