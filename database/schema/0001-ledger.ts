import type { Knex } from 'knex';

/** The ledger (schema `carryover`) and the stage's schema. What Temporal forgets, these tables know. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
CREATE SCHEMA IF NOT EXISTS carryover_stage;
COMMENT ON SCHEMA carryover_stage IS 'rows of batches between activities: unlogged, expendable';

CREATE SEQUENCE carryover.attempt_token;
COMMENT ON SEQUENCE carryover.attempt_token IS
  'every activity attempt draws a token: the attempt number of Temporal starts again after a reset';

CREATE TABLE carryover.runs (
  run_id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  migration          text NOT NULL,
  mode               text NOT NULL CHECK (mode IN ('full')),
  state              text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'finished')),
  fingerprint        text NOT NULL,
  input              jsonb NOT NULL,
  lower_key          jsonb,
  upper_key          jsonb,
  batch_rows         integer NOT NULL CHECK (batch_rows > 0),
  concurrency        integer NOT NULL CHECK (concurrency > 0),
  estimated_rows     bigint NOT NULL CHECK (estimated_rows >= 0),
  target_rows_before bigint NOT NULL CHECK (target_rows_before >= 0),
  cut_to_end         boolean NOT NULL DEFAULT false,
  owner_cluster      text NOT NULL,
  owner_namespace    text NOT NULL,
  owner_workflow     text NOT NULL,
  owner_first_run    text NOT NULL,
  owner_current_run  text NOT NULL,
  epoch              integer NOT NULL DEFAULT 1,
  source_identity    jsonb NOT NULL,
  target_identity    jsonb NOT NULL,
  started_at         timestamptz NOT NULL DEFAULT now(),
  finished_at        timestamptz,
  verdict            text CHECK (verdict IN ('proven', 'proven_with_exceptions', 'not_proven')),
  report             jsonb,
  CHECK ((state = 'open') = (finished_at IS NULL)),
  CHECK (state = 'open' OR verdict IS NOT NULL)
);
CREATE UNIQUE INDEX runs_one_open ON carryover.runs (migration) WHERE state = 'open';
CREATE INDEX runs_by_migration ON carryover.runs (migration, run_id);

CREATE TABLE carryover.batches (
  run_id        bigint NOT NULL REFERENCES carryover.runs,
  batch         integer NOT NULL CHECK (batch > 0),
  after_key     jsonb,
  to_key        jsonb NOT NULL,
  state         text NOT NULL DEFAULT 'planned'
                CHECK (state IN ('planned', 'running', 'loaded', 'validated', 'parked')),
  step          text,
  source        bigint NOT NULL,
  inserted      bigint NOT NULL DEFAULT 0 CHECK (inserted >= 0),
  updated       bigint NOT NULL DEFAULT 0 CHECK (updated >= 0),
  unchanged     bigint NOT NULL DEFAULT 0 CHECK (unchanged >= 0),
  quarantined   bigint NOT NULL DEFAULT 0 CHECK (quarantined >= 0),
  excluded      bigint NOT NULL DEFAULT 0 CHECK (excluded >= 0),
  pending       bigint NOT NULL CHECK (pending >= 0),
  loaded        bigint GENERATED ALWAYS AS (inserted + updated + unchanged) STORED,
  token         bigint,
  backend_pid   integer,
  backend_start timestamptz,
  extract_token bigint,
  staged        bigint,
  attempts      integer NOT NULL DEFAULT 0,
  cause         text,
  compared      bigint,
  differences   bigint,
  planned_at    timestamptz NOT NULL DEFAULT now(),
  loaded_at     timestamptz,
  validated_at  timestamptz,
  PRIMARY KEY (run_id, batch),
  CONSTRAINT batches_balance_closes
    CHECK (source = inserted + updated + unchanged + quarantined + excluded + pending),
  CONSTRAINT batches_decided_when_loaded
    CHECK (state NOT IN ('loaded', 'validated') OR pending = 0)
);

CREATE TABLE carryover.lookups (
  run_id    bigint NOT NULL,
  batch     integer NOT NULL,
  reference text NOT NULL,
  role      text NOT NULL CHECK (role IN ('case', 'actor')),
  outcome   text NOT NULL CHECK (outcome IN ('resolved', 'absent', 'unmapped', 'ambiguous')),
  rows      bigint NOT NULL CHECK (rows >= 0),
  PRIMARY KEY (run_id, batch, reference, outcome),
  FOREIGN KEY (run_id, batch) REFERENCES carryover.batches
);
COMMENT ON TABLE carryover.lookups IS
  'rows by outcome of a lookup: source rows for cases, loaded rows for actors; absent is a NULL in the source';

CREATE TABLE carryover.quarantine (
  migration         text NOT NULL,
  legacy_key        text NOT NULL,
  reason            text NOT NULL,
  reasons           text[] NOT NULL,
  columns           text[] NOT NULL,
  source_row        jsonb NOT NULL,
  source_row_sha256 text NOT NULL,
  state             text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'replayed')),
  first_run         bigint NOT NULL,
  first_batch       integer NOT NULL,
  last_run          bigint NOT NULL,
  last_batch        integer NOT NULL,
  attempts          integer NOT NULL DEFAULT 1,
  first_seen        timestamptz NOT NULL DEFAULT now(),
  last_seen         timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (migration, legacy_key)
);
COMMENT ON COLUMN carryover.quarantine.source_row IS
  'the whole source row, column to text; {"base64": …} where the bytes are no JSON text';

CREATE TABLE carryover.quarantine_occurrences (
  run_id     bigint NOT NULL,
  batch      integer NOT NULL,
  migration  text NOT NULL,
  legacy_key text NOT NULL,
  reason     text NOT NULL,
  PRIMARY KEY (run_id, batch, legacy_key),
  FOREIGN KEY (run_id, batch) REFERENCES carryover.batches,
  FOREIGN KEY (migration, legacy_key) REFERENCES carryover.quarantine
);

CREATE TABLE carryover.findings (
  finding_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id     bigint NOT NULL REFERENCES carryover.runs,
  batch      integer,
  kind       text NOT NULL,
  legacy_key text,
  found_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX findings_by_run ON carryover.findings (run_id, batch);

CREATE TABLE carryover.checks (
  run_id     bigint NOT NULL REFERENCES carryover.runs,
  position   integer NOT NULL,
  name       text NOT NULL,
  compared   bigint NOT NULL CHECK (compared >= 0),
  found      bigint NOT NULL CHECK (found >= 0),
  checked_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (run_id, name)
);

CREATE TABLE carryover.before_images (
  run_id     bigint NOT NULL,
  batch      integer NOT NULL,
  legacy_key text NOT NULL,
  target_row jsonb NOT NULL,
  PRIMARY KEY (run_id, batch, legacy_key),
  FOREIGN KEY (run_id, batch) REFERENCES carryover.batches
);

CREATE TABLE carryover.inserted_keys (
  run_id      bigint NOT NULL,
  batch       integer NOT NULL,
  legacy_keys text[] NOT NULL,
  PRIMARY KEY (run_id, batch),
  FOREIGN KEY (run_id, batch) REFERENCES carryover.batches
);
COMMENT ON TABLE carryover.inserted_keys IS 'keys of what a batch inserted, kept without retention';

CREATE TABLE carryover.baseline (
  table_name  text PRIMARY KEY,
  domain      text NOT NULL,
  source_rows bigint NOT NULL CHECK (source_rows >= 0),
  records     bigint NOT NULL CHECK (records >= 0 AND records <= source_rows),
  imported_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE carryover.baseline IS 'migrations done before Carryover: imported, not computed';

CREATE VIEW carryover.run_balance AS
SELECT r.run_id, r.migration, r.state, r.verdict,
       coalesce(sum(b.source), 0)::bigint      AS source,
       coalesce(sum(b.loaded), 0)::bigint      AS loaded,
       coalesce(sum(b.inserted), 0)::bigint    AS inserted,
       coalesce(sum(b.updated), 0)::bigint     AS updated,
       coalesce(sum(b.unchanged), 0)::bigint   AS unchanged,
       coalesce(sum(b.quarantined), 0)::bigint AS quarantined,
       coalesce(sum(b.excluded), 0)::bigint    AS excluded,
       coalesce(sum(b.pending), 0)::bigint     AS pending,
       r.cut_to_end AND coalesce(sum(b.pending), 0) = 0 AS complete
FROM carryover.runs r LEFT JOIN carryover.batches b USING (run_id)
GROUP BY r.run_id;

CREATE VIEW carryover.migration_balance AS
SELECT DISTINCT ON (migration) * FROM carryover.run_balance ORDER BY migration, run_id DESC;
COMMENT ON VIEW carryover.migration_balance IS 'the present: the latest run covers every range of its migration';
`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP SCHEMA carryover_stage CASCADE; DROP SCHEMA carryover CASCADE;');
}
