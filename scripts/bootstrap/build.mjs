import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished, run } from '../commands.mjs';
import { withLock } from '../files.mjs';
import { Failure, say } from '../messages.mjs';
import { ROOT, TOOLS } from '../project.mjs';

const DIST = join(ROOT, 'dist');
const STAMP = join(DIST, '.built-from');
const NOT_COMPILED = ['node_modules', 'dist', 'reports', 'coverage', 'test', 'docs', 'scripts'];
const BUNDLE = join(DIST, 'workflow-bundle.js');
const BUNDLER = join(DIST, 'worker', 'build-bundle.js');

/** Compiles to dist/ what changed, and bundles the workflows when they did. */
export async function build() {
  await withLock(join(TOOLS, 'build.lock'), 'building', async () => {
    await compile();
    await bundle();
  });
}

async function compile() {
  const now = fingerprint();
  // Even with nothing to do, the compiler reads all types again, which takes seconds.
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === now) return;
  say('Compiling ...');
  rmSync(STAMP, { force: true });
  // The compiler trusts its notes on what it wrote: without the files, they are wrong.
  if (!existsSync(join(DIST, 'shared', 'names.js'))) rmSync(join(DIST, '.tsbuildinfo'), { force: true });
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const child = spawn(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const outcome = await finished(child);
  if (outcome !== 0) throw new Failure(`The TypeScript does not compile (tsc: ${outcome}).`);
  writeFileSync(STAMP, now);
}

/** Names, sizes and times of all that the compiler reads. */
function fingerprint() {
  const folders = readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !NOT_COMPILED.includes(entry.name))
    .flatMap(({ name }) => readdirSync(join(ROOT, name), { recursive: true }).map((file) => join(name, file)));
  const files = [...folders, ...readdirSync(ROOT), join('node_modules', '.package-lock.json')].sort();
  const sources = files
    .filter((file) => /\.(ts|json)$/.test(file))
    .map((file) => ({ file, ...facts(join(ROOT, file)) }));
  return JSON.stringify(sources);
}

function facts(file) {
  const { size, mtimeMs } = statSync(file);
  return { size, mtimeMs };
}

/** The worker would bundle by itself at its start, but the bundler's memory would then stay in the worker's. */
async function bundle() {
  if (!existsSync(BUNDLER) || (existsSync(BUNDLE) && modified(BUNDLE) > newestInput())) return;
  const folder = mkdtempSync(join(tmpdir(), 'carryover-bundle-'));
  try {
    await run(process.execPath, [BUNDLER], { cwd: ROOT, log: join(folder, 'bundle.log') });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function newestInput() {
  const folders = ['workflows', 'shared'].map((name) => join(DIST, name)).filter(existsSync);
  const files = folders.flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, name)));
  const packages = join(ROOT, 'node_modules', '.package-lock.json');
  return Math.max(...[BUNDLER, packages, ...files].map(modified));
}

function modified(file) {
  return statSync(file).mtimeMs;
}
