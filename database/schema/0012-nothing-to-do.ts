import type { Knex } from 'knex';

/** Starts that had nothing to do: a replay, where no row is in open quarantine. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
ALTER TABLE carryover.starts
  DROP CONSTRAINT starts_outcome_check,
  ADD CONSTRAINT starts_outcome_check CHECK (
    outcome IN ('opened', 'resumed', 'took_over', 'restarted', 'missed', 'refused', 'nothing_to_do'));
`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
DELETE FROM carryover.starts WHERE outcome = 'nothing_to_do';
ALTER TABLE carryover.starts
  DROP CONSTRAINT starts_outcome_check,
  ADD CONSTRAINT starts_outcome_check CHECK (
    outcome IN ('opened', 'resumed', 'took_over', 'restarted', 'missed', 'refused'));
`);
}
