import type { Knex } from 'knex';

/** What a verification writes down: its ranges before they are looked at, what each was found to hold, and its verdict. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
CREATE FUNCTION carryover.key_numbers(legacy_key text) RETURNS numeric[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN legacy_key ~ '^(-{0,1}[0-9]+|\\["-{0,1}[0-9]+"(, "-{0,1}[0-9]+")*\\])$' -- no question marks: knex would bind them
              THEN string_to_array(translate(legacy_key, '[]" ', ''), ',')::numeric[] END
$$;
COMMENT ON FUNCTION carryover.key_numbers(text) IS
  'the parts of a legacy key, where all are integers: they compare in the order of the source';

ALTER TABLE carryover.quarantine
  ADD COLUMN target_id uuid,
  ADD COLUMN key_numbers numeric[] GENERATED ALWAYS AS (carryover.key_numbers(legacy_key)) STORED;
COMMENT ON COLUMN carryover.quarantine.target_id IS 'the id that the row will have in the target';
CREATE INDEX quarantine_by_key ON carryover.quarantine (migration, key_numbers);

CREATE TABLE carryover.verifications (
  verification_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  migration       text NOT NULL,
  run_id          bigint NOT NULL REFERENCES carryover.runs,
  final           boolean NOT NULL,
  fingerprint     text NOT NULL,
  source_identity jsonb NOT NULL,
  target_identity jsonb NOT NULL,
  workflow        text NOT NULL,
  workflow_run    text NOT NULL UNIQUE,
  state           text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'finished')),
  verdict         text CHECK (verdict IN ('proven', 'proven_with_exceptions', 'not_proven')),
  started_at      timestamptz NOT NULL DEFAULT now(),
  finished_at     timestamptz,
  CHECK ((state = 'open') = (finished_at IS NULL)),
  CHECK ((state = 'finished') = (verdict IS NOT NULL))
);
COMMENT ON TABLE carryover.verifications IS 'source and target compared anew: as of when, of which run''s ranges, with what verdict';
COMMENT ON COLUMN carryover.verifications.run_id IS 'the migration''s latest run, whose batches say what was loaded, left out or not yet done';
COMMENT ON COLUMN carryover.verifications.workflow_run IS 'run of the workflow: a plan that is asked for twice is one';
COMMENT ON COLUMN carryover.verifications.final IS 'writes to the source are frozen: what has moved is a defect';
CREATE INDEX verifications_by_migration ON carryover.verifications (migration, verification_id);

CREATE TABLE carryover.verified_ranges (
  verification_id bigint NOT NULL REFERENCES carryover.verifications,
  range           integer NOT NULL CHECK (range > 0),
  after_key       jsonb,
  to_key          jsonb,
  first_batch     integer,
  last_batch      integer,
  fate            text NOT NULL CHECK (fate IN ('settled', 'excluded', 'pending')),
  state           text NOT NULL DEFAULT 'not_verified' CHECK (state IN ('not_verified', 'verified')),
  source          bigint CHECK (source >= 0),
  loaded          bigint CHECK (loaded >= 0),
  quarantined     bigint CHECK (quarantined >= 0),
  excluded        bigint CHECK (excluded >= 0),
  pending         bigint CHECK (pending >= 0),
  rows_read       bigint CHECK (rows_read >= 0),
  seconds         double precision CHECK (seconds >= 0),
  verified_at     timestamptz,
  PRIMARY KEY (verification_id, range),
  CHECK ((state = 'verified') = (verified_at IS NOT NULL)),
  CHECK (state = 'not_verified'
         OR (source, loaded, quarantined, excluded, pending, rows_read, seconds) IS NOT NULL)
);
COMMENT ON TABLE carryover.verified_ranges IS 'key ranges of a verification; a line that stays not verified makes it not proven';
COMMENT ON COLUMN carryover.verified_ranges.first_batch IS 'batches of the run that the range is made of; NULL where of none';
COMMENT ON COLUMN carryover.verified_ranges.source IS 'rows of the source, as it counted them then';
COMMENT ON COLUMN carryover.verified_ranges.loaded IS 'rows of the target';
COMMENT ON COLUMN carryover.verified_ranges.rows_read IS 'rows of which key and hashes crossed the wire';

ALTER TABLE carryover.findings
  ALTER COLUMN run_id DROP NOT NULL,
  ADD COLUMN verification_id bigint REFERENCES carryover.verifications,
  ADD COLUMN range integer,
  ADD COLUMN columns text[],
  ADD CONSTRAINT findings_of_one CHECK ((run_id IS NULL) <> (verification_id IS NULL));
CREATE INDEX findings_by_verification ON carryover.findings (verification_id, range);
COMMENT ON COLUMN carryover.findings.columns IS 'source columns, or target columns that have none, that differ';

CREATE TABLE carryover.verification_checks (
  verification_id bigint NOT NULL REFERENCES carryover.verifications,
  position        integer NOT NULL,
  name            text NOT NULL,
  state           text NOT NULL DEFAULT 'not_verified' CHECK (state IN ('not_verified', 'verified')),
  compared        bigint CHECK (compared >= 0),
  found           bigint CHECK (found >= 0),
  seconds         double precision CHECK (seconds >= 0),
  PRIMARY KEY (verification_id, name),
  CHECK ((state = 'verified') = ((compared, found, seconds) IS NOT NULL))
);
COMMENT ON TABLE carryover.verification_checks IS 'what no range can see; a line that stays not verified makes the whole not proven';
`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
DELETE FROM carryover.findings WHERE verification_id IS NOT NULL;
ALTER TABLE carryover.findings
  DROP CONSTRAINT findings_of_one, DROP COLUMN verification_id, DROP COLUMN range, DROP COLUMN columns,
  ALTER COLUMN run_id SET NOT NULL;
DROP TABLE carryover.verification_checks, carryover.verified_ranges, carryover.verifications;
ALTER TABLE carryover.quarantine DROP COLUMN key_numbers, DROP COLUMN target_id;
DROP FUNCTION carryover.key_numbers(text);
`);
}
