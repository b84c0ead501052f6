import './bootstrap/node-version.mjs';
import { parseArgs } from 'node:util';
import { endLeftovers } from './demo/leftovers.mjs';
import { Failure, runMain, say } from './messages.mjs';
import { homeFolder } from './project.mjs';
import { down } from './servers/manager.mjs';

// npm run down [-- --wipe]: stops the private servers, and the worker that `npm run demo -- --keep` left.
await runMain(async () => {
  let wipe;
  try {
    ({ wipe } = parseArgs({ options: { wipe: { type: 'boolean', default: false } } }).values);
  } catch (error) {
    throw new Failure(`${error.message}\nUsage: npm run down [-- --wipe]`);
  }
  const home = homeFolder();
  const stopped = [...(await endLeftovers(home)), ...(await down(home, { wipe }))];
  say(stopped.length > 0 ? `Stopped: ${stopped.join(', ')}.` : 'Nothing was running.');
  if (wipe) say('The data of the private servers is removed.');
});
