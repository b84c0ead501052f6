import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

// A pid alone proves nothing: numbers are used again. A process is itself by pid and start time, a server by the
// data folder in its command line.
const PROC = existsSync('/proc/self/stat');

/** Identity of a living process to write down, or undefined when it is gone (a zombie is gone). */
export function identify(pid) {
  const started = PROC ? startedByProc(pid) : startedByPs(pid);
  return started === undefined ? undefined : { pid, started };
}

function startedByProc(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function startedByPs(pid) {
  try {
    const line = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
  } catch {
    return undefined;
  }
}

/** Whether the process that was written down is still that process. */
export function isAlive(identity) {
  return identity !== undefined && identify(identity.pid)?.started === identity.started;
}

/** Identities of the processes that carry all of these arguments. */
export function findByArguments(args) {
  const found = (PROC ? commandsByProc() : commandsByPs()).filter(({ has }) => args.every(has));
  return found.map(({ pid }) => identify(pid)).filter((identity) => identity !== undefined);
}

/** Identities of the processes whose working folder is this one (none where the system cannot be asked). */
export function findByFolder(folder) {
  const found = PROC ? otherPids().filter((pid) => workingFolder(pid) === folder) : [];
  return found.map((pid) => identify(Number(pid))).filter((identity) => identity !== undefined);
}

function workingFolder(pid) {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined; // ended meanwhile, or not ours to look at
  }
}

function otherPids() {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
}

function commandsByProc() {
  return otherPids().map((name) => {
    let words = [];
    try {
      words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
    } catch {
      // It ended meanwhile.
    }
    return { pid: Number(name), has: (arg) => words.includes(arg) };
  });
}

function commandsByPs() {
  const list = execFileSync('ps', ['-axww', '-o', 'pid=,command='], { encoding: 'utf8', maxBuffer: 1 << 26 });
  return list.split('\n').flatMap((line) => {
    const [, pid, command] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    if (pid === undefined || Number(pid) === process.pid) return [];
    return [{ pid: Number(pid), has: (arg) => ` ${command} `.includes(` ${arg} `) }];
  });
}

/** Ends a process: each signal in turn, with the time it has to act. Returns once the process is gone. */
export async function end(
  identity,
  steps = [
    ['SIGTERM', 10_000],
    ['SIGKILL', 5_000],
  ],
) {
  for (const [signal, patience] of steps) {
    if (!isAlive(identity)) return;
    try {
      process.kill(identity.pid, signal);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
    if (await until(() => !isAlive(identity), patience)) return;
  }
}

/** Polls until the condition holds; false when the time is over. */
export async function until(condition, milliseconds, pause = 25) {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    if (await condition()) return true;
    if (Date.now() > deadline) return false;
    await sleep(pause);
  }
}

/** Ends the leader of a process group like {@link end}, then whatever is left of its group. */
export async function endGroup(identity, steps) {
  if (!isAlive(identity)) return;
  await end(identity, steps);
  signalGroup(identity.pid, 'SIGKILL');
}

/** Signals a whole process group, by its leader's pid; one that is gone already is no error. */
export function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
