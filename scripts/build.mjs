import './bootstrap/node-version.mjs';
import { build } from './bootstrap/build.mjs';
import { ensureInstalled } from './bootstrap/install.mjs';
import { runMain } from './messages.mjs';

// npm run build: dependencies where they lack, dist/, the workflow bundle.
await runMain(async () => {
  await ensureInstalled();
  await build();
});
