/** The two floors: the shortest way by hand from the source table to the same target table. */
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Clients } from './clients';
import { COPY_STAGE, INSERT_ROWS, READ_SOURCE } from './floor-sql';
import { round } from './statistics';

export interface FloorTime {
  readonly seconds: number;
  readonly copy: number;
  readonly insert: number;
  /** Keys, indexes and foreign keys; 0 where they were in place. */
  readonly build: number;
}

const QUICK = ['--quick', '--batch', '--raw', '--skip-column-names', '--execute', READ_SOURCE];

/** Copies, inserts, and builds what is given, by one connection as one would by hand. The stage must be there, empty. */
export async function runFloor(clients: Clients, client: Client, builds: readonly string[]): Promise<FloorTime> {
  const began = performance.now();
  if (clients.target === null) await copyByDriver(clients, client);
  else await copyByPsql(clients.source, clients.target);
  const copied = performance.now();
  await client.query(INSERT_ROWS);
  const inserted = performance.now();
  for (const build of builds) await client.query(build);
  const ended = performance.now();
  const seconds = (from: number, to: number): number => round((to - from) / 1000);
  return {
    seconds: seconds(began, ended),
    copy: seconds(began, copied),
    insert: seconds(copied, inserted),
    build: builds.length === 0 ? 0 : seconds(inserted, ended),
  };
}

/** `mariadb | psql`, piped by a shell: a pipe of Node's would pass every byte through this process. */
async function copyByPsql(source: Clients['source'], target: NonNullable<Clients['target']>): Promise<void> {
  const psql = [...target.args, '-v', 'ON_ERROR_STOP=1', '-c', `\\copy ${COPY_STAGE}`];
  const words = [source.command, ...source.args, ...QUICK];
  const script = [
    `{ ${positional(1, words.length)}; echo $? >&3; } |`,
    `{ PGPASSFILE="$BENCH_PASSFILE" ${positional(words.length + 1, psql.length + 1)}; }`,
  ].join(' ');
  const child = spawn('/bin/sh', ['-c', script, 'sh', ...words, target.command, ...psql], {
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', BENCH_PASSFILE: target.passFile },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [code, errors, sourceCode] = await Promise.all([
    ended,
    text(child.stdio[2] as Readable),
    text(child.stdio[3] as Readable),
  ]);
  if (code !== 0 || sourceCode.trim() !== '0') {
    throw new Error(
      `mariadb | psql failed (exit codes ${sourceCode.trim() || '?'} and ${code}): ${errors.slice(0, 500)}`,
    );
  }
}

const positional = (first: number, count: number): string =>
  Array.from({ length: count }, (_, index) => `"\${${first + index}}"`).join(' ');

/** Without psql: the client's output into COPY by the driver. */
async function copyByDriver({ source }: Clients, client: Client): Promise<void> {
  const child = spawn(source.command, [...source.args, ...QUICK], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const errors = text(child.stderr);
  await pipeline(child.stdout, client.query(copyFrom(`COPY ${COPY_STAGE}`)));
  const code = await ended;
  if (code !== 0) throw new Error(`mariadb failed (exit code ${code}): ${(await errors).slice(0, 500)}`);
}
