/** Fills the target's lookups by COPY, each table over a connection of its own, and builds keys and indexes after. */
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { type SampleTable, streamOf } from './table';
import { LOOKUP_INDEXES, LOOKUP_TABLES } from './target-schema';

/** Makes the lookup tables, fills them, and gives them keys and indexes. */
export async function loadTarget(connect: () => Promise<Client>, tables: readonly SampleTable[]): Promise<void> {
  const results = await Promise.allSettled(tables.map((table) => loadLookup(connect, table)));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** In one transaction, so that rows go in frozen, and without WAL where the server is set to allow that. */
async function loadLookup(connect: () => Promise<Client>, table: SampleTable): Promise<void> {
  const target = await connect();
  try {
    await target.query("SET maintenance_work_mem = '256MB'");
    await target.query('BEGIN');
    await target.query(LOOKUP_TABLES[table.name]!);
    await copyRows(target, `public.${table.name}`, table, 'FREEZE');
    await target.query(LOOKUP_INDEXES[table.name]!);
    await target.query('COMMIT');
  } finally {
    await target.end();
  }
}

/** Copies rows into a table of the target. */
export async function copyRows(target: Client, name: string, table: SampleTable, option?: 'FREEZE'): Promise<void> {
  const suffix = option === undefined ? '' : ` (${option})`;
  const sink = target.query(copyFrom(`COPY ${name} (${table.columns.join(', ')}) FROM STDIN${suffix}`));
  await pipeline(streamOf(table), sink);
}
