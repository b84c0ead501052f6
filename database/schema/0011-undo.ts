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
CREATE OR REPLACE VIEW carryover.run_standing AS
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
         count(*) FILTER (WHERE now = 'pending')     - count(*) FILTER (WHERE was = 'pending')     AS pending
  -- Of a full run its own: what people decided about its rows after it.
  FROM carryover.settled_keys x WHERE x.base_run = b.run_id AND x.run_id <= r.run_id) s ON true;
COMMENT ON VIEW carryover.run_standing IS
  'the migration''s balance as a run leaves it, and people''s decisions about its rows before the next: of a full run its own lines, of one that takes some rows again those of its full run with what was settled since; of the loaded rows it says what the run itself wrote';

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
