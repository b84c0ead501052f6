import { spawn } from 'node:child_process';
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { Failure } from './messages.mjs';

const active = new Set();

/** Ends the commands that run now, such as an installation: whoever waits for them gets a Failure. */
export function interruptCommands() {
  for (const child of active) child.kill('SIGTERM');
}

/**
 * Runs a command to its end, its output into a log file.
 * Throws a Failure that quotes the log's last lines when the command fails or is not there.
 */
export async function run(command, args, { log, cwd, env, uid, gid, timeout = 600_000 }) {
  mkdirSync(dirname(log), { recursive: true });
  const out = openSync(log, 'w', 0o600);
  try {
    const child = spawn(command, args, {
      cwd,
      env: env ?? process.env,
      uid,
      gid,
      stdio: ['ignore', out, out],
    });
    active.add(child);
    // Not spawn's own timeout: for a command that is not there, Node never clears it.
    const timer = setTimeout(() => child.kill(), timeout);
    const outcome = await finished(child);
    clearTimeout(timer);
    active.delete(child);
    if (outcome !== 0) throw new Failure(`\`${[command, ...args].join(' ')}\` failed (${outcome})${lastLines(log)}`);
  } finally {
    closeSync(out);
  }
}

/** The exit code of a child, or what ended it in words. */
export function finished(child) {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.code === 'ENOENT' ? 'command not found' : error.message));
    child.once('exit', (code, signal) => resolve(code ?? `ended by ${signal}`));
  });
}

/** What a command prints, or undefined when it cannot be run. */
export async function output(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  const closed = new Promise((resolve) => child.once('close', resolve));
  if ((await finished(child)) !== 0) return undefined;
  await closed;
  return text;
}

/** The end of a log as a tail for an error message: empty when there is nothing to show. */
export function lastLines(log, count = 4) {
  if (!existsSync(log)) return '';
  const lines = readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  return lines.length === 0 ? '' : `:\n    ${lines.slice(-count).join('\n    ')}\n    (all of it: ${log})`;
}

/** The first of these commands that is on PATH, with its full path. Servers are often in sbin, which users lack. */
export function findCommand(names, path = process.env.PATH ?? '') {
  const folders = [...path.split(delimiter), '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'].filter(Boolean);
  for (const name of names) {
    for (const folder of folders) {
      const file = join(folder, name);
      if (isExecutable(file)) return file;
    }
  }
  return undefined;
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
