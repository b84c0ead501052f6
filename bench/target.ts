/** The target between the legs: reset alike for all, bare for floor B, and summed over all columns at the end. */
import { Client } from 'pg';
import { installSchema } from '../database/schema/install';
import { CREATE_STAGE, FLOOR_SCHEMA } from './floor-sql';

const TABLE = 'public.case_states';

/** A key, foreign key or index, with the statements that drop and build it. */
export interface Part {
  readonly name: string;
  readonly drop: string;
  readonly build: string;
}

/** What a table holds and is: equal for two tables only if every column of every row, and every index, is. */
export interface State {
  readonly rows: string;
  /** Sum of 64 bit hashes of whole rows. */
  readonly checksum: string;
  /** The same by column, so that a difference has a name. */
  readonly columns: Readonly<Record<string, string>>;
  readonly parts: readonly string[];
}

/** A connection whose values read alike for everybody, since a checksum reads them as text. */
export async function connectTarget(url: string): Promise<Client> {
  const client = new Client({
    connectionString: url,
    application_name: 'carryover bench',
    options: '-c TimeZone=UTC -c DateStyle=ISO,YMD -c client_min_messages=error',
  });
  client.on('error', () => undefined); // a lost connection fails the statement under way as well
  await client.connect();
  return client;
}

/** Keys before foreign keys: the order in which they can be built. */
export async function partsOf(client: Client): Promise<Part[]> {
  const { rows } = await client.query<Part>(`
    SELECT name, drop, build FROM (
      SELECT conname AS name, CASE contype WHEN 'f' THEN 3 ELSE 1 END AS rank,
        format('ALTER TABLE ${TABLE} DROP CONSTRAINT %I', conname) AS drop,
        format('ALTER TABLE ${TABLE} ADD CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)) AS build
      FROM pg_constraint WHERE conrelid = '${TABLE}'::regclass AND contype IN ('p', 'u', 'f')
      UNION ALL
      SELECT c.relname, 2, format('DROP INDEX public.%I', c.relname), pg_get_indexdef(i.indexrelid)
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      WHERE i.indrelid = '${TABLE}'::regclass
        AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid)) p
    ORDER BY rank, name`);
  return rows;
}

/** Brings everything back to where it was before the first leg, and writes out what earlier legs left dirty. */
export async function reset(client: Client, ledgerUrl: string): Promise<void> {
  await client.query(`TRUNCATE ${TABLE}`);
  await client.query('DROP SCHEMA IF EXISTS carryover_stage CASCADE; DROP SCHEMA IF EXISTS carryover CASCADE;');
  await installSchema(ledgerUrl);
  await client.query(CREATE_STAGE);
  // Foreign key checks leave locks in the lookups' rows; without this, a leg would pay for the one before it.
  for (const table of [TABLE, 'public.orders', 'public.cases', 'public.profiles']) {
    await client.query(`VACUUM (ANALYZE) ${table}`);
  }
  await client.query('CHECKPOINT');
}

/** Drops keys, indexes and foreign keys; returns the statements that build them again. */
export async function makeBare(client: Client): Promise<string[]> {
  const parts = await partsOf(client);
  for (const part of [...parts].reverse()) await client.query(part.drop);
  return parts.map((part) => part.build);
}

/** Drops what floors leave beside the target table. */
export async function dropFloor(client: Client): Promise<void> {
  await client.query(`DROP SCHEMA IF EXISTS ${FLOOR_SCHEMA} CASCADE`);
}

/** Reads the whole table: count, checksum over all columns of all rows, checksum by column, keys and indexes. */
export async function readState(client: Client): Promise<State> {
  const found = await client.query<{ name: string }>(
    `SELECT quote_ident(attname) AS name FROM pg_attribute
     WHERE attrelid = '${TABLE}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
  );
  const names = found.rows.map((row) => row.name);
  const sum = (text: string): string => `coalesce(sum(hashtextextended(${text}, 0)), 0)::text`;
  const { rows } = await client.query<{ rows: string; checksum: string; columns: string[] }>(
    `SELECT count(*)::text AS rows, ${sum('t::text')} AS checksum,
       ARRAY[${names.map((name) => sum(`coalesce(t.${name}::text, 'NULL')`)).join(', ')}] AS columns
     FROM ${TABLE} t`,
  );
  const { rows: count, checksum, columns } = rows[0]!;
  const parts = await partsOf(client);
  return {
    rows: count,
    checksum,
    columns: Object.fromEntries(names.map((name, index) => [name, columns[index]!])),
    parts: parts.map((part) => part.build),
  };
}

/** In which respects two states differ; empty where they are the same. */
export function differences(one: State, other: State): string[] {
  const found: string[] = [];
  if (one.rows !== other.rows) found.push(`rows (${one.rows} and ${other.rows})`);
  for (const name of Object.keys({ ...one.columns, ...other.columns })) {
    if (one.columns[name] !== other.columns[name]) found.push(`column ${name}`);
  }
  if (found.length === 0 && one.checksum !== other.checksum) found.push('the rows as wholes');
  if (JSON.stringify([...one.parts].sort()) !== JSON.stringify([...other.parts].sort())) found.push('keys or indexes');
  return found;
}
