import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import pg from 'pg';
import { installSchema } from '../../database/schema/install';
import type { Databases } from '../support/databases';
import { createDatabases } from '../support/databases';
import { services } from '../support/servers';
import { carryover, testSettings } from './cli-run';
import { SCRIPT } from './cli-stub-workflow';

let databases: Databases;
let settings: NodeJS.ProcessEnv;
let connection: Connection;
let stopWorker: () => Promise<void>;

beforeAll(async () => {
  databases = await createDatabases();
  await installSchema(databases.targetUrl);
  settings = testSettings({ CARRYOVER_TARGET_URL: databases.targetUrl });
  const { address } = services().temporal;
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection: native,
    taskQueue: settings.CARRYOVER_TASK_QUEUE!,
    workflowsPath: require.resolve('./cli-stub-workflow'),
    // The command line wants to see a worker for activities as well.
    activities: { none: () => Promise.resolve() },
  });
  const running = worker.run();
  stopWorker = async () => {
    worker.shutdown();
    await running;
    await native.close();
  };
});
afterAll(async () => {
  await stopWorker();
  await connection.close();
  await databases.drop();
});

const start = (script: number, ...more: string[]) =>
  carryover(
    ['start', 'case-states', '--batch-rows', String(script), '--workflow-id', `cli-${randomUUID()}`, ...more],
    settings,
  );

it('starts the workflow with its input, summary and search attribute, and returns at once', async () => {
  const workflowId = `cli-${randomUUID()}`;
  const args = ['start', 'case-states', '--batch-rows', '4', '--workflow-id', workflowId];
  const said = await carryover([...args, '--json'], settings);
  expect(said.code).toBe(0);
  expect(said.err).toBe('');
  const started = said.json();
  expect(started).toMatchObject({ migration: 'case-states', workflowId, namespace: 'default' });

  const handle = new Client({ connection }).workflow.getHandle(workflowId);
  const description = await handle.describe();
  expect(description.type).toBe('migrate');
  expect(description.runId).toBe(started.runId);
  expect(await description.staticSummary()).toBe('Carryover: case-states');
  expect(description.searchAttributes.CarryoverMigration).toEqual(['case-states']);
  const [first] = (await handle.fetchHistory()).events!;
  const [payload] = first!.workflowExecutionStartedEventAttributes!.input!.payloads!;
  expect(JSON.parse(Buffer.from(payload!.data!).toString())).toEqual({ migration: 'case-states', batchRows: 4 });

  const again = await carryover(args, settings);
  expect(again.code).toBe(1);
  expect(again.err).toMatch(new RegExp(`The workflow "${workflowId}" is running already; nothing was started`));
  await handle.terminate();
});

it('waits, shows progress in lines where there is no terminal, and ends by the verdict', async () => {
  const said = await start(SCRIPT.proven, '--wait');
  expect(said.code).toBe(0);
  expect(said.err).toMatch(/case-states run 1 running: 100 of 300 rows \(33 %\)/);
  expect(said.err).toMatch(/Batch 2 is parked: load: a trigger refused it/);
  expect(said.err.match(/Batch 2 is parked/g)).toHaveLength(1);
  // Without a report in the ledger the headline has to do.
  expect(said.out).toMatch(/^case-states: proven with exceptions. 300 source rows = 290 loaded .* 10 quarantined/);
});

it('prints the report that the ledger keeps, in one JSON document', async () => {
  const client = new pg.Client({ connectionString: databases.targetUrl });
  await client.connect();
  await client.query(
    `INSERT INTO carryover.runs (migration, mode, state, fingerprint, input, batch_rows, concurrency, estimated_rows,
       target_rows_before, owner_cluster, owner_namespace, owner_workflow, owner_first_run, owner_current_run,
       source_identity, target_identity, finished_at, verdict, report)
     VALUES ('case-states', 'full', 'finished', 'f', '{}', 1, 1, 300, 0, 'c', 'n', 'w', 'r', 'r', '{}', '{}', now(),
       'not_proven', '{"migration": "case-states", "run": "1", "verdict": "not_proven"}')`,
  );
  await client.query(
    `INSERT INTO carryover.batches (run_id, batch, to_key, source, pending) VALUES (1, 1, '[1]', 300, 300)`,
  );
  await client.query(`UPDATE carryover.batches SET state = 'parked', cause = 'difference'`);
  await client.end();
  const said = await start(SCRIPT.notProven, '--wait', '--json');
  expect(said.code).toBe(2);
  const document = said.json<{ verdict: string; report: { run: string } }>();
  expect([document.verdict, document.report.run]).toEqual(['not_proven', '1']);
  expect(said.err).toMatch(/ended not proven: 3 findings/);

  const status = await carryover(['status', '--json'], settings);
  expect(status.code).toBe(2);
  expect(status.json<{ runs: object[] }>().runs).toMatchObject([
    { run: '1', verdict: 'not_proven', balance: { source: 300, pending: 300 }, batches: { parked: 1 } },
  ]);
  expect((await carryover(['status'], settings)).out).toMatch(/run 1, not proven[\s\S]*parked {4}batch 1: difference/);
});

it('tells the failure of a run in its own words, without a stack', async () => {
  const said = await start(SCRIPT.refused, '--wait');
  expect(said.code).toBe(1);
  expect(said.err).toMatch(/case-states failed \(PreflightFailed\): SELECT is missing/);
  expect(said.err).not.toMatch(/^\s+at /m);
});

it('leaves the run running when it is interrupted, and says how to watch it', async () => {
  const interrupt = new AbortController();
  const workflowId = `cli-${randomUUID()}`;
  const waiting = carryover(
    ['start', 'case-states', '--batch-rows', String(SCRIPT.endless), '--workflow-id', workflowId, '--wait'],
    settings,
    interrupt.signal,
  );
  setTimeout(() => interrupt.abort(), 3_000);
  const said = await waiting;
  expect(said.code).toBe(130);
  expect(said.err).toMatch(new RegExp(`goes on without this command: workflow ${workflowId}. .*carryover status`));
  const handle = new Client({ connection }).workflow.getHandle(workflowId);
  expect((await handle.describe()).status.name).toBe('RUNNING');
  await handle.terminate();
});
