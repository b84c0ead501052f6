/** A worker process that stops where it is told to, to be killed, stopped or let go there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Point } from '../../../database/points';
import type { Mapping } from '../../../mappings/mapping';
import node from '../../../worker/process.json';
import { cleanEnvironment } from '../../support/servers';

export type Moment = 'before' | 'after';

export interface Place {
  readonly point: Point;
  readonly moment: Moment;
}

/** Where a worker stops, or where its statement fails in place of being sent. */
export interface Stop extends Place {
  /** Which passage, counted from 1. */
  readonly nth: number;
  /** Code of the error that the statement fails with. */
  readonly fail?: string;
  /** Milliseconds that the statement waits; without either the worker holds there until it is told to go on. */
  readonly delay?: number;
}

export interface Passed extends Place {
  readonly activity: string | null;
}

export interface WorkerOptions {
  readonly temporal: string;
  readonly sourceUrl: string;
  readonly targetUrl: string;
  readonly taskQueue: string;
  readonly reportsDir: string;
  readonly mappings: readonly Mapping[];
  readonly stops?: readonly Stop[];
  /** Told each point that is passed, and by which attempt of an activity; null where by none. */
  readonly trace?: (passed: Passed) => void;
}

export interface RigWorker {
  readonly pid: number;
  /** Resolves when it holds at a stop. */
  readonly held: Promise<Place>;
  /** Lets it go on from where it holds. */
  go(): void;
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void;
  /** Resolves with its exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  log(): string;
}

type Word = { readonly kind: 'armed' } | ({ readonly kind: 'held' } & Place) | ({ readonly kind: 'passed' } & Passed);

// Not worker.mjs: whoever looks for worker would find that one first.
const SCRIPT = join(__dirname, 'worker-process.mjs');

/** Resolves when the worker is ready. */
export async function startRigWorker(options: WorkerOptions): Promise<RigWorker> {
  const child = spawn(process.execPath, [...node.args, SCRIPT], {
    env: cleanEnvironment({
      ...node.env,
      TEMPORAL_ADDRESS: options.temporal,
      TEMPORAL_CONFIG_FILE: join(options.reportsDir, 'no-profile.toml'),
      CARRYOVER_SOURCE_URL: options.sourceUrl,
      CARRYOVER_TARGET_URL: options.targetUrl,
      CARRYOVER_TASK_QUEUE: options.taskQueue,
      CARRYOVER_REPORTS_DIR: options.reportsDir,
      RIG_MAPPINGS: JSON.stringify(options.mappings),
    }),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let log = '';
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  let hold!: (place: Place) => void;
  const held = new Promise<Place>((resolve) => (hold = resolve));
  child.on('message', (word: Word) => {
    if (word.kind === 'held') hold(word);
    else if (word.kind === 'passed') options.trace?.(word);
  });
  const ready = new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      log += chunk.toString();
      if (log.includes('worker ready')) resolve();
    };
    child.stdout!.on('data', hear);
    child.stderr!.on('data', hear);
    child.once('close', (code) => reject(new Error(`the worker ended (${code}):\n${log}`)));
  });
  const armed = once(child, 'message');
  child.send({ kind: 'stops', stops: options.stops ?? [], traced: options.trace !== undefined });
  await Promise.all([armed, ready]);
  return {
    pid: child.pid!,
    held,
    go: () => child.connected && child.send({ kind: 'go' }),
    signal: (signal) => void child.kill(signal),
    ended,
    log: () => log,
  };
}
