#!/usr/bin/env node
/** The worker process: reads the settings, opens what it needs, runs, closes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { ConfigError, loadConfig, requireUrls } from '../config';
import { openSource } from '../database/source/open-source';
import { openTarget } from '../database/target/open-target';
import { catalog } from '../mappings/catalog';
import { bundlePath } from './build-bundle';
import { ACTIVITY_SLOTS, createWorker } from './create-worker';
import { createPorts } from './ports';
import { createTemporal } from './temporal';

/** Peak resident memory of this process in MB, where the system tells. */
function peakMemory(): string {
  try {
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'));
    return peak === null ? 'unknown' : `${Math.round(Number(peak[1]) / 1024)} MB`;
  } catch {
    return 'unknown';
  }
}

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const { sourceUrl, targetUrl } = requireUrls(config);
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, timestampNanos, meta }) => {
      const at = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
      process.stderr.write(`${at} ${level} ${message} ${describe(meta)}\n`);
    }),
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
  });
  const connection = await NativeConnection.connect(config.temporal.connectionOptions).catch(() => {
    const { address } = config.temporal;
    throw new ConfigError([
      `Temporal cannot be reached at ${address}: is it up? TEMPORAL_ADDRESS or the profile says where`,
    ]);
  });
  const clientConnection = await Connection.connect(config.temporal.connectionOptions);
  const source = openSource(sourceUrl);
  const target = openTarget(targetUrl, ACTIVITY_SLOTS + 2);
  try {
    const client = new Client({ connection: clientConnection, namespace: config.temporal.namespace });
    const worker = await createWorker(
      {
        connection,
        namespace: config.temporal.namespace,
        taskQueue: config.taskQueue,
        workflowBundle: { codePath: bundlePath(join(__dirname, '..')) },
      },
      createPorts({
        source,
        target,
        temporal: createTemporal(client),
        catalog,
        reportsDir: config.reportsDir,
        sourceUrl,
        targetUrl,
      }),
    );
    const running = worker.run();
    process.stdout.write('worker ready\n');
    await running;
  } finally {
    await Promise.allSettled([source.close(), target.end(), clientConnection.close(), connection.close()]);
    process.stderr.write(`worker peak memory (VmHWM): ${peakMemory()}\n`);
  }
}

/** Fields that tell where a line belongs; errors by their message alone, which holds no row value. */
function describe(meta: unknown): string {
  const fields = (meta ?? {}) as Record<string, unknown>;
  const kept = ['workflowType', 'workflowId', 'runId', 'activityType', 'activityId', 'attempt', 'taskQueue', 'frames'];
  const told = kept.filter((name) => fields[name] !== undefined).map((name) => `${name}=${String(fields[name])}`);
  const { error } = fields;
  if (error instanceof Error) told.push(`error=${JSON.stringify(`${error.name}: ${error.message}`)}`);
  return told.join(' ');
}

main().catch((error: unknown) => {
  const message = error instanceof ConfigError ? error.message : `The worker stopped: ${(error as Error).message}`;
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
});
