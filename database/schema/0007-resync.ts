import type { Knex } from 'knex';

/**
 * Runs that compare first: what their comparison found, the rows that are gone from the source and what became of them, and
 * the brake before the first of these is taken away.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
ALTER TABLE carryover.runs
  ADD COLUMN compared_by bigint REFERENCES carryover.verifications,
  ADD COLUMN found jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN held bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
  ADD COLUMN gone_policy text NOT NULL DEFAULT 'report' CHECK (gone_policy IN ('report', 'mark', 'delete')),
  ADD COLUMN max_deletes double precision NOT NULL DEFAULT 0.01 CHECK (max_deletes BETWEEN 0 AND 1);
COMMENT ON COLUMN carryover.runs.compared_by IS
  'of a re-sync: the comparison whose findings it takes; NULL before, and of every other run';
COMMENT ON COLUMN carryover.runs.found IS 'of a re-sync: rows by kind, as its comparison found them';
COMMENT ON COLUMN carryover.runs.held IS 'of a re-sync: rows in quarantine that it takes';
COMMENT ON COLUMN carryover.runs.gone_policy IS 'what becomes of loaded rows that are gone from the source';
COMMENT ON COLUMN carryover.runs.max_deletes IS
  'share of the loaded rows beyond which rows that are gone pause the run before the first is taken away';

ALTER TABLE carryover.batches
  ADD COLUMN gone boolean NOT NULL DEFAULT false,
  ADD COLUMN taken_away bigint NOT NULL DEFAULT 0 CHECK (taken_away >= 0);
COMMENT ON COLUMN carryover.batches.gone IS
  'a list of keys that the source did not have when it was compared: what it still does not have is taken away';
COMMENT ON COLUMN carryover.batches.taken_away IS 'rows of the target that were deleted or marked as gone';

ALTER TABLE carryover.verifications
  DROP CONSTRAINT verifications_state_check,
  ADD CONSTRAINT verifications_state_check CHECK (state IN ('open', 'finished', 'compared'));
ALTER TABLE carryover.verifications ADD COLUMN carries boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN carryover.verifications.carries IS
  'a check may take over what an earlier verification found, where all that it looks at is as it was';
ALTER TABLE carryover.verified_ranges ADD COLUMN content numeric;
COMMENT ON COLUMN carryover.verified_ranges.content IS
  'sum of the hashes of the target rows as we wrote them; NULL where one of them is not, or rows were compared one by one';
ALTER TABLE carryover.verification_checks
  ADD COLUMN witness text,
  ADD COLUMN carried_from bigint REFERENCES carryover.verifications;
COMMENT ON COLUMN carryover.verification_checks.witness IS
  'what the answer follows from: counts and sums of hashes; the same text, the same answer';
COMMENT ON COLUMN carryover.verification_checks.carried_from IS 'the verification that looked, where this one took its answer over';
COMMENT ON COLUMN carryover.verifications.state IS
  'compared: it said what a re-sync was to move, and another one has the verdict';

ALTER TABLE carryover.quarantine
  DROP CONSTRAINT quarantine_state_check,
  ADD CONSTRAINT quarantine_state_check CHECK (state IN ('open', 'replayed', 'dismissed', 'gone', 'undone'));
COMMENT ON COLUMN carryover.quarantine.state IS
  'open; replayed: it came over; dismissed: left out by decision; gone: its source has it no more; undone: the run that sent it there was';

ALTER TABLE carryover.settled_keys
  DROP CONSTRAINT settled_keys_now_check,
  ADD CONSTRAINT settled_keys_now_check CHECK (now IN ('loaded', 'quarantined', 'excluded', 'pending', 'nothing'));
CREATE INDEX settled_keys_of_key ON carryover.settled_keys (legacy_key, run_id);
`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
DROP INDEX carryover.settled_keys_of_key;
ALTER TABLE carryover.settled_keys
  DROP CONSTRAINT settled_keys_now_check,
  ADD CONSTRAINT settled_keys_now_check CHECK (now IN ('loaded', 'quarantined', 'excluded', 'nothing'));
ALTER TABLE carryover.quarantine
  DROP CONSTRAINT quarantine_state_check,
  ADD CONSTRAINT quarantine_state_check CHECK (state IN ('open', 'replayed'));
ALTER TABLE carryover.verification_checks DROP COLUMN witness, DROP COLUMN carried_from;
ALTER TABLE carryover.verified_ranges DROP COLUMN content;
ALTER TABLE carryover.verifications
  DROP COLUMN carries,
  DROP CONSTRAINT verifications_state_check,
  ADD CONSTRAINT verifications_state_check CHECK (state IN ('open', 'finished'));
ALTER TABLE carryover.batches DROP COLUMN gone, DROP COLUMN taken_away;
ALTER TABLE carryover.runs DROP COLUMN compared_by, DROP COLUMN found, DROP COLUMN held, DROP COLUMN gone_policy, DROP COLUMN max_deletes;
`);
}
