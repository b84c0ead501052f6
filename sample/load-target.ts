/** Fills the target's lookups by COPY, each table over a connection of its own, and builds keys and indexes after. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { LOOKUP_INDEXES, LOOKUP_TABLES } from './target-schema';
import { linesOf, type SampleTable } from './table';

/** Makes the lookup tables, fills them, and gives them keys and indexes. */
export async function loadTarget(connect: () => Promise<Client>, tables: readonly SampleTable[]): Promise<void> {
  const first = await connect();
  try {
    await first.query(LOOKUP_TABLES);
  } finally {
    await first.end();
  }
  const results = await Promise.allSettled(tables.map((table) => loadLookup(connect, table)));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function loadLookup(connect: () => Promise<Client>, table: SampleTable): Promise<void> {
  const target = await connect();
  try {
    await target.query("SET synchronous_commit = off; SET maintenance_work_mem = '256MB'");
    await copyRows(target, `public.${table.name}`, table);
    await target.query(LOOKUP_INDEXES[table.name]!);
  } finally {
    await target.end();
  }
}

/** Copies rows into a table of the target. */
export async function copyRows(target: Client, name: string, table: SampleTable): Promise<void> {
  const sink = target.query(copyFrom(`COPY ${name} (${table.columns.join(', ')}) FROM STDIN`));
  await pipeline(Readable.from(linesOf(table), { objectMode: false }), sink);
}
