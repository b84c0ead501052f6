import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** What is downloaded once and used by every home: it outlives `down --wipe`. */
export const TOOLS = join(ROOT, '.carryover');

/** Where the private servers live: data, logs, services.json. Tests have one of their own each. */
export function homeFolder(env = process.env) {
  return env.CARRYOVER_HOME ? resolve(env.CARRYOVER_HOME) : TOOLS;
}

export function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
