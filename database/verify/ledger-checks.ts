/** What the ledger counts, held against the ranges that were looked at, and against itself: SQL of the checks, bound as those are. */
import type { FindingKind } from '../../shared/findings';
import type { Sql } from '../converters/converter';
import { literalPg } from '../target/quote';

const isOf = (...kinds: readonly FindingKind[]): Sql => `f.kind IN (${kinds.map(literalPg).join(', ')})`;

/** Rows that a range tells of under some kinds, and those that are gone. */
const FOUND = (over: Sql, under: Sql): Sql => {
  const of = (told: Sql): Sql => `count(*) FILTER (WHERE ${told})`;
  return `LATERAL (SELECT ${of(over)} AS over, ${of(under)} AS under, ${of(isOf('gone'))} AS gone
    FROM carryover.findings f WHERE f.verification_id = r.verification_id AND f.range = r.range) f`;
};

const SETTLED_RANGES = `carryover.verified_ranges r`;
const IS_SETTLED = `r.verification_id = $2 AND r.fate = 'settled'`;

/** Rows in another group of codes and years than on the other side, where the sums of their hashes agree. */
export const DISTRIBUTIONS: Sql = `
  SELECT coalesce(sum(source), 0) AS compared, coalesce(sum(misplaced), 0) AS found
  FROM carryover.verified_ranges r WHERE r.verification_id = $2`;

/**
 * Batches of a run are its rows only where each begins behind the one before it, and the last ends where the run does: a row in
 * between is nobody's, and would pass for one that came since.
 */
const GAPS = `
  SELECT count(*) FILTER (WHERE k.batch <> k.number OR k.after_key IS DISTINCT FROM k.before)
    + (SELECT count(*) FROM carryover.runs r WHERE r.run_id = $3 AND r.cut_to_end AND r.upper_key IS DISTINCT FROM (
         SELECT x.to_key FROM carryover.batches x WHERE x.run_id = $3 ORDER BY x.batch DESC LIMIT 1)) AS gaps
  FROM (SELECT x.batch, x.after_key, lag(x.to_key) OVER w AS before, row_number() OVER w AS number
        FROM carryover.batches x WHERE x.run_id = $3 WINDOW w AS (ORDER BY x.batch)) k`;

/** Ranges that are settled, with what the batches of the run count in them, and what is `there`. */
const COUNTED = `
  FROM carryover.verifications v JOIN ${SETTLED_RANGES} USING (verification_id),
    ${FOUND(isOf('extra', 'stale', 'duplicate'), isOf('missing', 'deleted_in_target'))},
    -- Of rows that are on neither side.
    LATERAL (SELECT count(*) AS rows FROM pg_temp.named n WHERE n.range = r.range) e,
    LATERAL (SELECT r.loaded - f.over + f.under + e.rows AS there) t,
    LATERAL (SELECT count(*) AS batches, coalesce(sum(x.loaded), 0) AS loaded, coalesce(sum(x.quarantined), 0) AS sent,
        -- Those of a batch that was skipped are no rows of quarantine.
        coalesce(sum(x.excluded_by_decision) FILTER (WHERE x.state <> 'skipped'), 0) AS left_out
      FROM carryover.batches x WHERE x.run_id = $3 AND x.batch BETWEEN r.first_batch AND r.last_batch) x,
    -- What later runs made of rows that they took again; of keys of no batch in the last range, which is open.
    LATERAL (SELECT count(*) FILTER (WHERE now = 'loaded') - count(*) FILTER (WHERE was = 'loaded') AS loaded,
        count(*) FILTER (WHERE now = 'quarantined') - count(*) FILTER (WHERE was = 'quarantined') AS quarantined,
        count(*) FILTER (WHERE now = 'excluded') - count(*) FILTER (WHERE was = 'excluded') AS dismissed,
        -- Beside a run that is under way, or a person who decides: these may have been counted before or after.
        count(*) FILTER (WHERE settled_at > v.started_at AND (was <> now OR batch IS NULL)) AS late
      FROM carryover.settled_keys s WHERE s.base_run = $3 AND (
        s.base_batch BETWEEN r.first_batch AND r.last_batch OR (s.base_batch IS NULL AND r.to_key IS NULL))) s,
    -- Rows of a skipped batch that were taken one by one before the others: they left what it counted, and no dismissal.
    LATERAL (SELECT coalesce(sum(x.excluded_by_decision - k.taken_back), 0) AS freed FROM carryover.taken_back k
      JOIN carryover.batches x ON x.run_id = k.base_run AND x.batch = k.base_batch
      WHERE k.base_run = $3 AND k.base_batch BETWEEN r.first_batch AND r.last_batch) k,
    LATERAL (SELECT x.batches, x.sent, x.left_out, x.loaded + s.loaded AS loaded, x.sent + s.quarantined AS quarantined,
        x.left_out + s.dismissed + k.freed AS dismissed) b,
    LATERAL (SELECT count(*) AS occurrences
      FROM carryover.quarantine_occurrences x WHERE x.run_id = $3 AND x.batch BETWEEN r.first_batch AND r.last_batch) o,
    LATERAL (SELECT count(*) AS occurrences
      FROM carryover.dismissal_occurrences x WHERE x.run_id = $3 AND x.batch BETWEEN r.first_batch AND r.last_batch) d
  WHERE ${IS_SETTLED}`;

/**
 * What the batches of the run count as loaded, quarantined and dismissed, against the rows that are there, range by range, and
 * against what the run says that it sent to quarantine, or left out as dismissed. A row that is gone from the source may have
 * been counted by the run, or have been gone before it. Of ranges that were never settled the run has counted nothing. Rows that
 * are on neither side are there where `pg_temp.named` has them.
 */
export const LEDGER: Sql = `
  SELECT coalesce(sum(b.batches), 0) AS compared,
    (${GAPS}) + coalesce(sum(greatest(0, b.loaded - there - s.late, there - f.gone - b.loaded - s.late)
               + greatest(0, b.quarantined - r.quarantined - s.late, r.quarantined - f.gone - b.quarantined - s.late)
               + greatest(0, b.dismissed - r.dismissed - s.late, r.dismissed - f.gone - b.dismissed - s.late)
               + abs(b.sent - o.occurrences) + abs(b.left_out - d.occurrences)), 0) AS found
  ${COUNTED}`;

/** Ranges that count more rows as loaded than there are, and how many more. */
export const SHORT: Sql = `
  SELECT r.range, r.after_key, r.to_key, b.loaded - there - s.late AS rows ${COUNTED} AND b.loaded - there - s.late > 0`;

/**
 * Of these only rows that the source does not have are too many: of those that both sides have the columns are told that differ.
 */
const UNSOURCED = `(${isOf('extra', 'changed', 'changed_in_target')} AND f.columns IS NULL)`;

/** Every row of the source, as it was counted on the way, has its fate; what is told of as a finding has none. */
export const BALANCE: Sql = `
  SELECT coalesce(sum(r.source), 0) AS compared,
    coalesce(sum(abs(r.source - f.under + f.over + f.gone - r.loaded - r.quarantined - r.excluded)), 0) AS found
  FROM ${SETTLED_RANGES}, ${FOUND(`${isOf('stale', 'duplicate')} OR ${UNSOURCED}`, isOf('new', 'missing', 'deleted_in_target'))}
  WHERE ${IS_SETTLED}`;
