/** Packages that one test needs and nobody else, installed below `.carryover/` when it comes to that. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const TOOLS = join(__dirname, '..', '..', '.carryover');

/** Returns the folder of the package, whole or not at all; its scripts are not run. */
export async function npmInstall(name: string, version: string): Promise<string> {
  const installed = join(TOOLS, `${name}-${version}`);
  const folder = join(installed, 'node_modules', name);
  if (existsSync(folder)) return folder;
  const draft = `${installed}-draft-${process.pid}`;
  mkdirSync(draft, { recursive: true });
  try {
    const args = ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', draft];
    await promisify(execFile)('npm', [...args, `${name}@${version}`], { timeout: 300_000 });
    if (!existsSync(folder)) renameSync(draft, installed);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return folder;
}
