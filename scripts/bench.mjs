import './bootstrap/node-version.mjs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build } from './bootstrap/build.mjs';
import { ensureInstalled } from './bootstrap/install.mjs';
import { finished } from './commands.mjs';
import { environments } from './demo/environment.mjs';
import { Failure, runMain } from './messages.mjs';
import { ROOT, TOOLS, homeFolder } from './project.mjs';
import { down, readServices, up } from './servers/manager.mjs';

// npm run bench: the benchmark on servers of its own, so that the demo's data stays as it is. The user's own servers
// (CARRYOVER_SOURCE_URL and so on) are taken where they are set.
await runMain(async () => {
  const args = process.argv.slice(2);
  await ensureInstalled();
  await build();
  if (args.includes('--help') || args.includes('-h')) return bench(args, process.env);
  const home = process.env.CARRYOVER_HOME ? homeFolder() : join(TOOLS, 'bench');
  const wereUp = readServices(home) !== undefined;
  try {
    const servers = await up(home);
    const { limited } = environments(home, servers);
    const { source, target } = servers.services;
    return await bench(args, {
      ...limited,
      CARRYOVER_HOME: home,
      CARRYOVER_SOURCE_URL: source.url,
      CARRYOVER_TARGET_URL: target.url,
    });
  } finally {
    // A home that somebody names is theirs to keep, and so are its servers where they were up before.
    if (!process.env.CARRYOVER_HOME) await down(home, { wipe: true });
    else if (!wereUp) await down(home);
  }
});

async function bench(args, env) {
  const child = spawn(process.execPath, [join(ROOT, 'dist', 'bench', 'main.js'), ...args], {
    cwd: ROOT,
    env,
    stdio: 'inherit',
  });
  // It ends first, and then the servers: on Ctrl-C too, which reaches both of us.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const outcome = await finished(child);
  if (typeof outcome !== 'number') throw new Failure(`The bench was stopped (${outcome}).`);
  return outcome;
}
