import './bootstrap/node-version.mjs';
import { randomInt } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './bootstrap/build.mjs';
import { ensureInstalled, seconds } from './bootstrap/install.mjs';
import { Failure, runMain, say } from './messages.mjs';
import { TOOLS } from './project.mjs';
import { closeTestHome, openTestHome, sweepTestHomes } from './tests/test-home.mjs';

// npm run chaos -- --runs 200 --seed S: runs that random faults and verbs befall. Each must end, proven, as one that
// nothing befell. A seed repeats the plans; the interleaving is the machine's. The last line is `N passed, N failed`.
const USAGE = `npm run chaos -- [--runs 200] [--seed S] [--run N] [--lanes 5] [--patience 60]
  --runs N      how many runs
  --seed S      a whole number that all plans are drawn from; by chance unless given
  --run N       this run of the seed alone
  --lanes N     runs at once, but for those that kill servers
  --patience N  seconds from the last fault in which a run must end`;

await runMain(async () => {
  const started = Date.now();
  const { help, seed, runs, lanes, patience } = read(process.argv.slice(2));
  if (help) {
    say(USAGE);
    return 0;
  }
  await ensureInstalled();
  await build();
  await sweepTestHomes();
  const home = openTestHome();
  let stopped = false;
  const close = async () => {
    if (stopped) return;
    stopped = true;
    await closeTestHome(home);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => void close().finally(() => process.exit(143)));
  }
  const { requireTypescript } = await import('../test/support/typescript.mjs');
  const { runChaos, summarize } = requireTypescript('test/faults/chaos/session.ts');
  const keep = join(TOOLS, 'chaos');
  say(`Seed ${seed}: ${runs.length} runs, ${lanes} at once. What failed is kept in ${keep}.`);
  process.env.CARRYOVER_TEST_HOME = home;
  const homes = ['all', 'killed'].map((name) => join(home, 'homes', name));
  for (const each of homes) mkdirSync(each, { recursive: true });
  const tell = runs.length === 1 ? say : undefined;
  try {
    const results = await runChaos({ seed, runs, lanes, patience: patience * 1000, homes, keep, say, tell });
    const failed = results.filter(({ problems }) => problems.length > 0);
    say('');
    for (const line of summarize(results)) say(line);
    for (const { plan } of failed) say(`Repeat: npm run chaos -- --seed ${seed} --run ${plan.run}`);
    say(`Took ${seconds(started)}.`);
    const line = `${results.length - failed.length} passed, ${failed.length} failed`;
    if (process.env.CARRYOVER_TOTALS_FILE) writeFileSync(process.env.CARRYOVER_TOTALS_FILE, `${line}\n`);
    say(line);
    return failed.length === 0 ? 0 : 1;
  } finally {
    await close();
  }
});

function read(args) {
  const names = ['runs', 'seed', 'run', 'lanes', 'patience'];
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
  let values;
  try {
    ({ values } = parseArgs({ args, options: { ...options, help: { type: 'boolean', short: 'h' } } }));
  } catch (error) {
    throw new Failure(`${error.message}\n${USAGE}`);
  }
  const number = (name, fallback) => {
    const given = values[name];
    if (given === undefined) return fallback;
    if (!/^\d{1,9}$/.test(given) || (name !== 'seed' && Number(given) === 0)) {
      throw new Failure(`--${name} is "${given}"; give a whole number.\n${USAGE}`);
    }
    return Number(given);
  };
  const only = number('run', undefined);
  const runs = number('runs', 200);
  return {
    help: values.help,
    seed: number('seed', randomInt(1_000_000)),
    runs: only === undefined ? Array.from({ length: runs }, (_, index) => index + 1) : [only],
    lanes: number('lanes', 5),
    patience: number('patience', 60),
  };
}
