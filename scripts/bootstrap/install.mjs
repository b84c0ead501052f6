import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../commands.mjs';
import { withLock } from '../files.mjs';
import { say } from '../messages.mjs';
import { ROOT, TOOLS, readJson } from '../project.mjs';

/** Installs the dependencies when node_modules is not what package-lock.json says. */
export async function ensureInstalled() {
  if (isInstalled()) return;
  await withLock(join(TOOLS, 'install.lock'), 'installing the dependencies', async () => {
    if (isInstalled()) return; // another process did it while we waited
    say('Installing the dependencies (npm ci) ...');
    const started = Date.now();
    // `npm ci` runs the packages' own install steps; tests and the sample's servers are among the dev dependencies.
    await run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], {
      cwd: ROOT,
      log: join(TOOLS, 'logs', 'npm-ci.log'),
    });
    say(`Dependencies installed in ${seconds(started)}.`);
  });
}

export function seconds(started) {
  return `${((Date.now() - started) / 1000).toFixed(1)} s`;
}

/** npm leaves a list of what it installed, as its last step: complete and the same versions means nothing to do. */
export function isInstalled(root = ROOT) {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const there = readJson(installed).packages;
  const wanted = readJson(join(root, 'package-lock.json')).packages;
  return Object.entries(wanted)
    .filter(([path]) => path !== '')
    .every(([path, { version, optional }]) => (there[path] ? there[path].version === version : optional === true));
}
