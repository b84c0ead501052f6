import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { seconds } from '../bootstrap/install.mjs';
import { run } from '../commands.mjs';
import { ROOT } from '../project.mjs';

const MODEL = join(ROOT, 'model', 'batch.pml');

// COLLAPSE takes a quarter of the memory; a search that needs more than MEMLIM (MB) is not complete, and fails.
const COMPILE = ['-w', '-DCOLLAPSE', '-DMEMLIM=1200'];
const SAFETY = ['-DSAFETY', '-DNOCLAIM'];
const KINDS = {
  safety: { compile: ['-O2', ...SAFETY], search: ['-w24'] },
  // Weak fairness (-f): a process that can go on does so some day.
  liveness: { compile: ['-O2', '-DNFAIR=3'], search: ['-w22', '-a', '-f'] },
  // The shortest counterexample (-i) is the one that people can read. Few states: most of the time is the compiler's.
  mutant: { compile: ['-O0', ...SAFETY, '-DREACH'], search: ['-w20', '-i'] },
};

/** Builds the model with these definitions in a folder of its own, and searches every state of it. */
export async function search({ spin, cc }, folder, defines, kind) {
  mkdirSync(folder, { recursive: true });
  const started = Date.now();
  const step = (command, args, log) => run(command, args, { cwd: folder, log: join(folder, log) });
  await step(spin, [...defines, '-a', MODEL], 'spin.log');
  await step(cc, [...COMPILE, ...KINDS[kind].compile, '-o', 'pan', 'pan.c'], 'cc.log');
  await step(join(folder, 'pan'), ['-m500000', ...KINDS[kind].search], 'pan.log');
  return { folder, defines, ...outcomeOf(readFileSync(join(folder, 'pan.log'), 'utf8')), took: seconds(started) };
}

/** What Spin's verifier printed. A search that stopped for want of depth or memory has shown nothing. */
export function outcomeOf(text) {
  const number = (pattern) => Number(pattern.exec(text)?.[1] ?? NaN);
  const errors = number(/errors: (\d+)/);
  const states = number(/^ *(\d+) states, stored/m);
  const cutShort = /max search depth too small|reached -DMEMLIM|out of memory|Search not completed/.test(text);
  return {
    passes: errors === 0 && states > 0 && !cutShort,
    violates: errors > 0 && /^pan:\d+: assertion violated/m.test(text),
    states,
    depth: number(/depth reached (\d+)/),
  };
}

/** The assertion that a counterexample breaks, as the model has it, and how to read the way there. */
export async function explain({ spin }, { folder, defines }) {
  const args = ['-t', '-k', 'batch.pml.trail', ...defines, MODEL];
  const log = join(folder, 'trail.log');
  if (!existsSync(join(folder, 'batch.pml.trail'))) return `        it was cut short: see ${join(folder, 'pan.log')}`;
  await run(spin, args, { cwd: folder, log }); // Spin leaves a file where it runs
  const line = Number(/batch\.pml:(\d+), Error: assertion violated/.exec(readFileSync(log, 'utf8'))?.[1] ?? NaN);
  const broken = readFileSync(MODEL, 'utf8').split('\n')[line - 1]?.trim() ?? `see ${join(folder, 'pan.log')}`;
  return `        ${broken}\n        cd ${folder} && spin -p -g ${args.join(' ')}`;
}
