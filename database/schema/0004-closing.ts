import type { Knex } from 'knex';

/** The verification that a run ended with; verifications of a part of the keys; whether a text is JSON. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
ALTER TABLE carryover.runs ADD COLUMN verification_id bigint REFERENCES carryover.verifications;
COMMENT ON COLUMN carryover.runs.verification_id IS
  'the verification that the run ends with, the latest where it was begun several times; NULL before';

ALTER TABLE carryover.verifications ADD COLUMN partial boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN carryover.verifications.partial IS 'only a part of the keys was looked at: that of its ranges';

CREATE FUNCTION carryover.is_json(value text, binary_form boolean) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL UNSAFE AS $$
BEGIN
  IF binary_form THEN PERFORM value::jsonb; ELSE PERFORM value::json; END IF;
  RETURN true;
EXCEPTION WHEN SQLSTATE '22000' OR SQLSTATE '54000' THEN RETURN false;
END $$;
COMMENT ON FUNCTION carryover.is_json(text, boolean) IS
  'whether a text is json, or can be jsonb, which takes no NUL and numbers of a bounded size only';
`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
DROP FUNCTION carryover.is_json(text, boolean);
ALTER TABLE carryover.verifications DROP COLUMN partial;
ALTER TABLE carryover.runs DROP COLUMN verification_id;
`);
}
