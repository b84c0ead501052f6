/** A process with a worker for each of many runs, which dies, or is stopped, under all of them at once. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import node from '../../../worker/process.json';
import { cleanEnvironment } from '../../support/servers';
import type { Moment, Place, WorkerOptions } from './worker';
import type { Point } from '../../../database/points';

export type HostedOptions = Omit<WorkerOptions, 'temporal' | 'trace'>;

export interface HostedWorker {
  /** Resolves when it holds at a stop. */
  readonly held: Promise<Place>;
  /** Lets it go on from where it holds. */
  go(): void;
}

export interface Host {
  readonly pid: number;
  /** Resolves when the worker is there. */
  open(options: HostedOptions): Promise<HostedWorker>;
  /** Ends the worker of a task queue, so that its databases may go; nothing where it has none. */
  close(taskQueue: string): Promise<void>;
  /** True where it lives, and no worker is open. */
  readonly isEmpty: boolean;
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void;
  /** Resolves with its exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  /** What it logged of one task queue, and of none. */
  logOf(taskQueue: string): string;
}

interface Word {
  readonly kind: 'opened' | 'held' | 'passed' | 'closed';
  readonly taskQueue: string;
  readonly point: Point;
  readonly moment: Moment;
}

const CLOSE_WITHIN_MS = 30_000;

const SCRIPT = join(__dirname, 'host-process.mjs');

/** Resolves when it is ready to open workers. */
export async function startHost(temporal: string): Promise<Host> {
  const child = spawn(process.execPath, [...node.args, SCRIPT], {
    env: cleanEnvironment({ ...node.env, TEMPORAL_ADDRESS: temporal }),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let log = '';
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const waiting = new Map<string, (place: Place) => void>();
  const on = (kind: Word['kind'], taskQueue: string): Promise<Place> =>
    new Promise((resolve) => waiting.set(`${kind} ${taskQueue}`, resolve));
  child.on('message', ({ kind, taskQueue, point, moment }: Word) =>
    waiting.get(`${kind} ${taskQueue}`)?.({ point, moment }),
  );
  const died = ended.then((code): never => {
    throw new Error(`the workers ended (${code}):\n${log.slice(-4_000)}`);
  });
  died.catch(() => undefined);
  // Told to one that has died: whoever waits for an answer hears of that.
  child.on('error', () => undefined);
  const ready = new Promise<void>((resolve) => {
    const hear = (chunk: Buffer): void => {
      log += chunk.toString();
      if (log.includes('worker ready')) resolve();
    };
    child.stdout!.on('data', hear);
    child.stderr!.on('data', hear);
  });
  await Promise.race([ready, died]);
  const open = new Set<string>();
  return {
    pid: child.pid!,
    open: async (options) => {
      const { taskQueue } = options;
      open.add(taskQueue);
      const opened = on('opened', taskQueue);
      const held = on('held', taskQueue);
      child.send({ kind: 'open', traced: false, stops: [], ...options });
      await Promise.race([opened, died]);
      return { held, go: () => child.connected && child.send({ kind: 'go', taskQueue }) };
    },
    close: async (taskQueue) => {
      if (!child.connected || !open.has(taskQueue)) return;
      const closed = on('closed', taskQueue).then(() => open.delete(taskQueue));
      child.send({ kind: 'close', taskQueue });
      await Promise.race([closed, ended, sleep(CLOSE_WITHIN_MS, undefined, { ref: false })]);
      for (const kind of ['opened', 'held', 'closed'] as const) waiting.delete(`${kind} ${taskQueue}`);
    },
    get isEmpty() {
      return child.connected && open.size === 0;
    },
    signal: (signal) => void child.kill(signal),
    ended,
    logOf: (taskQueue) =>
      log
        .split('\n')
        .filter((line) => !line.includes('taskQueue=') || line.includes(taskQueue))
        .slice(-12)
        .join('\n'),
  };
}
