import './bootstrap/node-version.mjs';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './bootstrap/build.mjs';
import { ensureInstalled } from './bootstrap/install.mjs';
import { interruptCommands } from './commands.mjs';
import { Failure, runMain, say } from './messages.mjs';
import { TOOLS } from './project.mjs';
import { report } from './tests/report.mjs';
import { closeTestHome, openTestHome, sweepTestHomes } from './tests/test-home.mjs';

// npm run test:faults [-- --only POINT] [--process NAME]: kills every process at every point of a run.
// POINT is a name such as load.commit, or several that begin alike: verify.*
const USAGE = 'Usage: npm run test:faults [-- --only POINT] [--process worker|MariaDB|PostgreSQL|Temporal|stopped]';

await runMain(async () => {
  const options = chosen();
  let stopped = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      stopped = true;
      interruptCommands();
    });
  }
  await ensureInstalled();
  await build();
  await sweepTestHomes();
  const home = openTestHome();
  try {
    const { requireTypescript } = await import('../test/support/typescript.mjs');
    const { runFaults } = requireTypescript('test/faults/rig/main.ts');
    const isStopped = () => stopped;
    const summary = await runFaults({ ...options, home: join(home, 'homes'), say, isStopped });
    const file = join(TOOLS, 'faults.json');
    writeFileSync(file, `${JSON.stringify(summary, null, 2)}\n`);
    const { points, places, faults, serverKills, snapshots, slowestRetry, undelivered, slowestEnd, seconds } = summary;
    say(
      `\n${points} points, before and after: ${places} places × 4 processes, and each point for a worker that is stopped: ${faults} faults`,
    );
    say(`servers were killed ${serverKills} times, under several runs at once; ${snapshots} snapshots of the ledger`);
    say(`slowest retry after a worker died: ${slowestRetry.toFixed(1)} s; slowest end: ${slowestEnd.toFixed(1)} s`);
    say(`retries one heartbeat time-out later, since Temporal gave an attempt to no worker: ${undelivered}`);
    say(`Took ${seconds.toFixed(0)} s. ${file}`);
    const failures = summary.failures.map(({ name }) => name);
    return report([{ name: 'faults', passed: summary.passed, failed: failures.length + Number(stopped), failures }]);
  } finally {
    await closeTestHome(home);
  }
});

function chosen() {
  const text = { type: 'string' };
  try {
    const { values } = parseArgs({
      options: { only: text, process: text, lanes: text, 'per-worker': text, 'per-server': text },
    });
    const number = (value) => (value === undefined ? undefined : Number(value));
    return {
      only: values.only,
      process: values.process,
      lanes: number(values.lanes),
      perWorker: number(values['per-worker']),
      perServer: number(values['per-server']),
    };
  } catch (error) {
    throw new Failure(`${error.message}\n${USAGE}`);
  }
}
