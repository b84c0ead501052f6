import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../commands.mjs';
import { Failure } from '../messages.mjs';

let updated; // one `apt-get update` per run, whoever needs it first
let queue = Promise.resolve(); // apt-get holds a lock: one at a time

/** Why apt-get cannot be used here, or undefined when it can. */
export function aptProblem() {
  if (!existsSync('/usr/bin/apt-get')) return 'not on Debian or Ubuntu (there is no apt-get)';
  if (process.getuid?.() !== 0) return 'apt-get needs root';
  return undefined;
}

/** Installs packages without what they recommend, and without starting a service. */
export function aptInstall(home, packages) {
  const problem = aptProblem();
  if (problem) return Promise.reject(new Failure(problem));
  const done = queue.then(async () => {
    updated ??= apt(home, ['update']);
    await updated;
    await apt(home, ['install', '-y', '--no-install-recommends', ...packages]);
  });
  queue = done.catch(() => undefined);
  return done;
}

function apt(home, args) {
  return run('apt-get', ['-o', 'DPkg::Lock::Timeout=120', ...args], {
    log: join(home, 'logs', `apt-${args[0]}.log`),
    // RUNLEVEL=1 keeps a package from starting its service; services would take the standard port and a system's data.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  });
}
