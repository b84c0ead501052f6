import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { finished, lastLines } from '../commands.mjs';
import { Failure } from '../messages.mjs';
import { end, identify, isAlive, until } from '../processes.mjs';
import { ROOT, readJson } from '../project.mjs';
import { remember } from './leftovers.mjs';

/** How a part that was interrupted ends: in order, or at once where that is late. */
const IN_ORDER = [
  ['SIGTERM', 5_000],
  ['SIGKILL', 5_000],
];
/** What only looks on has nothing to put in order, and would say how the run goes on without it: here, it does not. */
export const AT_ONCE = [['SIGKILL', 5_000]];

/** A part of the product as a child whose output is ours. Resolves with its exit code; `stop` ends it early. */
export function runPart(home, name, [script, ...args], env, stop, ending = IN_ORDER) {
  // A session of its own: Ctrl-C goes to us alone, and we end things in their order.
  const child = spawn(process.execPath, [join(ROOT, 'dist', script), ...args], {
    cwd: ROOT,
    env,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (child.pid === undefined) return finished(child);
  remember(home, name, child.pid);
  const identity = identify(child.pid);
  const onStop = () => void end(identity, ending);
  stop.addEventListener('abort', onStop);
  return finished(child).finally(() => stop.removeEventListener('abort', onStop));
}

/** Starts a worker that can outlive us, and waits until it takes work. */
export async function startWorker(home, env, stop) {
  const log = join(home, 'logs', 'worker.log');
  const out = openSync(log, 'a', 0o600);
  const before = statSync(log).size;
  const node = readJson(join(ROOT, 'worker', 'process.json'));
  const child = spawn(process.execPath, [...node.args, join(ROOT, 'dist', 'worker', 'main.js')], {
    cwd: ROOT,
    env: { ...env, ...node.env },
    detached: true,
    stdio: ['ignore', out, out],
  });
  closeSync(out);
  child.once('error', () => undefined); // seen below as a process that does not live
  child.unref();
  if (child.pid !== undefined) remember(home, 'worker', child.pid);
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  const ready = () =>
    readFileSync(log)
      .subarray(before)
      .toString()
      .split('\n')
      .some((line) => /^worker ready\b/.test(line));
  await until(() => stop.aborted || ready() || !isAlive(identity), 60_000);
  if (!stop.aborted && !isAlive(identity)) throw new Failure(`The worker ended at its start${lastLines(log, 15)}`);
  if (!stop.aborted && !ready()) throw new Failure(`The worker was not ready after 60 s${lastLines(log, 15)}`);
  return { identity, log };
}

/** The most memory that a living process has had, in words, where the system tells. */
export function peakMemory({ pid }) {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : `${Math.round(Number(kilobytes) / 1024)} MB`;
  } catch {
    return undefined; // no /proc, or it has ended
  }
}
