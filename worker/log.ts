/** What a worker process logs, and where: one line each on stderr, without a row value. */
import { readFileSync } from 'node:fs';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { Logger } from '@temporalio/worker';

/** Fields that tell where a line belongs. */
const KEPT = ['workflowType', 'workflowId', 'runId', 'activityType', 'activityId', 'attempt', 'taskQueue', 'frames'];

/** Errors by their message alone, which holds no row value. */
function describe(meta: unknown): string {
  const fields = (meta ?? {}) as Record<string, unknown>;
  const told = KEPT.filter((name) => fields[name] !== undefined).map((name) => `${name}=${String(fields[name])}`);
  const { error } = fields;
  if (error instanceof Error) told.push(`error=${JSON.stringify(`${error.name}: ${error.message}`)}`);
  return told.join(' ');
}

/**
 * Sets up the part of Temporal's SDK that a process has once.
 *
 * @param metricsAddress host:port where the SDK offers its metrics; nowhere without it
 * @returns where the worker's own lines go
 */
export function installRuntime(metricsAddress?: string): Logger {
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, timestampNanos, meta }) => {
      const at = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
      process.stderr.write(`${`${at} ${level} ${message} ${describe(meta)}`.trimEnd()}\n`);
    }),
    // The SDK lets go of the signals at the first one, and a second would kill: we keep them (worker/stop-signals.ts).
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
      ...(metricsAddress === undefined ? {} : { metrics: { prometheus: { bindAddress: metricsAddress } } }),
    },
  });
  return Runtime.instance().logger;
}

/** Peak resident memory of this process in MB, where the system tells. */
export function peakMemory(): string {
  try {
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'));
    return peak === null ? 'unknown' : `${Math.round(Number(peak[1]) / 1024)} MB`;
  } catch {
    return 'unknown';
  }
}
