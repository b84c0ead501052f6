/** Makes the sample in two databases: the legacy clinic, and the new one as the earlier migrations left it. */
import type { Connection } from 'mysql2/promise';
import type { Client } from 'pg';
import { connectSource, connectTarget } from './connect';
import { dirtyDispatchStates, dirtyLookups, dirtyMessages } from './dirty';
import { DEFAULT_ROWS } from './figures';
import { generate, type GeneratedSample } from './generate';
import { insertRows, loadSource } from './load-source';
import { copyRows, loadTarget } from './load-target';
import { createReader, createWorker } from './logins';
import { markComplete, markSource, markTarget, refuseForeignSource, refuseForeignTarget } from './mark';
import { SOURCE_TABLES } from './source-schema';
import { DROP_TARGET, EMPTY_TABLES } from './target-schema';

export interface SampleOptions {
  /** Addresses with the right to make tables (and logins, if their passwords are given). */
  readonly sourceUrl: string;
  readonly targetUrl: string;
  /** Rows of `dispatch_state`; the other tables keep their proportion. */
  readonly rows?: number;
  readonly seed?: number;
  /** Adds rows that cannot be loaded, at least one for every reason. */
  readonly dirty?: boolean;
  /** Password of the source's reading login; without it, none is made. */
  readonly readerPassword?: string;
  /** Password of the target's limited login; without it, none is made. */
  readonly workerPassword?: string;
  /** Fills the source by INSERTs even where LOAD DATA is allowed. */
  readonly inserts?: boolean;
}

export interface CreatedSample {
  readonly rows: number;
  readonly dirtyRows: number;
  readonly messages: number;
  readonly orders: number;
  readonly profiles: number;
  readonly seconds: number;
}

/**
 * Drops the sample of before, if there is one, and makes the sample anew. Refuses, before it changes anything, a
 * database that holds tables and is no sample.
 */
export async function createSample(options: SampleOptions): Promise<CreatedSample> {
  const { rows = DEFAULT_ROWS, seed = 1, dirty = false } = options;
  const started = process.hrtime.bigint();
  const sample = generate({ rows, seed });
  const source = await connectSource(options.sourceUrl);
  let target: Client | undefined;
  try {
    target = await connectTarget(options.targetUrl);
    await refuseForeignSource(source);
    await refuseForeignTarget(target);
    await markSource(source, { seed, rows, dirty });
    await markTarget(target, { seed, rows, dirty });
    await source.query(`DROP TABLE IF EXISTS ${SOURCE_TABLES.map((name) => `\`${name}\``).join(', ')}`);
    await target.query(DROP_TARGET);
    await target.query("SET maintenance_work_mem = '256MB'");
    await fill(source, target, sample, options);
    const dirtyRows = dirty ? await addDirty(source, target, sample) : 0;
    await target.query('ANALYZE');
    if (options.readerPassword !== undefined) await createReader(source, options.readerPassword);
    if (options.workerPassword !== undefined) await createWorker(target, options.workerPassword);
    await markComplete(source, target);
    const { messages, orders, profiles } = sample.figures;
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    return { rows, dirtyRows, messages, orders, profiles, seconds };
  } finally {
    await source.end().catch(() => undefined);
    await target?.end().catch(() => undefined);
  }
}

/** Both sides at once; the first failure is told when the other side has come to rest. */
async function fill(
  source: Connection,
  target: Client,
  sample: GeneratedSample,
  options: SampleOptions,
): Promise<void> {
  const sides = await Promise.allSettled([
    loadSource(source, sample.source, options),
    loadTarget(() => connectTarget(options.targetUrl), sample.target).then(() => target.query(EMPTY_TABLES)),
  ]);
  for (const side of sides) if (side.status === 'rejected') throw side.reason;
}

async function addDirty(source: Connection, target: Client, { keys }: GeneratedSample): Promise<number> {
  for (const table of dirtyLookups(keys)) await copyRows(target, `public.${table.name}`, table);
  // The legacy server's laxness is what made such rows possible.
  await source.query("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'");
  const states = dirtyDispatchStates(keys);
  await insertRows(source, states);
  await insertRows(source, dirtyMessages(keys));
  return [...states.rows()].length;
}
