/** Servers of a home of their own, each of which can be killed and started again on the same port and data. */
import { readFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processesOf, runScript } from '../../support/scripts';
import type { Services } from '../../support/servers';

export const SERVERS = ['MariaDB', 'PostgreSQL', 'Temporal'] as const;
export type Server = (typeof SERVERS)[number];

export interface Servers {
  readonly services: Services;
  /** Kills a server as an outage would; returns once it is gone. */
  kill(server: Server): Promise<void>;
  /** Starts whatever does not run. */
  restart(): Promise<void>;
  /** Stops them and removes their data. */
  stop(): Promise<void>;
}

interface Folders {
  readonly source: { readonly folder: string };
  readonly target: { readonly folder: string };
}

/** Starts the three servers of a home. */
export async function startServers(home: string): Promise<Servers> {
  const script = async (name: string, args: string[] = []): Promise<void> => {
    const { code, text } = await runScript(name, home, args);
    if (code !== 0) throw new Error(`${name} ended with ${code}:\n${text}`);
  };
  const read = <T>(file: string): T => JSON.parse(readFileSync(join(home, file), 'utf8')) as T;
  await script('up.mjs');
  const folders = read<Folders>('private.json');
  preferTemporal(home, folders);
  return {
    services: read<Services>('services.json'),
    kill: async (server) => {
      const pid = pidOf(server, home, folders);
      // The immediate shutdown of PostgreSQL: no checkpoint, no goodbye, and its children end with it.
      process.kill(pid, server === 'PostgreSQL' ? 'SIGQUIT' : 'SIGKILL');
      await gone(pid);
    },
    restart: async () => {
      await script('up.mjs');
      preferTemporal(home, folders);
    },
    stop: () => script('down.mjs', ['--wipe']),
  };
}

/**
 * Temporal has a second to write down that an attempt has begun, else it is lost on the way to its worker: among dozens of
 * processes on two processors it must not wait for its turn. Only who may do that does it; it is no condition.
 */
function preferTemporal(home: string, folders: Folders): void {
  try {
    setPriority(pidOf('Temporal', home, folders), constants.priority.PRIORITY_HIGH);
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes((error as { info?: { code?: string } }).info?.code ?? '')) throw error;
  }
}

function pidOf(server: Server, home: string, { source, target }: Folders): number {
  if (server === 'PostgreSQL') {
    const [pid] = readFileSync(join(target.folder, 'data', 'postmaster.pid'), 'utf8').split('\n');
    return Number(pid);
  }
  const sign = server === 'MariaDB' ? `--defaults-file=${join(source.folder, 'server.cnf')}` : ' start-dev ';
  const folder = server === 'MariaDB' ? source.folder : join(home, 'temporal', 'temporal.db');
  const found = processesOf(folder).find(({ command }) => command.includes(sign));
  if (found === undefined) throw new Error(`${server} does not run in ${home}`);
  return found.pid;
}

/** A process that nobody has asked after yet is gone as well. */
function isGone(pid: number): boolean {
  try {
    return /^\d+ \(.*\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

export async function gone(pid: number): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!isGone(pid)) {
    if (Date.now() > deadline) throw new Error(`process ${pid} does not end`);
    await sleep(10);
  }
}
