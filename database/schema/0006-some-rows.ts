import type { Knex } from 'knex';

/** Runs that take some rows again: batches by a list of keys, what became of each, and the migration's present with that. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
ALTER TABLE carryover.runs
  ADD COLUMN base_run bigint REFERENCES carryover.runs,
  ADD COLUMN kept jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN overwrites boolean NOT NULL DEFAULT false,
  ADD CONSTRAINT runs_base_of_some CHECK ((mode = 'full') = (base_run IS NULL));
COMMENT ON COLUMN carryover.runs.base_run IS
  'of a run that takes some rows again: the full run whose batches cover every key; NULL of a full one';
COMMENT ON COLUMN carryover.runs.kept IS 'findings by kind that the run was not to touch, as counted at its start';

COMMENT ON COLUMN carryover.runs.overwrites IS
  'what another writer changed or deleted in the target is written anew: somebody decided so, see the audit';

ALTER TABLE carryover.batches
  ADD COLUMN legacy_keys jsonb,
  ADD CONSTRAINT batches_list_of_keys CHECK (jsonb_typeof(legacy_keys) = 'array');
COMMENT ON COLUMN carryover.batches.legacy_keys IS
  'the keys of a batch that is a list: texts of their parts each; NULL where it is a range, up to and with to_key';

ALTER TABLE carryover.verified_ranges ADD COLUMN misplaced bigint NOT NULL DEFAULT 0 CHECK (misplaced >= 0);
COMMENT ON COLUMN carryover.verified_ranges.misplaced IS
  'rows by which the two sides are spread otherwise over codes, states and years, though their hashes agree';

CREATE TABLE carryover.settled_keys (
  run_id     bigint NOT NULL,
  batch      integer NOT NULL,
  legacy_key text NOT NULL,
  base_run   bigint NOT NULL,
  base_batch integer,
  was        text NOT NULL CHECK (was IN ('loaded', 'quarantined', 'excluded', 'pending', 'nothing')),
  now        text NOT NULL CHECK (now IN ('loaded', 'quarantined', 'excluded', 'nothing')),
  settled_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (run_id, batch, legacy_key),
  FOREIGN KEY (run_id, batch) REFERENCES carryover.batches,
  FOREIGN KEY (base_run) REFERENCES carryover.runs
);
CREATE INDEX settled_keys_by_base ON carryover.settled_keys (base_run, run_id) INCLUDE (base_batch, was, now, settled_at);
CREATE INDEX settled_keys_by_key ON carryover.settled_keys (base_run, legacy_key, run_id);
COMMENT ON TABLE carryover.settled_keys IS
  'what a row counted as before a later run took it again, and since: lines of runs are history, the difference is here';
COMMENT ON COLUMN carryover.settled_keys.base_batch IS 'batch of the base run whose range holds the key; NULL where none does';

CREATE VIEW carryover.run_standing AS
SELECT r.run_id, r.migration, r.state, r.verdict, r.mode, r.base_run,
       f.source + coalesce(s.source, 0)           AS source,
       f.loaded + coalesce(s.loaded, 0)           AS loaded,
       o.inserted, o.updated,
       f.loaded + coalesce(s.loaded, 0) - o.inserted - o.updated AS unchanged,
       f.quarantined + coalesce(s.quarantined, 0) AS quarantined,
       f.excluded + coalesce(s.excluded, 0)       AS excluded,
       f.pending + coalesce(s.pending, 0)         AS pending,
       o.pending AS own_pending,
       -- What a closed run of some rows had not taken counts as it did.
       b.cut_to_end AND r.cut_to_end AND (o.pending = 0 OR r.base_run IS NOT NULL AND r.state <> 'open') AND f.pending + coalesce(s.pending, 0) = 0 AS complete,
       f.excluded_by_decision + coalesce(s.excluded, 0) AS excluded_by_decision
FROM carryover.runs r
JOIN carryover.run_balance o ON o.run_id = r.run_id
JOIN carryover.runs b ON b.run_id = coalesce(r.base_run, r.run_id)
JOIN carryover.run_balance f ON f.run_id = b.run_id
LEFT JOIN LATERAL (
  SELECT count(*) FILTER (WHERE now <> 'nothing')    - count(*) FILTER (WHERE was <> 'nothing')    AS source,
         count(*) FILTER (WHERE now = 'loaded')      - count(*) FILTER (WHERE was = 'loaded')      AS loaded,
         count(*) FILTER (WHERE now = 'quarantined') - count(*) FILTER (WHERE was = 'quarantined') AS quarantined,
         count(*) FILTER (WHERE now = 'excluded')    - count(*) FILTER (WHERE was = 'excluded')    AS excluded,
         -count(*) FILTER (WHERE was = 'pending')                                                  AS pending
  FROM carryover.settled_keys x WHERE x.base_run = r.base_run AND x.run_id <= r.run_id) s ON true;
COMMENT ON VIEW carryover.run_standing IS
  'the migration''s balance as a run leaves it: of a full run its own lines, of one that takes some rows again those of its full run with what was settled since; of the loaded rows it says what the run itself wrote';

DROP VIEW carryover.migration_balance;
CREATE VIEW carryover.migration_balance AS
SELECT s.* FROM (
  SELECT DISTINCT ON (migration) run_id FROM carryover.runs ORDER BY migration, run_id DESC) l
JOIN carryover.run_standing s USING (run_id);
COMMENT ON VIEW carryover.migration_balance IS 'the present: how the latest run leaves it';
`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
DROP VIEW carryover.migration_balance;
DROP VIEW carryover.run_standing;
DROP TABLE carryover.settled_keys;
ALTER TABLE carryover.batches DROP COLUMN legacy_keys;
ALTER TABLE carryover.verified_ranges DROP COLUMN misplaced;
ALTER TABLE carryover.runs DROP COLUMN base_run, DROP COLUMN kept, DROP COLUMN overwrites;
CREATE VIEW carryover.migration_balance AS
SELECT DISTINCT ON (migration) * FROM carryover.run_balance ORDER BY migration, run_id DESC;
`);
}
