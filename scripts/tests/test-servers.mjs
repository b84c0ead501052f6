import { up } from '../servers/manager.mjs';
import { closeTestHome, openTestHome, sweepTestHomes } from './test-home.mjs';

/** Private servers for one run of the tests, started while the quick checks run. */
export function openTestServers() {
  const home = openTestHome();
  // An empty environment: whatever servers of your own are set, tests never touch them.
  const ready = sweepTestHomes().then(() => up(home, {}));
  ready.catch(() => undefined); // it is awaited later, and a failure until then is not an unhandled one
  return {
    home,
    ready,
    async close() {
      await ready.catch(() => undefined);
      await closeTestHome(home);
    },
  };
}
