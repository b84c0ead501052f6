/** A whole bench: sample, logins, connections, rounds, result. */
import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import type { Connection as SourceConnection } from 'mysql2/promise';
import type { Client as TargetClient } from 'pg';
import { requireUrls } from '../config';
import type { Config } from '../config';
import { connectSource } from '../sample/connect';
import { createSample } from '../sample/create';
import { READER, WORKER } from '../sample/logins';
import type { MigrateInput } from '../shared/messages';
import { runCarryover } from './carryover';
import { findClients } from './clients';
import { readFacts } from './facts';
import type { Options } from './options';
import { resultOf } from './result';
import type { Result, Round } from './result';
import { runRound } from './round';
import type { Bench } from './round';
import { connectTarget, dropFloor } from './target';

export interface Surroundings {
  readonly path: string;
  readonly taskQueue: string;
  /** Without the databases' addresses, which are added with the limited logins. */
  readonly workerEnvironment: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
}

/** @throws Error where two legs of a round did not end in the same state: then nothing was measured */
export async function runBench(options: Options, config: Config, around: Surroundings): Promise<Result> {
  const { sourceUrl, targetUrl } = requireUrls(config);
  const passwords = { reader: password(), worker: password() };
  around.say(`Making the sample: ${options.rows.toLocaleString('en-US')} rows ...`);
  const sample = { rows: options.rows, seed: options.seed, readerPassword: passwords.reader, workerPassword: passwords.worker }; // prettier-ignore
  await createSample({ sourceUrl, targetUrl, ...sample });
  const limited = {
    CARRYOVER_SOURCE_URL: withLogin(sourceUrl, READER, passwords.reader),
    CARRYOVER_TARGET_URL: withLogin(targetUrl, WORKER, passwords.worker),
  };
  const clients = findClients(around.path, sourceUrl, targetUrl);
  const source = await connectSource(sourceUrl);
  const target = await connectTarget(targetUrl);
  const temporal = await Connection.connect(config.temporal.connectionOptions);
  try {
    await target.query('CREATE EXTENSION IF NOT EXISTS "uuid-ossp"');
    await warm(source, target);
    let plan = { batchRows: 0, concurrency: 0 };
    const bench: Bench = {
      target,
      clients,
      ledgerUrl: limited.CARRYOVER_TARGET_URL,
      carryover: async () => {
        const time = await runCarryover({
          client: new Client({ connection: temporal, namespace: config.temporal.namespace }),
          taskQueue: around.taskQueue,
          input: inputOf(options),
          workerEnvironment: { ...around.workerEnvironment, ...limited },
        });
        plan = await planOf(target, time.result.run);
        const rowsRead = await readBy(target, time.resync.result.run);
        return { ...time, resync: { ...time.resync, rowsRead } };
      },
      say: around.say,
    };
    const rounds: Round[] = [];
    for (let number = 1; number <= options.rounds; number += 1) rounds.push(await runRound(bench, number));
    return resultOf(
      {
        ...(await readFacts(source, target, temporal)),
        ...plan,
        rows: options.rows,
        seed: options.seed,
        floorCopy: clients.target === null ? 'pg-copy-streams' : 'psql',
      },
      rounds,
      new Date(),
    );
  } finally {
    await dropFloor(target).catch(() => undefined);
    clients.remove();
    await Promise.allSettled([source.end(), target.end(), temporal.close()]);
  }
}

function inputOf({ batchRows, concurrency }: Options): MigrateInput {
  return {
    migration: 'case-states',
    ...(batchRows === undefined ? {} : { batchRows }),
    ...(concurrency === undefined ? {} : { concurrency }),
  };
}

/** What the run went by, from the ledger: the defaults are Carryover's to know. */
async function planOf(target: TargetClient, run: string): Promise<{ batchRows: number; concurrency: number }> {
  const { rows } = await target.query<{ batchRows: number; concurrency: number }>(
    'SELECT batch_rows AS "batchRows", concurrency FROM carryover.runs WHERE run_id = $1',
    [run],
  );
  return rows[0]!;
}

/** Rows of the source that crossed the wire for a run: compared one by one, or taken. */
async function readBy(target: TargetClient, run: string): Promise<number> {
  const { rows } = await target.query<{ read: number }>(
    `SELECT (SELECT coalesce(sum(source), 0) FROM carryover.batches WHERE run_id = $1)::float8
       + (SELECT coalesce(sum(x.rows_read), 0) FROM carryover.verified_ranges x JOIN carryover.runs r
            ON x.verification_id IN (r.verification_id, r.compared_by) WHERE r.run_id = $1)::float8 AS read`,
    [run],
  );
  return rows[0]!.read;
}

/** The first leg must not be the one that finds the servers' memory empty. */
async function warm(source: SourceConnection, target: TargetClient): Promise<void> {
  await source.query('SELECT COUNT(*), SUM(LENGTH(notes)) FROM dispatch_state');
  for (const table of ['orders', 'profiles', 'cases']) await target.query(`SELECT count(*) FROM public.${table}`);
}

const password = (): string => randomBytes(18).toString('base64url');

function withLogin(url: string, user: string, secret: string): string {
  const changed = new URL(url);
  changed.username = user;
  changed.password = secret;
  return changed.href;
}
