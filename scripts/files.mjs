import { chmodSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from './messages.mjs';
import { identify, isAlive, until } from './processes.mjs';

/** Writes a file that only its owner can read, all of it or nothing: readers never see half a file. */
export function writePrivate(file, text) {
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, file);
}

export function readJsonIfThere(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined; // absent, or from a time when it was not written atomically: the same as absent
  }
}

/** The home folder. The database servers may run as another user, who passes through it but cannot list it. */
export function makeHome(home) {
  mkdirSync(join(home, 'logs'), { recursive: true });
  chmodSync(home, process.getuid?.() === 0 ? 0o711 : 0o700);
  return home;
}

/** Runs the work while no other process holds the lock; a lock whose holder is gone is taken over. */
export async function withLock(file, purpose, work) {
  mkdirSync(dirname(file), { recursive: true });
  const mine = JSON.stringify(identify(process.pid));
  const taken = await until(() => takeLock(file, mine), 300_000, 100);
  if (!taken) throw new Failure(`Another process has been busy with ${purpose} for five minutes (see ${file}).`);
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function takeLock(file, mine) {
  // A link appears with its content: nobody can read an empty lock and take it for an abandoned one.
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, mine, { mode: 0o600 });
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  if (!isAlive(readJsonIfThere(file))) rmSync(file, { force: true });
  return false;
}
