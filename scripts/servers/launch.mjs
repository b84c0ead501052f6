import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { lastLines } from '../commands.mjs';
import { Failure } from '../messages.mjs';
import { end, identify, isAlive, until } from '../processes.mjs';

/** The server ended while it was started: its port was taken in the meantime, for one. Worth another try. */
export class EndedAtStart extends Failure {}

/**
 * Starts a server that outlives us, in a session of its own (Ctrl-C in our terminal is not for it), and waits until it
 * is ready. One that ends or does not get ready is a Failure that quotes its log.
 */
export async function launch({ name, command, args, cwd, env, account, log, ready, patience = 60_000 }) {
  mkdirSync(dirname(log), { recursive: true });
  const out = openSync(log, 'a', 0o600);
  let child;
  try {
    child = spawn(command, args, {
      cwd,
      env: env ?? plainEnvironment(),
      uid: account?.uid,
      gid: account?.gid,
      detached: true,
      stdio: ['ignore', out, out],
    });
  } finally {
    closeSync(out);
  }
  let ended;
  child.once('error', (error) => (ended = error.message));
  child.once('exit', (code, signal) => (ended = signal ? `ended by ${signal}` : `exit code ${code}`));
  child.unref();
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  const isReady = await until(async () => ended !== undefined || (await ready()), patience);
  if (ended !== undefined) throw new EndedAtStart(`${name} ended at its start (${ended})${lastLines(log)}`);
  if (!isReady) {
    if (isAlive(identity)) await end(identity);
    throw new Failure(`${name} was not ready after ${patience / 1000} s${lastLines(log)}`);
  }
  return identity;
}

/** Servers get none of our settings: their environment can be read for as long as they run. */
export function plainEnvironment() {
  const { PATH, HOME, TMPDIR, LD_LIBRARY_PATH } = process.env;
  return JSON.parse(JSON.stringify({ PATH, HOME, TMPDIR, LD_LIBRARY_PATH, LC_ALL: 'C', TZ: 'UTC' }));
}
