import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Starts private servers, once per call of jest, unless whoever calls jest has (as `npm test` does for all groups). */
export default function startServers(): void {
  if (process.env.CARRYOVER_TEST_HOME) return;
  const script = join(__dirname, '..', '..', 'scripts', 'tests', 'servers.mjs');
  const output = execFileSync(process.execPath, [script, 'open', String(process.pid)], { encoding: 'utf8' });
  const home = output.trimEnd().split('\n').at(-1);
  process.env.CARRYOVER_TEST_HOME = home;
  process.env.CARRYOVER_TEST_HOME_TO_CLOSE = home;
}
