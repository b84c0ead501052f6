import type { Knex } from 'knex';

/**
 * What operating a run needs of the ledger: the legal changes of a batch's state, enforced; skipped batches; paused,
 * abandoned and superseded runs; who decided what; how each start ended.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
CREATE TABLE carryover.batch_transitions (
  from_state text NOT NULL,
  to_state   text NOT NULL,
  occasion   text NOT NULL,
  PRIMARY KEY (from_state, to_state)
);
COMMENT ON TABLE carryover.batch_transitions IS 'every legal change of a batch''s state; any other is refused';
INSERT INTO carryover.batch_transitions VALUES
  ('planned', 'running',   'an attempt begins'),
  ('planned', 'parked',    'no attempt could begin'),
  ('running', 'loaded',    'the load commits'),
  ('running', 'parked',    'a step fails for good'),
  ('loaded',  'validated', 'source and target are equal'),
  ('loaded',  'parked',    'they differ, or the comparison fails for good'),
  ('parked',  'running',   'retryBatch'),
  ('parked',  'skipped',   'skipBatch: its rows count as excluded by decision'),
  ('skipped', 'parked',    'retryBatch revokes the decision');

ALTER TABLE carryover.batches
  DROP CONSTRAINT batches_state_check,
  DROP CONSTRAINT batches_decided_when_loaded,
  ADD COLUMN excluded_by_decision bigint NOT NULL DEFAULT 0,
  ADD COLUMN ever_loaded boolean NOT NULL DEFAULT false,
  ADD CONSTRAINT batches_state_check
    CHECK (state IN ('planned', 'running', 'loaded', 'validated', 'parked', 'skipped')),
  ADD CONSTRAINT batches_decided_when_loaded
    CHECK (state NOT IN ('loaded', 'validated', 'skipped') OR pending = 0),
  ADD CONSTRAINT batches_decision_excludes
    CHECK (excluded_by_decision BETWEEN 0 AND excluded AND (state = 'skipped' OR excluded_by_decision = 0)),
  ADD CONSTRAINT batches_skipped_unloaded
    CHECK (state <> 'skipped' OR NOT ever_loaded);
UPDATE carryover.batches SET ever_loaded = true WHERE loaded_at IS NOT NULL;
COMMENT ON COLUMN carryover.batches.excluded IS 'left out on purpose: by the mapping''s rule or by decision';
COMMENT ON COLUMN carryover.batches.excluded_by_decision IS 'of these, by an operator who skipped the batch';
COMMENT ON COLUMN carryover.batches.ever_loaded IS
  'a load of it has been committed in this run: its rows may be in the target, and skipping it would deny them';

CREATE FUNCTION carryover.check_batch_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state = 'planned' THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'batch % of run % cannot begin as %', NEW.batch, NEW.run_id, NEW.state
      USING ERRCODE = 'check_violation', SCHEMA = 'carryover', TABLE = 'batches', CONSTRAINT = 'batches_legal_transition';
  END IF;
  IF NOT EXISTS (SELECT FROM carryover.batch_transitions WHERE from_state = OLD.state AND to_state = NEW.state) THEN
    RAISE EXCEPTION 'batch % of run % cannot go from % to %', NEW.batch, NEW.run_id, OLD.state, NEW.state
      USING ERRCODE = 'check_violation', SCHEMA = 'carryover', TABLE = 'batches', CONSTRAINT = 'batches_legal_transition';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER batches_legal_birth BEFORE INSERT ON carryover.batches
  FOR EACH ROW EXECUTE FUNCTION carryover.check_batch_transition();
CREATE TRIGGER batches_legal_transition BEFORE UPDATE ON carryover.batches
  FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION carryover.check_batch_transition();

ALTER TABLE carryover.runs
  DROP CONSTRAINT runs_mode_check,
  DROP CONSTRAINT runs_state_check,
  DROP CONSTRAINT runs_check1,
  ADD COLUMN paused_at timestamptz,
  ADD COLUMN pause_cause text,
  ADD COLUMN max_parked integer NOT NULL DEFAULT 10 CHECK (max_parked >= 0),
  ADD COLUMN max_quarantine double precision NOT NULL DEFAULT 0.1 CHECK (max_quarantine BETWEEN 0 AND 1),
  ADD COLUMN concurrency_limit integer NOT NULL DEFAULT 8 CHECK (concurrency_limit > 0),
  ADD COLUMN mapping jsonb,
  ADD COLUMN source_columns jsonb,
  ADD CONSTRAINT runs_mode_check CHECK (mode IN ('full', 'changed', 'replay', 'repair', 'undo')),
  ADD CONSTRAINT runs_state_check CHECK (state IN ('open', 'finished', 'abandoned', 'superseded')),
  ADD CONSTRAINT runs_verdict_when_finished CHECK (state <> 'finished' OR verdict IS NOT NULL),
  ADD CONSTRAINT runs_paused_with_cause CHECK ((paused_at IS NULL) = (pause_cause IS NULL)),
  ADD CONSTRAINT runs_paused_while_open CHECK (paused_at IS NULL OR state = 'open');
COMMENT ON COLUMN carryover.runs.max_parked IS 'parked batches beyond which the run pauses';
COMMENT ON COLUMN carryover.runs.max_quarantine IS 'share of the rows read beyond which quarantine pauses the run';
COMMENT ON COLUMN carryover.runs.mapping IS 'the mapping as it was when the run began; names what changed since';
COMMENT ON COLUMN carryover.runs.source_columns IS 'name and type of the source table''s columns when the run began';

CREATE TABLE carryover.audit (
  audit_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at           timestamptz NOT NULL DEFAULT now(),
  verb         text NOT NULL,
  who          text NOT NULL,
  claimed_by   text,
  reason       text,
  migration    text NOT NULL,
  run_id       bigint,
  batches      integer[],
  details      jsonb NOT NULL DEFAULT '{}',
  workflow     text NOT NULL,
  decision     text NOT NULL,
  UNIQUE (workflow, decision)
);
CREATE INDEX audit_by_run ON carryover.audit (run_id);
COMMENT ON TABLE carryover.audit IS 'every decision of a person: when, who, what, why. Append-only, and bound to no other table: it outlives them';
COMMENT ON COLUMN carryover.audit.who IS 'identity that Temporal recorded; unknown (UI without login) where it is empty';
COMMENT ON COLUMN carryover.audit.claimed_by IS 'name that the person gave; not checked';
COMMENT ON COLUMN carryover.audit.decision IS
  'id of the update, or of the start: a decision that is delivered again is recorded once';

CREATE FUNCTION carryover.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'carryover.audit is append-only'
    USING ERRCODE = 'check_violation', SCHEMA = 'carryover', TABLE = 'audit', CONSTRAINT = 'audit_append_only';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON carryover.audit
  FOR EACH STATEMENT EXECUTE FUNCTION carryover.refuse_change();

CREATE TABLE carryover.starts (
  start_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at        timestamptz NOT NULL DEFAULT now(),
  migration text NOT NULL,
  workflow  text NOT NULL,
  workflow_run text NOT NULL,
  schedule  text,
  outcome   text NOT NULL CHECK (outcome IN ('opened', 'resumed', 'took_over', 'restarted', 'missed', 'refused')),
  run_id    bigint,
  cause     text,
  UNIQUE (workflow_run, outcome)
);
CREATE INDEX starts_by_migration ON carryover.starts (migration, at);
COMMENT ON TABLE carryover.starts IS 'how each start of a migration ended, also where it opened no run';
COMMENT ON COLUMN carryover.starts.schedule IS 'the schedule that started it, where one did';

CREATE OR REPLACE VIEW carryover.run_balance AS
SELECT r.run_id, r.migration, r.state, r.verdict,
       coalesce(sum(b.source), 0)::bigint      AS source,
       coalesce(sum(b.loaded), 0)::bigint      AS loaded,
       coalesce(sum(b.inserted), 0)::bigint    AS inserted,
       coalesce(sum(b.updated), 0)::bigint     AS updated,
       coalesce(sum(b.unchanged), 0)::bigint   AS unchanged,
       coalesce(sum(b.quarantined), 0)::bigint AS quarantined,
       coalesce(sum(b.excluded), 0)::bigint    AS excluded,
       coalesce(sum(b.pending), 0)::bigint     AS pending,
       r.cut_to_end AND coalesce(sum(b.pending), 0) = 0 AS complete,
       coalesce(sum(b.excluded_by_decision), 0)::bigint AS excluded_by_decision
FROM carryover.runs r LEFT JOIN carryover.batches b USING (run_id)
GROUP BY r.run_id;

CREATE OR REPLACE VIEW carryover.migration_balance AS
SELECT DISTINCT ON (migration) * FROM carryover.run_balance ORDER BY migration, run_id DESC;
`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
DROP VIEW carryover.migration_balance;
DROP VIEW carryover.run_balance;
DROP TABLE carryover.starts, carryover.audit;
DROP FUNCTION carryover.refuse_change();
DROP TRIGGER batches_legal_birth ON carryover.batches;
DROP TRIGGER batches_legal_transition ON carryover.batches;
DROP FUNCTION carryover.check_batch_transition();
DROP TABLE carryover.batch_transitions;
ALTER TABLE carryover.batches
  DROP CONSTRAINT batches_decision_excludes, DROP CONSTRAINT batches_skipped_unloaded,
  DROP COLUMN excluded_by_decision, DROP COLUMN ever_loaded;
ALTER TABLE carryover.runs
  DROP COLUMN paused_at, DROP COLUMN pause_cause, DROP COLUMN max_parked, DROP COLUMN max_quarantine,
  DROP COLUMN concurrency_limit, DROP COLUMN mapping, DROP COLUMN source_columns;
`);
}
