import type { Knex } from 'knex';

/** Runs that take back what an earlier run did: what they undo, and lines of quarantine as they were before each load. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
ALTER TABLE carryover.runs
  DROP CONSTRAINT runs_state_check,
  ADD CONSTRAINT runs_state_check CHECK (state IN ('open', 'finished', 'abandoned', 'superseded', 'undone')),
  ADD COLUMN undoes bigint REFERENCES carryover.runs,
  ADD CONSTRAINT runs_undo_something CHECK (undoes IS NULL OR mode = 'undo');
COMMENT ON COLUMN carryover.runs.undoes IS 'of an undo: the run that it takes back';
ALTER TABLE carryover.batches ADD COLUMN undoes integer;
COMMENT ON COLUMN carryover.batches.undoes IS 'of an undo: the batch of the undone run';

CREATE TABLE carryover.quarantine_images (
  run_id     bigint NOT NULL,
  batch      integer NOT NULL,
  legacy_key text NOT NULL,
  line       jsonb,
  PRIMARY KEY (run_id, batch, legacy_key),
  FOREIGN KEY (run_id, batch) REFERENCES carryover.batches
);
COMMENT ON TABLE carryover.quarantine_images IS
  'lines of quarantine as they were before a load touched them: what an undo gives back; NULL where it was purged';
`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
DROP TABLE carryover.quarantine_images;
ALTER TABLE carryover.batches DROP COLUMN undoes;
ALTER TABLE carryover.runs
  DROP COLUMN undoes,
  DROP CONSTRAINT runs_state_check,
  ADD CONSTRAINT runs_state_check CHECK (state IN ('open', 'finished', 'abandoned', 'superseded'));
`);
}
