/** Composes a worker and runs it until it is told to stop. What it is given is all it knows: it reads no environment. */
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import type { Worker } from '@temporalio/worker';
import { ConfigError, requireUrls } from '../config';
import type { Config } from '../config';
import type { Interposer } from '../database/interposer';
import { openSource } from '../database/source/open-source';
import { openTarget } from '../database/target/open-target';
import { catalog as shipped } from '../mappings/catalog';
import type { Catalog } from '../mappings/catalog';
import { bundlePath } from './build-bundle';
import { ACTIVITY_SLOTS, createWorker } from './create-worker';
import { announceDatabases, within } from './health';
import { installRuntime, peakMemory } from './log';
import { freeLoopbackAddress } from './metrics';
import { createPorts } from './ports';
import { onStopSignal } from './stop-signals';
import { createTemporal } from './temporal';
import { createWatch, startEndpoints } from './watch';

/** Small questions to the source at once; long reads have connections of their own. */
const SOURCE_CONNECTIONS = 4;

/** Milliseconds for the connections to close: a server that hangs must not keep a worker that has stopped. */
const CLOSE_MS = 5_000;

export interface RunWorkerOptions {
  readonly config: Config;
  /** Holds up or breaks the statements of the steps, as a test of what dies in between wants it. */
  readonly interposer?: Interposer;
  /** The mappings it can run; those of `mappings/` unless given. */
  readonly catalog?: Catalog;
}

/**
 * Returns when the worker has stopped in order: its steps ended or rolled back, its connections closed.
 *
 * @throws ConfigError where a setting keeps it from starting
 */
export async function runWorker({ config, interposer, catalog = shipped }: RunWorkerOptions): Promise<void> {
  const urls = requireUrls(config);
  const metricsAddress = config.httpAddress === undefined ? undefined : await freeLoopbackAddress();
  const logger = installRuntime(metricsAddress);
  const connection = await connectTemporal(config);
  const { namespace } = config.temporal;

  const stopping = new AbortController();
  const letGoOfSignals = onStopSignal((signal) => {
    const grace = `steps in hand have ${config.shutdownGrace} s to end, then they are rolled back`;
    logger.info(`The worker stops on ${signal}: ${grace}.`);
    stopping.abort();
  });
  const source = openSource(urls.sourceUrl, SOURCE_CONNECTIONS, interposer);
  const target = openTarget(urls.targetUrl, ACTIVITY_SLOTS + 2, interposer);
  const watch = createWatch(urls, connection);
  const closing = [() => source.close(), () => target.end(), watch.close];
  try {
    const temporal = createTemporal(new Client({ connection, namespace }));
    const worker = await createWorker(
      {
        connection,
        namespace,
        taskQueue: config.taskQueue,
        workflowBundle: { codePath: bundlePath(join(__dirname, '..')) },
        shutdownGrace: config.shutdownGrace,
      },
      createPorts({ source, target, temporal, catalog, reportsDir: config.reportsDir, ...urls }),
    );
    if (config.httpAddress !== undefined && metricsAddress !== undefined) {
      closing.unshift(await startEndpoints(config.httpAddress, { watch, worker, metricsAddress, catalog }));
    }
    const running = runUntil(worker, stopping.signal);
    process.stdout.write('worker ready\n');
    void announceDatabases(watch.probes, urls, logger, stopping.signal);
    await running;
  } finally {
    stopping.abort();
    await within(CLOSE_MS, Promise.allSettled(closing.map((close) => close()))).catch(() => undefined);
    await connection.close().catch(() => undefined);
    process.stderr.write(`worker peak memory (VmHWM): ${peakMemory()}\n`);
    letGoOfSignals();
  }
}

/** The one connection to Temporal; it comes back by itself when Temporal does. */
async function connectTemporal(config: Config): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect(config.temporal.connectionOptions);
  } catch {
    throw new ConfigError([
      `Temporal cannot be reached at ${config.temporal.address}: is it up? TEMPORAL_ADDRESS or the profile says where`,
    ]);
  }
}

async function runUntil(worker: Worker, stop: AbortSignal): Promise<void> {
  const shutdown = (): void => {
    if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const running = worker.run();
  stop.addEventListener('abort', shutdown);
  if (stop.aborted) shutdown();
  await running;
}
