/** Workers over a test's own pair of databases: within the test, or as the process that the product ships. */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import type { Logger } from '@temporalio/worker';
import { catalog as shipped } from '../../mappings/catalog';
import type { Catalog } from '../../mappings/catalog';
import type { MigrateInput, MigrateResult } from '../../shared/messages';
import node from '../../worker/process.json';
import { createWorker } from '../../worker/create-worker';
import { createPorts } from '../../worker/ports';
import { createTemporal } from '../../worker/temporal';
import { documentedGrants } from '../database/preflight-fixture';
import { workflowBundle } from './bundle';
import type { Engine } from './engine';
import { cleanEnvironment, services } from './servers';

const ROOT = join(__dirname, '..', '..');

/** As a start by hand has it: only a schedule's start can be missed. */
export type Migrate = (input?: MigrateInput) => Promise<MigrateResult>;
export type MigrateHandle = WorkflowHandleWithFirstExecutionRunId<Migrate>;

export interface TemporalClient {
  readonly client: Client;
  /** Where it listens. */
  readonly address: string;
  /** Starts `migrate` on a task queue. */
  start(taskQueue: string, input: MigrateInput, workflowId?: string): Promise<MigrateHandle>;
  close(): Promise<void>;
}

export interface ClientSettings {
  /** That of the private Temporal unless given. */
  readonly address?: string;
  /** The one that every server has unless given. */
  readonly namespace?: string;
  /** Who it says it is; the SDK's own name for this process unless given. */
  readonly identity?: string;
}

/** A client of the private Temporal, or of another. */
export async function connectTemporal({
  address = services().temporal.address,
  namespace = 'default',
  identity,
}: ClientSettings = {}): Promise<TemporalClient> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace, ...(identity === undefined ? {} : { identity }) });
  return {
    client,
    address,
    // By name: the function itself would be loaded outside of the sandbox.
    start: (taskQueue, input, workflowId = `test-${randomUUID()}`) =>
      client.workflow.start<Migrate>('migrate', { workflowId, taskQueue, args: [input] }),
    close: () => connection.close(),
  };
}

export interface RunningWorker {
  readonly taskQueue: string;
  stop(): Promise<void>;
}

/** Takes what workers within this test file log; to be called before the first of them, once. */
export function installLogger(logger: Logger): void {
  Runtime.install({
    logger,
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
  });
  installed = true;
}

let installed = false;

/** A worker within the test, over the engine's databases and any catalogue. */
export async function startWorker(
  engine: Engine,
  { client, address }: TemporalClient,
  catalog: Catalog = shipped,
): Promise<RunningWorker> {
  if (!installed) installLogger(new DefaultLogger('ERROR'));
  const taskQueue = `test-${randomUUID()}`;
  const connection = await NativeConnection.connect({ address });
  const { source, target, reportsDir, sourceUrl, targetUrl } = engine;
  const temporal = createTemporal(client);
  const worker = await createWorker(
    { connection, namespace: client.options.namespace, taskQueue, workflowBundle: await workflowBundle() },
    createPorts({ source, target, temporal, catalog, reportsDir, sourceUrl, targetUrl }),
  );
  const running = worker.run();
  return {
    taskQueue,
    stop: async () => {
      worker.shutdown();
      await running;
      await connection.close();
    },
  };
}

export interface WorkerProcess {
  readonly child: ChildProcess;
  /** All that it has printed. */
  log(): string;
  /** Resolves with its exit code when it has ended; null where a signal killed it. */
  readonly ended: Promise<number | null>;
  /** Ends it at once, as an outage would, or in order. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>;
}

/**
 * The worker as users run it: `node dist/worker/main.js`, told by its environment alone. Resolves when it is ready.
 *
 * @param more settings beyond those that every worker of the tests needs, or in their place
 */
export async function startWorkerProcess(
  urls: { readonly sourceUrl: string; readonly targetUrl: string },
  taskQueue: string,
  reportsDir: string,
  more: NodeJS.ProcessEnv = {},
): Promise<WorkerProcess> {
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'build.mjs')], { stdio: 'pipe' });
  const child = spawn(process.execPath, [...node.args, join(ROOT, 'dist', 'worker', 'main.js')], {
    env: cleanEnvironment({
      ...node.env,
      TEMPORAL_ADDRESS: services().temporal.address,
      TEMPORAL_CONFIG_FILE: join(reportsDir, 'no-profile.toml'),
      CARRYOVER_SOURCE_URL: urls.sourceUrl,
      CARRYOVER_TARGET_URL: urls.targetUrl,
      CARRYOVER_TASK_QUEUE: taskQueue,
      CARRYOVER_REPORTS_DIR: reportsDir,
      ...more,
    }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      log += chunk.toString();
      if (log.includes('worker ready')) resolve();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('close', (code) => reject(new Error(`the worker ended (${code}):\n${log}`)));
  });
  return {
    child,
    log: () => log,
    ended,
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

export interface LimitedLogins {
  readonly sourceUrl: string;
  readonly targetUrl: string;
  drop(): Promise<void>;
}

/** The accounts that docs/privileges.md gives a worker, under names of this test. */
export async function createLimitedLogins(engine: Engine): Promise<LimitedLogins> {
  const name = randomBytes(4).toString('hex');
  const password = randomBytes(12).toString('hex');
  const database = new URL(engine.sourceUrl).pathname.slice(1);
  const [reader, worker] = [`reader_${name}`, `worker_${name}`];
  for (const grant of documentedGrants('source', {
    clinic: database,
    carryover_reader: reader,
    'change-me': password,
  })) {
    await engine.onSource(grant);
  }
  for (const grant of documentedGrants('target', {
    clinic: database,
    carryover_worker: worker,
    'change-me': password,
  })) {
    // What hides row values in a server's log needs a superuser: the private servers are set to do so anyway.
    if (!grant.startsWith('ALTER ROLE')) await engine.onTarget(grant);
  }
  const login = (url: string, user: string): string => {
    const own = new URL(url);
    [own.username, own.password] = [user, password];
    return own.href;
  };
  return {
    sourceUrl: login(engine.sourceUrl, reader),
    targetUrl: login(engine.targetUrl, worker),
    drop: async () => {
      await engine.onSource(`DROP USER '${reader}'@'%'`);
      await engine.onTarget(`DROP OWNED BY ${worker}`);
      await engine.onTarget(`DROP ROLE ${worker}`);
    },
  };
}

/** The failure that a workflow ends with, without wrapping. */
export async function failureOf(handle: MigrateHandle): Promise<{ type?: string | null; message: string }> {
  const outcome = await handle.result().then(
    (result: MigrateResult) => result,
    (error: unknown) => (error as { cause: { type?: string; message: string } }).cause,
  );
  if ('verdict' in outcome) throw new Error(`the workflow did not fail: ${JSON.stringify(outcome)}`);
  return outcome;
}
