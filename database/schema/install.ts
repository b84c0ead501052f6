/** Installs and inspects the ledger's schema: knex migrations, numbered, append-only, listed by hand. */
import knex from 'knex';
import type { Knex } from 'knex';
import * as ledger from './0001-ledger';
import * as operations from './0002-operations';
import * as verification from './0003-verification';
import * as closing from './0004-closing';
import * as accepting from './0005-accepting';
import * as someRows from './0006-some-rows';
import * as resync from './0007-resync';
import * as quarantine from './0008-quarantine';
import * as baselineSources from './0009-baseline-sources';
import * as undo from './0011-undo';
import * as nothingToDo from './0012-nothing-to-do';
import * as skippedBatches from './0013-skipped-batches';

const MIGRATIONS: readonly { readonly name: string; readonly migration: Knex.Migration }[] = [
  { name: '0001-ledger', migration: ledger },
  { name: '0002-operations', migration: operations },
  { name: '0003-verification', migration: verification },
  { name: '0004-closing', migration: closing },
  { name: '0005-accepting', migration: accepting },
  { name: '0006-some-rows', migration: someRows },
  { name: '0007-resync', migration: resync },
  { name: '0008-quarantine', migration: quarantine },
  { name: '0009-baseline-sources', migration: baselineSources },
  { name: '0011-undo', migration: undo },
  { name: '0012-nothing-to-do', migration: nothingToDo },
  { name: '0013-skipped-batches', migration: skippedBatches },
];

const source: Knex.MigrationSource<(typeof MIGRATIONS)[number]> = {
  getMigrations: () => Promise.resolve([...MIGRATIONS]),
  getMigrationName: ({ name }) => name,
  getMigration: ({ migration }) => Promise.resolve(migration),
};

/** Name of the newest schema change that this version knows. */
export const LATEST_SCHEMA = MIGRATIONS[MIGRATIONS.length - 1]!.name;

/** What knex would print beside the error that it throws: a stack, for somebody who mistyped a URL. */
const silent = (): void => undefined;
const SILENT: Knex.Logger = { warn: silent, error: silent, debug: silent, deprecate: silent };

/**
 * Brings schema `carryover` up to date.
 *
 * @returns the names of the schema changes that were applied now; empty where the schema was current
 */
export async function installSchema(targetUrl: string): Promise<string[]> {
  const db = knex({ client: 'pg', connection: targetUrl, pool: { min: 0, max: 1 }, log: SILENT });
  try {
    await db.raw('CREATE SCHEMA IF NOT EXISTS carryover');
    const [, applied] = (await db.migrate.latest({
      migrationSource: source,
      schemaName: 'carryover',
      tableName: 'schema_changes',
    })) as [number, string[]];
    return applied;
  } finally {
    await db.destroy();
  }
}
