import './bootstrap/node-version.mjs';
import { ensureInstalled, seconds } from './bootstrap/install.mjs';
import { runMain, say } from './messages.mjs';
import { homeFolder } from './project.mjs';
import { describe, up } from './servers/manager.mjs';

// npm run up: starts the servers that do not run, and says where they are.
await runMain(async () => {
  const started = Date.now();
  await ensureInstalled();
  const home = homeFolder();
  const { services } = await up(home);
  say(`Up after ${seconds(started)}. Stop: npm run down`);
  describe(home, services);
});
