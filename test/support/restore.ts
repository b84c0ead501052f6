/** Takes the target back to an earlier moment, as a restore from a backup does. */
import type { Engine } from './engine';

/** All that a run writes, and what a test has noted of it in a schema `watch`; the stage, which is unlogged, is in no backup. */
const TABLES = `
SELECT format('%I.%I', schemaname, tablename) AS table, format('moment.%I', tablename) AS kept,
       (SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
        WHERE table_schema = schemaname AND table_name = tablename AND is_generated = 'NEVER') AS columns
FROM pg_tables WHERE schemaname IN ('carryover', 'watch') OR (schemaname, tablename) = ('public', 'case_states')`;

const SEQUENCES = `
SELECT format('%I.%I', schemaname, sequencename) AS name, coalesce(last_value, 1) AS value, last_value IS NOT NULL AS used
FROM pg_sequences WHERE schemaname = 'carryover'`;

const STAGE = `SELECT format('%I.%I', schemaname, tablename) AS table FROM pg_tables WHERE schemaname = 'carryover_stage'`;

/**
 * @returns what restores the ledger and the target table to this moment, and returns the states of its batches; every connection to
 *   the database ends with it
 */
export async function rememberTarget(engine: Engine): Promise<() => Promise<string[]>> {
  const tables = await engine.onTarget<{ table: string; kept: string; columns: string }>(TABLES);
  const copies = tables.map(({ table, kept, columns }) => `CREATE TABLE ${kept} AS SELECT ${columns} FROM ${table};`);
  await engine.onTarget(`BEGIN ISOLATION LEVEL REPEATABLE READ; DROP SCHEMA IF EXISTS moment CASCADE; CREATE SCHEMA moment;
    ${copies.join('\n')} COMMIT`);
  const sequences = await engine.onTarget<{ name: string; value: string; used: boolean }>(SEQUENCES);
  return async () => {
    await engine.onTarget(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`);
    const stage = await engine.onTarget<{ table: string }>(STAGE);
    await engine.onTarget(
      [
        'BEGIN; SET LOCAL session_replication_role = replica',
        ...stage.map(({ table }) => `DROP TABLE ${table}`),
        `TRUNCATE ${tables.map(({ table }) => table).join(', ')}`,
        ...tables.map(
          ({ table, kept, columns }) =>
            `INSERT INTO ${table} (${columns}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM ${kept}`,
        ),
        ...sequences.map(({ name, value, used }) => `SELECT setval('${name}', ${value}, ${used})`),
        'COMMIT',
      ].join(';\n'),
    );
    // Of the moment, and not of the ledger: a run that lives goes on at once.
    const batches = tables.find(({ table }) => /batches"?$/.test(table))!;
    const states = await engine.onTarget<{ state: string }>(`SELECT state FROM ${batches.kept} ORDER BY run_id, batch`);
    return states.map(({ state }) => state);
  };
}
