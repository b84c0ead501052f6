/** Carryover's own leg: a worker process of its own, and the clock from the workflow's start to its result. */
import node from '../worker/process.json';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Client } from '@temporalio/client';
import type { MigrateInput, MigrateResult } from '../shared/messages';
import { profileOf } from './profile';
import type { Profile } from './profile';
import { round } from './statistics';

export interface CarryoverTime {
  readonly seconds: number;
  readonly result: MigrateResult;
  /** VmHWM of the worker in MB; null where the system does not tell. */
  readonly peakMemory: number | null;
  readonly profile: Profile;
  /** A re-sync by the same worker right after, in which nothing has changed. */
  readonly resync: { readonly seconds: number; readonly result: MigrateResult };
}

export interface Leg {
  readonly client: Client;
  readonly taskQueue: string;
  readonly input: MigrateInput;
  /** Environment of the worker: the limited logins, Temporal's address, the task queue. */
  readonly workerEnvironment: NodeJS.ProcessEnv;
}

const READY_MS = 60_000;
const STOP_MS = 30_000;

/** Runs the migration once by a fresh worker, which is up before the clock starts. */
export async function runCarryover({ client, taskQueue, input, workerEnvironment }: Leg): Promise<CarryoverTime> {
  const worker = await startWorker(workerEnvironment);
  try {
    const began = performance.now();
    const handle = await client.workflow.start('migrate', {
      taskQueue,
      workflowId: `bench-${input.migration}-${randomUUID()}`,
      args: [input],
    });
    const result = (await handle.result()) as MigrateResult;
    const seconds = round((performance.now() - began) / 1000);
    const { events } = await handle.fetchHistory();
    const again = performance.now();
    const resynced: unknown = await client.workflow.execute('resync', {
      taskQueue,
      workflowId: `bench-resync-${input.migration}-${randomUUID()}`,
      args: [{ migration: input.migration }],
    });
    const resync = { seconds: round((performance.now() - again) / 1000), result: resynced as MigrateResult };
    return { seconds, result, peakMemory: peakOf(worker.pid!), profile: profileOf(events ?? []), resync };
  } finally {
    await stop(worker);
  }
}

async function startWorker(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = spawn(process.execPath, [...node.args, join(__dirname, '..', 'worker', 'main.js')], {
    env: { ...env, ...node.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const told: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    told.push(line);
    if (told.length > 20) told.shift();
  });
  // However this process ends, the worker does not outlive it.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.removeListener('exit', kill));
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`The worker ${why}:\n${told.join('\n')}`));
    const patience = setTimeout(() => fail(`was not ready after ${READY_MS / 1000} s`), READY_MS);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => fail(`ended at its start (${code})`));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('worker ready')) return;
      clearTimeout(patience);
      resolve();
    });
  });
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const patience = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  child.kill('SIGTERM');
  await ended;
  clearTimeout(patience);
}

/** Peak resident memory of a process in MB. */
function peakOf(pid: number): number | null {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? null : Math.round(Number(kilobytes) / 1024);
  } catch {
    return null;
  }
}
