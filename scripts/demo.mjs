import './bootstrap/node-version.mjs';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './bootstrap/build.mjs';
import { ensureInstalled, seconds } from './bootstrap/install.mjs';
import { AT_ONCE, peakMemory, runPart, startWorker } from './demo/children.mjs';
import { environments, writeShellFile } from './demo/environment.mjs';
import { interruptCommands } from './commands.mjs';
import { endLeftovers } from './demo/leftovers.mjs';
import { demoOptions, pass } from './demo/options.mjs';
import { terminateLeftovers } from './demo/workflows.mjs';
import { Failure, runMain, say } from './messages.mjs';
import { end, isAlive } from './processes.mjs';
import { ROOT, homeFolder } from './project.mjs';
import { clientCommands } from './servers/client-files.mjs';
import { down, up } from './servers/manager.mjs';

// npm run demo: the main job on real servers, from nothing to the report, leaving nothing running.
// What the earlier migrations carried over, as the report counts it.
const BASELINE = 'sample/baseline.json';
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

await runMain(async () => {
  const options = demoOptions(process.argv.slice(2));
  if (!options) return 0;
  const home = homeFolder();
  const stop = new AbortController();
  for (const signal of Object.keys(EXIT_CODES)) {
    process.on(signal, () => {
      if (stop.signal.aborted) return; // already stopping; a second Ctrl-C would leave things behind
      process.exitCode = EXIT_CODES[signal];
      stop.abort(signal);
      interruptCommands();
      say(`\n${signal}: stopping what the demo started ...`);
    });
  }
  let code = 1;
  let finished = false;
  try {
    code = await demo(home, options, stop.signal);
    finished = true;
  } finally {
    if (!(finished && options.keep)) await stopAll(home);
  }
  return stop.signal.aborted ? EXIT_CODES[stop.signal.reason] : code;
});

async function demo(home, options, stop) {
  const started = Date.now();
  const left = await endLeftovers(home);
  if (left.length > 0) say(`Stopped what an earlier demo left: ${left.join(', ')}.`);
  await ensureInstalled();
  await build();
  if (stop.aborted) return 1;
  const servers = await up(home);
  const env = environments(home, servers);
  await terminateLeftovers(env.limited, { queue: env.taskQueue });
  say(`Servers are up after ${seconds(started)}.`);

  const part = async (name, command, settings) => {
    const code = stop.aborted ? 1 : await runPart(home, name, command, settings, stop);
    if (code !== 0 && !stop.aborted) throw new Failure(`The demo stops: ${name} failed (${code}).`);
  };
  await part('the sample', ['sample/main.js', 'create', ...pass(options, ['rows', 'seed', 'dirty'])], env.sample);
  const baseline = existsSync(join(ROOT, BASELINE)) ? ['--baseline', BASELINE] : [];
  await part('the setup of the ledger', ['cli/main.js', 'setup', ...baseline], env.limited);
  if (stop.aborted) return 1;
  const worker = await startWorker(home, env.limited, stop);
  if (stop.aborted) return 1;
  const flags = ['--wait', ...pass(options, ['batch-rows', 'concurrency'])];
  const code = await runPart(
    home,
    'the start',
    ['cli/main.js', 'start', options.migration, ...flags],
    env.limited,
    stop,
    AT_ONCE,
  );
  if (stop.aborted) return 1;

  const memory = peakMemory(worker.identity);
  if (!isAlive(worker.identity)) say(`The worker died on the way, see ${worker.log}`);
  else if (memory) say(`worker peak memory (VmHWM): ${memory}`);
  if (code === 0 || code === 2) say(`Reports: ${env.reportsFolder}/latest.md and latest.json`);
  if (options.keep) sayHowToGoOn(home, servers.services, worker, writeShellFile(home, env.limited));
  else
    await end(worker.identity, [
      ['SIGTERM', 20_000],
      ['SIGKILL', 5_000],
    ]);
  say(`Demo done in ${seconds(started)}.`);
  return code === 0 || code === 2 ? code : 1;
}

async function stopAll(home) {
  await endLeftovers(home);
  const stopped = await down(home);
  if (stopped.length > 0)
    say(`Stopped: ${stopped.join(', ')}. The data is kept in ${home} (npm run down -- --wipe removes it).`);
}

function sayHowToGoOn(home, services, worker, shellFile) {
  const commands = clientCommands(home, services);
  say(`
Servers and worker stay up.
  Temporal UI   ${services.temporal.ui ?? `of your own server at ${services.temporal.address}`}
  source        ${commands.source}
  target        ${commands.target}
  logins        in ${home}/services.json
  worker        pid ${worker.identity.pid}, log ${worker.log}
  carryover     set -a; . '${shellFile}'; set +a; npm run carryover -- --help
  stop          npm run down`);
}
