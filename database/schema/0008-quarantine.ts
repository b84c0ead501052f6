import type { Knex } from 'knex';

/**
 * Decisions about rows in quarantine: a number for each line, rows that were dismissed and what runs make of them, values
 * that are purged while the line stays, and views for people.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
ALTER TABLE carryover.quarantine
  ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY,
  ADD COLUMN dismissal bigint,
  ALTER COLUMN source_row DROP NOT NULL,
  DROP CONSTRAINT quarantine_state_check,
  ADD CONSTRAINT quarantine_state_check CHECK (state IN ('open', 'replayed', 'dismissed', 'gone', 'undone')),
  ADD CONSTRAINT quarantine_dismissed_by_somebody CHECK (state <> 'dismissed' OR dismissal IS NOT NULL);
CREATE UNIQUE INDEX quarantine_by_number ON carryover.quarantine (number);
CREATE INDEX quarantine_dismissed ON carryover.quarantine (migration) WHERE state = 'dismissed';
COMMENT ON COLUMN carryover.quarantine.number IS
  'names the line where its key must not be carried, as in an input of Temporal';
COMMENT ON COLUMN carryover.quarantine.dismissal IS 'line of carryover.audit: the decision by which the row is dismissed';
COMMENT ON COLUMN carryover.quarantine.state IS
  'open; replayed: it came over; dismissed: left out by decision; gone: its source has it no more; undone: the run that sent it there was';
COMMENT ON COLUMN carryover.quarantine.source_row IS
  'the whole source row, column to text; {"base64": …} where the bytes are no JSON text; NULL once it is purged';
COMMENT ON COLUMN carryover.quarantine_occurrences.reason IS 'why the row was not loaded then';

ALTER TABLE carryover.before_images ALTER COLUMN target_row DROP NOT NULL;
COMMENT ON COLUMN carryover.before_images.target_row IS 'the row as it was before the batch changed it; NULL once it is purged';

CREATE TABLE carryover.dismissal_occurrences (
  run_id     bigint NOT NULL,
  batch      integer NOT NULL,
  migration  text NOT NULL,
  legacy_key text NOT NULL,
  PRIMARY KEY (run_id, batch, legacy_key),
  FOREIGN KEY (run_id, batch) REFERENCES carryover.batches,
  FOREIGN KEY (migration, legacy_key) REFERENCES carryover.quarantine
);
COMMENT ON TABLE carryover.dismissal_occurrences IS
  'dismissed rows that a batch met, with the source unchanged, and left out: they count as excluded by decision';

ALTER TABLE carryover.batches
  DROP CONSTRAINT batches_decision_excludes,
  ADD CONSTRAINT batches_decision_excludes CHECK (
    excluded_by_decision BETWEEN 0 AND excluded AND (state = 'skipped' OR ever_loaded OR excluded_by_decision = 0));
COMMENT ON COLUMN carryover.batches.excluded_by_decision IS
  'of these, by decision: all that were left of a batch that was skipped, or rows that were dismissed before';

ALTER TABLE carryover.verified_ranges ADD COLUMN dismissed bigint NOT NULL DEFAULT 0 CHECK (dismissed >= 0);
COMMENT ON COLUMN carryover.verified_ranges.dismissed IS 'of the excluded rows, those that were dismissed from quarantine';

ALTER TABLE carryover.settled_keys DROP CONSTRAINT settled_keys_pkey;
ALTER TABLE carryover.settled_keys
  ALTER COLUMN batch DROP NOT NULL,
  ADD FOREIGN KEY (run_id) REFERENCES carryover.runs;
CREATE UNIQUE INDEX settled_keys_once ON carryover.settled_keys (run_id, coalesce(batch, 0), legacy_key);
COMMENT ON COLUMN carryover.settled_keys.batch IS
  'batch of the run that took the row again; NULL where a person decided about the row after that run';

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

CREATE VIEW carryover.quarantine_now AS
SELECT migration, reason, state, count(*) AS rows, min(first_seen) AS oldest, max(last_seen) AS newest
FROM carryover.quarantine GROUP BY migration, reason, state;
COMMENT ON VIEW carryover.quarantine_now IS 'what is in quarantine by reason and state, and since when; no values of rows';

CREATE VIEW carryover.quarantine_history AS
SELECT o.migration, o.legacy_key, o.run_id, r.mode, o.batch, 'quarantined' AS outcome, o.reason, b.loaded_at AS at
FROM carryover.quarantine_occurrences o JOIN carryover.runs r USING (run_id) JOIN carryover.batches b USING (run_id, batch)
UNION ALL
SELECT d.migration, d.legacy_key, d.run_id, r.mode, d.batch, 'dismissed', NULL, b.loaded_at
FROM carryover.dismissal_occurrences d JOIN carryover.runs r USING (run_id) JOIN carryover.batches b USING (run_id, batch);
COMMENT ON VIEW carryover.quarantine_history IS
  'each time that a run did not load a row: it went to quarantine, or was left out as dismissed; no values of rows';
`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
DROP VIEW carryover.quarantine_history;
DROP VIEW carryover.quarantine_now;
DELETE FROM carryover.settled_keys WHERE batch IS NULL;
DROP INDEX carryover.settled_keys_once;
ALTER TABLE carryover.settled_keys ADD PRIMARY KEY (run_id, batch, legacy_key);
ALTER TABLE carryover.verified_ranges DROP COLUMN dismissed;
DROP TABLE carryover.dismissal_occurrences;
DELETE FROM carryover.before_images WHERE target_row IS NULL;
ALTER TABLE carryover.before_images ALTER COLUMN target_row SET NOT NULL;
UPDATE carryover.quarantine SET state = 'open', dismissal = NULL WHERE state = 'dismissed';
UPDATE carryover.quarantine SET source_row = '{}' WHERE source_row IS NULL;
ALTER TABLE carryover.quarantine
  DROP COLUMN number, DROP COLUMN dismissal, ALTER COLUMN source_row SET NOT NULL;
`);
}
