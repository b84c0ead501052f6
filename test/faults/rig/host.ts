/** A process with a worker that many runs share, which dies, or is stopped, under all of them at once. */
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import node from '../../../worker/process.json';
import { cleanEnvironment } from '../../support/servers';
import type { Moment, Place, Stop, WorkerOptions } from './worker';
import type { Point } from '../../../database/points';

/** A run, by the name of its pair, with which the ids of its workflows begin. */
export interface HostedOptions extends Omit<WorkerOptions, 'temporal' | 'trace' | 'taskQueue' | 'stops'> {
  readonly name: string;
  readonly stops: readonly Stop[];
}

export interface HostedRun {
  /** Resolves when it holds at a stop. */
  readonly held: Promise<Place>;
  /** Lets it go on from where it holds. */
  go(): void;
}

export interface Host {
  readonly pid: number;
  /** Of its own; it serves that of another too when it is told to. */
  readonly taskQueue: string;
  /** Resolves when its worker polls a task queue. */
  serve(taskQueue: string): Promise<void>;
  /** Ends its worker on a task queue. */
  leave(taskQueue: string): Promise<void>;
  /** Connects to the pair of a run, before it serves the run's task queue. */
  open(options: HostedOptions): Promise<HostedRun>;
  /** Lets go of a run's pair, so that it may be dropped; nothing where it has not opened it. */
  close(name: string): Promise<void>;
  /** True where it lives, and no pair is open. */
  readonly isEmpty: boolean;
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void;
  /** Resolves with its exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  /** What it logged of the workflows of one run, and of none. */
  logOf(name: string): string;
}

/** `name` is that of a run, or a task queue. */
interface Word {
  readonly kind: 'served' | 'left' | 'opened' | 'held' | 'closed';
  readonly name: string;
  readonly point: Point;
  readonly moment: Moment;
}

const CLOSE_WITHIN_MS = 30_000;

const SCRIPT = join(__dirname, 'host-process.mjs');

/** Resolves when it serves its own task queue. */
export async function startHost(temporal: string): Promise<Host> {
  const child = spawn(process.execPath, [...node.args, SCRIPT], {
    env: cleanEnvironment({ ...node.env, TEMPORAL_ADDRESS: temporal }),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let log = '';
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const waiting = new Map<string, (place: Place) => void>();
  const on = (kind: Word['kind'], name: string): Promise<Place> =>
    new Promise((resolve) => waiting.set(`${kind} ${name}`, resolve));
  child.on('message', ({ kind, name, point, moment }: Word) => waiting.get(`${kind} ${name}`)?.({ point, moment }));
  const died = ended.then((code): never => {
    throw new Error(`the worker ended (${code}):\n${log.slice(-4_000)}`);
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
  const host: Host = {
    pid: child.pid!,
    taskQueue: `rig-${randomBytes(6).toString('hex')}`,
    serve: async (taskQueue) => {
      const served = on('served', taskQueue);
      child.send({ kind: 'serve', taskQueue });
      await Promise.race([served, died]);
    },
    leave: async (taskQueue) => {
      if (!child.connected) return;
      const left = on('left', taskQueue);
      child.send({ kind: 'leave', taskQueue });
      await Promise.race([left, ended]);
      for (const kind of ['served', 'left'] as const) waiting.delete(`${kind} ${taskQueue}`);
    },
    open: async (options) => {
      const { name } = options;
      open.add(name);
      const opened = on('opened', name);
      const held = on('held', name);
      child.send({ kind: 'open', ...options });
      await Promise.race([opened, died]);
      return { held, go: () => child.connected && child.send({ kind: 'go', name }) };
    },
    close: async (name) => {
      if (!child.connected || !open.has(name)) return;
      const closed = on('closed', name).then(() => open.delete(name));
      child.send({ kind: 'close', name });
      await Promise.race([closed, ended, sleep(CLOSE_WITHIN_MS, undefined, { ref: false })]);
      for (const kind of ['opened', 'held', 'closed'] as const) waiting.delete(`${kind} ${name}`);
    },
    get isEmpty() {
      return child.connected && open.size === 0;
    },
    signal: (signal) => void child.kill(signal),
    ended,
    logOf: (name) =>
      log
        .split('\n')
        .filter((line) => !line.includes('workflowId=') || line.includes(name))
        .slice(-12)
        .join('\n'),
  };
  await host.serve(host.taskQueue);
  return host;
}
