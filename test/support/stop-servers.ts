import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Stops and removes the servers that the start of this call of jest has started; leaves those of others. */
export default function stopServers(): void {
  const home = process.env.CARRYOVER_TEST_HOME_TO_CLOSE;
  if (!home) return;
  const script = join(__dirname, '..', '..', 'scripts', 'tests', 'servers.mjs');
  execFileSync(process.execPath, [script, 'close', home], { encoding: 'utf8' });
}
