import { mkdirSync, mkdtempSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endLeftovers } from '../demo/leftovers.mjs';
import { makeHome, readJsonIfThere } from '../files.mjs';
import { identify, isAlive } from '../processes.mjs';
import { TOOLS } from '../project.mjs';
import { down } from '../servers/manager.mjs';

const TESTS = join(TOOLS, 'tests');
const OWNER = 'owner.json';

/**
 * A home for the servers of one run of the tests. Tests that start servers of their own make their homes below it, in
 * `homes/`: whatever happens to the run, the next one finds and ends all that is left.
 */
export function openTestHome(owner = process.pid) {
  makeHome(TOOLS);
  mkdirSync(TESTS, { recursive: true });
  const home = makeHome(mkdtempSync(join(TESTS, 'run-')));
  writeFileSync(join(home, OWNER), JSON.stringify(identify(owner)));
  return home;
}

/** Ends and removes a test home with the homes below it. */
export async function closeTestHome(home) {
  const below = join(home, 'homes');
  const homes = existsSync(below) ? readdirSync(below).map((name) => join(below, name)) : [];
  for (const each of [...homes, home]) {
    await endLeftovers(each);
    await down(each, { wipe: true });
    rmSync(each, { recursive: true, force: true });
  }
}

/** Ends what killed runs left behind. */
export async function sweepTestHomes() {
  if (!existsSync(TESTS)) return;
  for (const name of readdirSync(TESTS)) {
    const home = join(TESTS, name);
    if (!isAlive(readJsonIfThere(join(home, OWNER)))) await closeTestHome(home);
  }
}
