import type { Knex } from 'knex';

/** Findings that a person has accepted: exceptions from then on, as long as both sides are as they were. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
ALTER TABLE carryover.findings ADD COLUMN evidence text, ADD COLUMN check_name text;
COMMENT ON COLUMN carryover.findings.evidence IS
  'SHA-256 of what both sides had: a finding that was accepted is so as long as it is this; NULL where it cannot be accepted';
COMMENT ON COLUMN carryover.findings.check_name IS 'the check of a verification that named the row; NULL where a range did';

CREATE TABLE carryover.accepted_findings (
  acceptance_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  migration     text NOT NULL,
  kind          text NOT NULL,
  legacy_key    text,
  evidence      text NOT NULL,
  reason        text NOT NULL CHECK (btrim(reason) <> ''),
  who           text NOT NULL,
  claimed_by    text,
  workflow      text NOT NULL,
  workflow_run  text NOT NULL,
  accepted_at   timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX accepted_once ON carryover.accepted_findings (migration, kind, coalesce(legacy_key, ''), evidence);
COMMENT ON TABLE carryover.accepted_findings IS 'what is not as it should be, and may be so: decided by whom, when and why';
COMMENT ON COLUMN carryover.accepted_findings.who IS 'identity as Temporal recorded it';
COMMENT ON COLUMN carryover.accepted_findings.claimed_by IS 'name that the person gave, not checked';

CREATE VIEW carryover.verification_findings AS
SELECT f.*, a.acceptance_id IS NOT NULL AS accepted
FROM carryover.findings f
JOIN carryover.verifications v USING (verification_id)
LEFT JOIN carryover.accepted_findings a ON a.migration = v.migration AND a.kind = f.kind AND a.evidence = f.evidence
  AND a.legacy_key IS NOT DISTINCT FROM f.legacy_key;
COMMENT ON VIEW carryover.verification_findings IS 'findings of verifications, and whether each was accepted';
`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
DROP VIEW carryover.verification_findings;
DROP TABLE carryover.accepted_findings;
ALTER TABLE carryover.findings DROP COLUMN evidence, DROP COLUMN check_name;
`);
}
