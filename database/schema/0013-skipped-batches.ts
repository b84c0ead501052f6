import type { Knex } from 'knex';

/** Batches that a person skipped, and that a later run takes back: what they counted as is taken off the balance. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
ALTER TABLE carryover.batches
  ADD COLUMN takes_back integer,
  ADD COLUMN taken_back bigint CHECK (taken_back >= 0);
COMMENT ON COLUMN carryover.batches.takes_back IS
  'of a replay: the skipped batch of the full run whose keys it takes; NULL of every other';
COMMENT ON COLUMN carryover.batches.taken_back IS
  'rows that the skipped batch still left out when it was taken back: they count by their own lines since';
-- What such a run settles is looked for by batch of the full run: it is every row of the batch.
CREATE INDEX settled_keys_by_base_batch ON carryover.settled_keys (base_run, base_batch) INCLUDE (was, now, settled_at, batch);
CREATE INDEX batches_taking_back ON carryover.batches (run_id) WHERE takes_back IS NOT NULL;

COMMENT ON COLUMN carryover.runs.held IS 'of a replay or re-sync: rows in quarantine that it takes';
UPDATE carryover.runs SET held = estimated_rows WHERE mode = 'replay' AND state = 'open';

CREATE VIEW carryover.taken_back AS
SELECT r.base_run, b.batch AS base_batch, t.run_id, t.batch, t.taken_back,
       -- What the mapping leaves out was counted by both.
       (t.excluded - t.excluded_by_decision) - (b.excluded - b.excluded_by_decision) AS excluded_by_rule
FROM carryover.batches t JOIN carryover.runs r USING (run_id)
JOIN carryover.batches b ON b.run_id = r.base_run AND b.batch = t.takes_back
WHERE t.takes_back IS NOT NULL AND t.ever_loaded;
COMMENT ON VIEW carryover.taken_back IS
  'skipped batches of full runs that a later run took back, with what that takes off the full run''s line of the balance';

${standing(
  `
       + coalesce(k.excluded_by_rule - k.taken_back, 0)`,
  `
       - coalesce(k.taken_back, 0)`,
  `
LEFT JOIN LATERAL (
  SELECT sum(taken_back)::bigint AS taken_back, sum(excluded_by_rule)::bigint AS excluded_by_rule
  FROM carryover.taken_back x WHERE x.base_run = b.run_id AND x.run_id <= r.run_id) k ON true`,
)}
`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
${standing('', '', '')}
DROP VIEW carryover.taken_back;
DROP INDEX carryover.batches_taking_back;
DROP INDEX carryover.settled_keys_by_base_batch;
ALTER TABLE carryover.batches DROP COLUMN takes_back, DROP COLUMN taken_back;
`);
}

/** The view as it was, with what more is added. */
const standing = (excluded: string, decided: string, joined: string): string => `
CREATE OR REPLACE VIEW carryover.run_standing AS
SELECT r.run_id, r.migration, r.state, r.verdict, r.mode, r.base_run,
       f.source + coalesce(s.source, 0)${excluded}           AS source,
       f.loaded + coalesce(s.loaded, 0)           AS loaded,
       o.inserted, o.updated,
       f.loaded + coalesce(s.loaded, 0) - o.inserted - o.updated AS unchanged,
       f.quarantined + coalesce(s.quarantined, 0) AS quarantined,
       f.excluded + coalesce(s.excluded, 0)${excluded}       AS excluded,
       f.pending + coalesce(s.pending, 0)         AS pending,
       o.pending AS own_pending,
       -- What a closed run of some rows had not taken counts as it did.
       b.cut_to_end AND r.cut_to_end AND (o.pending = 0 OR r.base_run IS NOT NULL AND r.state <> 'open') AND f.pending + coalesce(s.pending, 0) = 0 AS complete,
       f.excluded_by_decision + coalesce(s.excluded, 0)${decided} AS excluded_by_decision
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
  FROM carryover.settled_keys x WHERE x.base_run = b.run_id AND x.run_id <= r.run_id) s ON true${joined};`;
