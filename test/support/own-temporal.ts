/** A Temporal of a test's own: to restart it, or to have a new history suggested after a few events instead of thousands. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../../shared/names';
import { cleanEnvironment, newHome } from './servers';

const ROOT = join(__dirname, '..', '..');

export interface OwnTemporal {
  readonly address: string;
  stop(): Promise<void>;
  /** Starts it again after it was stopped, on the same port and with all that it knew. */
  start(): Promise<void>;
}

export interface OwnSettings {
  /** After how many events the server suggests to continue as new; its own default unless given. */
  readonly events?: number;
  /** File that takes what the server warns of. */
  readonly log?: string;
  /** True where it is never to be stopped and started again: it then writes nothing to the disk. */
  readonly forgetful?: boolean;
}

export async function startOwnTemporal({ events, log, forgetful = false }: OwnSettings = {}): Promise<OwnTemporal> {
  // Below the home of this run: its end finds the server by this file, whatever becomes of the test.
  const folder = join(newHome(), 'temporal');
  mkdirSync(folder);
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const kinds = { KEYWORD: 'Keyword', INT: 'Int' };
  const attributes = Object.entries(SEARCH_ATTRIBUTES).map(([name, kind]) => `${name}=${kinds[kind]}`);
  const suggestion = `limit.historyCount.suggestContinueAsNew=${events}`;
  let stop = (): Promise<void> => Promise.resolve();
  const start = async (): Promise<void> => {
    const output = log === undefined ? 'ignore' : openSync(log, 'a');
    const server = spawn(
      command(folder),
      [
        ...[
          'server',
          'start-dev',
          '--headless',
          '--ip',
          '127.0.0.1',
          '--port',
          String(port),
          '--log-level',
          log === undefined ? 'error' : 'warn',
        ],
        ...(forgetful ? [] : ['--db-filename', join(folder, 'temporal.db')]),
        // As the private servers have it (scripts/servers/temporal.mjs).
        ...['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=1000'],
        ...(events === undefined ? [] : ['--dynamic-config-value', suggestion]),
        ...attributes.flatMap((attribute) => ['--search-attribute', attribute]),
      ],
      // One that forgets is there for a long run: memory for speed.
      { stdio: ['ignore', output, output], env: cleanEnvironment(forgetful ? { GOGC: '400' } : {}) },
    );
    if (output !== 'ignore') closeSync(output);
    const ended = once(server, 'exit');
    stop = async () => {
      server.kill();
      await ended;
    };
    try {
      await answers(address);
    } catch (error) {
      await stop();
      throw error;
    }
  };
  await start();
  return { address, start, stop: () => stop() };
}

/** The `temporal` command that the scripts use, found or installed by them. */
function command(home: string): string {
  const code = `import { temporalCommand } from './scripts/servers/temporal-cli.mjs';
    console.log(await temporalCommand(${JSON.stringify(home)}));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd: ROOT, encoding: 'utf8' });
  return output.trimEnd().split('\n').at(-1)!;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits until the namespace is there with its search attributes. */
async function answers(address: string): Promise<void> {
  const deadline = Date.now() + 45_000;
  for (;;) {
    try {
      const connection = await Connection.connect({ address, connectTimeout: '2s' });
      try {
        const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
        if ('CarryoverParked' in (customAttributes ?? {})) return;
      } finally {
        await connection.close();
      }
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
