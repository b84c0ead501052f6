import type { Knex } from 'knex';

/** Which tables of the source a line of the baseline came from: what is there counts as mapped. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
ALTER TABLE carryover.baseline ADD COLUMN source_tables text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN carryover.baseline.source_tables IS
  'tables of the source that were migrated into it; empty where the imported file did not say';
`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE carryover.baseline DROP COLUMN source_tables;');
}
