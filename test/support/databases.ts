import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { services } from './servers';

/** A pair of empty databases for one test file, with logins that may do everything. */
export interface Databases {
  sourceUrl: string;
  targetUrl: string;
  /** Removes both, whoever is still connected. */
  drop(): Promise<void>;
}

/**
 * Creates a pair of databases that no other test uses.
 *
 * @param sourceServer another source than the run's own
 */
export async function createDatabases(sourceServer?: string): Promise<Databases> {
  const name = `t_${randomBytes(6).toString('hex')}`;
  const { source, target } = services();
  const sourceBase = sourceServer ?? source.url;
  await onSource(sourceBase, `CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  await onTarget(target.url, `CREATE DATABASE ${name}`);
  return {
    sourceUrl: withDatabase(sourceBase, name),
    targetUrl: withDatabase(target.url, name),
    drop: async () => {
      await onSource(sourceBase, `DROP DATABASE IF EXISTS ${name}`);
      await onTarget(target.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

async function onSource(uri: string, sql: string): Promise<void> {
  const connection = await createConnection({ uri });
  try {
    await connection.query(sql);
  } finally {
    await connection.end();
  }
}

async function onTarget(connectionString: string, sql: string): Promise<void> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
