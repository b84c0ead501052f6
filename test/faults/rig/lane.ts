/** A pair of databases of its own on the rig's servers, cloned from a seed, with workers, a reader and a client. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import type { Mapping } from '../../../mappings/mapping';
import type { Services } from '../../support/servers';
import type { Host, HostedRun } from './host';
import { startRigWorker } from './worker';
import type { RigWorker, Stop, WorkerOptions } from './worker';

export interface Pair {
  readonly sourceUrl: string;
  readonly targetUrl: string;
}

/** A finished pair that others are cloned from; nobody is connected to it. */
export interface Seed {
  readonly name: string;
  /** Tables of the source that are cloned: those that the mappings of its scenarios read. */
  readonly tables: readonly string[];
}

/** Milliseconds that the test waits for servers that are killed under it. */
const PATIENCE_MS = 90_000;

/** Milliseconds for what must come about: a worker that sleeps in a transaction holds it up for more than a minute. */
const COME_ABOUT_MS = 150_000;

export const withDatabase = (url: string, name: string): string => {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
};

export async function onSource(uri: string, ...statements: string[]): Promise<void> {
  const connection = await createConnection({ uri });
  try {
    for (const sql of statements) await connection.query(sql);
  } finally {
    await connection.end();
  }
}

export async function onTarget<T extends object>(connectionString: string, ...statements: string[]): Promise<T[]> {
  const client = new Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  try {
    let rows: T[] = [];
    for (const sql of statements) ({ rows } = await client.query<T>(sql));
    return rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Does again what a killed server has broken; SQL of its own making that is wrong fails at once. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const { code = '' } = error as { code?: string };
      if (/^(22|23|42|ER_)/.test(code) || Date.now() > deadline) throw error;
      await sleep(200);
    }
  }
}

export class Lane {
  readonly reportsDir = mkdtempSync(join(tmpdir(), 'carryover-rig-'));
  readonly workers: RigWorker[] = [];

  private constructor(
    readonly services: Services,
    readonly name: string,
    readonly pair: Pair,
    readonly mapping: Mapping,
    readonly taskQueue: string,
  ) {}

  /** @param taskQueue that of a worker which other pairs share; one of its own unless given */
  static async clone(services: Services, seed: Seed, mapping: Mapping, taskQueue?: string): Promise<Lane> {
    const name = `lane_${randomBytes(6).toString('hex')}`;
    const copies = seed.tables.flatMap((table) => [
      `CREATE TABLE ${name}.${table} LIKE ${seed.name}.${table}`,
      `INSERT INTO ${name}.${table} SELECT * FROM ${seed.name}.${table}`,
    ]);
    await onSource(
      services.source.url,
      "SET SESSION sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'",
      `CREATE DATABASE ${name} CHARACTER SET utf8mb4`,
      ...copies,
    );
    await cloneTarget(services.target.url, seed.name, name);
    const pair = {
      sourceUrl: withDatabase(services.source.url, name),
      targetUrl: withDatabase(services.target.url, name),
    };
    return new Lane(services, name, pair, mapping, taskQueue ?? `rig-${name}`);
  }

  /** Runs SQL of the test on the target, patient with a server that is killed. */
  onTarget<T extends object>(sql: string): Promise<T[]> {
    return patiently(() => onTarget<T>(this.pair.targetUrl, sql));
  }

  onSource(sql: string): Promise<void> {
    return patiently(() => onSource(this.pair.sourceUrl, sql));
  }

  /** Waits until a query of the target returns a row. */
  async until(sql: string, patience = COME_ABOUT_MS): Promise<void> {
    const deadline = Date.now() + patience;
    while ((await this.onTarget(sql)).length === 0) {
      if (Date.now() > deadline) throw new Error(`this did not come about within ${patience / 1000} s: ${sql}`);
      await sleep(100);
    }
  }

  private get settings(): Pick<WorkerOptions, 'sourceUrl' | 'targetUrl' | 'reportsDir' | 'mappings'> {
    return {
      ...this.pair,
      reportsDir: this.reportsDir,
      mappings: ['case-states', 'messages'].includes(this.mapping.name) ? [] : [this.mapping],
    };
  }

  /** Makes it one of the runs of a process. */
  openIn(host: Host, stops: readonly Stop[] = []): Promise<HostedRun> {
    return host.open({ ...this.settings, name: this.name, stops });
  }

  /** A worker in a process of its own. */
  async startWorker(stops: readonly Stop[] = [], more: Partial<WorkerOptions> = {}): Promise<RigWorker> {
    const worker = await startRigWorker({
      ...this.settings,
      taskQueue: this.taskQueue,
      temporal: this.services.temporal.address,
      stops,
      ...more,
    });
    this.workers.push(worker);
    return worker;
  }

  /** Ends its workers and removes its databases. */
  async drop(): Promise<void> {
    for (const worker of this.workers) worker.signal('SIGKILL');
    await Promise.all(this.workers.map(({ ended }) => ended));
    await this.dropDatabases();
  }

  async dropDatabases(): Promise<void> {
    rmSync(this.reportsDir, { recursive: true, force: true });
    await patiently(() => onSource(this.services.source.url, `DROP DATABASE IF EXISTS ${this.name}`));
    const drop = `DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`;
    await patiently(() => onTarget(this.services.target.url, drop));
  }
}

/** PostgreSQL copies a database of which no other copy is made at that moment. */
async function cloneTarget(url: string, from: string, to: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      // Copied by files: through the log it costs three times as much, and hundreds are made.
      await onTarget(url, `CREATE DATABASE ${to} TEMPLATE ${from} STRATEGY FILE_COPY`);
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== '55006' || Date.now() > deadline) throw error;
      await sleep(50 + Math.random() * 100);
    }
  }
}
