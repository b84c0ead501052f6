import '../bootstrap/node-version.mjs';
import { Failure, runMain } from '../messages.mjs';
import { up } from '../servers/manager.mjs';
import { closeTestHome, openTestHome, sweepTestHomes } from './test-home.mjs';

// For a jest that was not started by npm test: `open PID` starts servers for that process and prints their home last,
// `close HOME` stops and removes them.
await runMain(async () => {
  const [verb, subject] = process.argv.slice(2);
  if (verb === 'close' && subject) return closeTestHome(subject);
  if (verb !== 'open' || !subject) throw new Failure('Usage: servers.mjs open PID | close HOME');
  await sweepTestHomes();
  const home = openTestHome(Number(subject));
  await up(home, {});
  console.log(home);
  return 0;
});
