/** What a full run counted a key as, which no later run settled: SQL beside `own`, whose `base_run` is that run. */
import { hasIntegerKey } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import { isLeftOut } from './skipped';

/** Of a finding `f` of the full run: whether the run itself wrote that row, or left it aside, and so met it for certain. */
const KNOWN_AS_MET = `(
  f.legacy_key IN (SELECT o.legacy_key FROM carryover.quarantine_occurrences o WHERE o.run_id = (SELECT base_run FROM own))
  OR f.legacy_key IN (SELECT d.legacy_key FROM carryover.dismissal_occurrences d WHERE d.run_id = (SELECT base_run FROM own))
  OR f.legacy_key IN (SELECT i.legacy_key FROM carryover.before_images i WHERE i.run_id = (SELECT base_run FROM own))
  OR f.legacy_key IN (SELECT u.key FROM carryover.inserted_keys i CROSS JOIN LATERAL unnest(i.legacy_keys) AS u (key)
    WHERE i.run_id = (SELECT base_run FROM own)))`;

/**
 * Keys in the ranges of the run's batches that none of them met. A batch's validation finds them gone, and beside
 * them those few that went since its extract: these it counted. How many, its counts say; which, nobody knows, nor does the
 * balance ask.
 */
const UNMET = `
  SELECT legacy_key FROM (
    SELECT f.legacy_key, b.source - b.excluded + b.excluded_by_decision - b.compared + coalesce(n.rows, 0) AS met,
      row_number() OVER (PARTITION BY f.batch ORDER BY ${KNOWN_AS_MET} DESC, f.legacy_key) AS place
    FROM carryover.findings f JOIN carryover.batches b USING (run_id, batch)
    LEFT JOIN (
      SELECT batch, count(*) AS rows FROM carryover.findings
      WHERE run_id = (SELECT base_run FROM own) AND kind = 'new' GROUP BY batch) n ON n.batch = f.batch
    WHERE f.run_id = (SELECT base_run FROM own) AND f.kind = 'gone') g
  WHERE place > met`;

/** Whether it is in quarantine, or was: then it was not met for certain, where the run did not send it there. */
const IS_HELD = `EXISTS (
  SELECT FROM carryover.quarantine q WHERE q.migration = r.migration AND q.legacy_key = f.legacy_key AND q.state <> 'replayed')`;

/**
 * The same of keys that are no integers, whose batches find nobody gone: by what the run's verification counted, of the table as a whole.
 * Rows that its batches met, but for those that it found in the source and that were not new by then, are among the gone.
 */
const UNMET_TEXTS = `
  SELECT legacy_key FROM (
    SELECT f.legacy_key, m.rows - s.rows AS met, row_number() OVER (ORDER BY ${KNOWN_AS_MET} DESC, ${IS_HELD}, f.legacy_key) AS place
    FROM carryover.runs r JOIN carryover.findings f USING (verification_id)
    CROSS JOIN LATERAL (SELECT coalesce(sum(b.source - b.excluded + b.excluded_by_decision), 0) AS rows
      FROM carryover.batches b WHERE b.run_id = r.run_id AND b.ever_loaded) m
    CROSS JOIN LATERAL (
      SELECT (SELECT coalesce(sum(v.source - v.excluded + v.dismissed), 0) FROM carryover.verified_ranges v WHERE v.verification_id = r.verification_id)
        - (SELECT count(*) FROM carryover.findings n WHERE n.verification_id = r.verification_id AND n.kind = 'new') AS rows) s
    WHERE r.run_id = (SELECT base_run FROM own) AND f.kind = 'gone') g
  WHERE place > met`;

/** A query of keys that no batch of the run met, as they were gone from the source then. */
export const unmet = (mapping: Mapping): string => (hasIntegerKey(mapping) ? UNMET : UNMET_TEXTS);

/** `key_numbers` of a text; keys that are no integers may be sorted otherwise by the source: nobody knows here which batch held them. */
export const numbersOf =
  (mapping: Mapping) =>
  (key: string): string =>
    hasIntegerKey(mapping) ? `carryover.key_numbers(${key})` : 'NULL::numeric[]';

/**
 * Queries of a WITH: `bounds` of the run's batches, `held` keys that it did not load, and those that are `unmet`.
 *
 * @param keys a query of the keys that are asked about
 */
export function countedTables(mapping: Mapping, keys: string): string {
  const numbers = numbersOf(mapping);
  const held = (table: string, fate: string): string =>
    `SELECT legacy_key, '${fate}' AS fate FROM carryover.${table} WHERE run_id = (SELECT base_run FROM own) AND legacy_key IN (${keys})`;
  return `bounds AS MATERIALIZED (
      SELECT b.batch, b.state, b.ever_loaded, ${isLeftOut('b')} AS is_left_out, ${numbers('b.after_key::text')} AS low, ${numbers('b.to_key::text')} AS high,
        ${numbers('r.lower_key::text')} AS lowest
      FROM carryover.batches b JOIN carryover.runs r USING (run_id) WHERE b.run_id = (SELECT base_run FROM own)),
    held AS MATERIALIZED (${held('quarantine_occurrences', 'quarantined')} UNION ${held('dismissal_occurrences', 'excluded')}),
    unmet AS MATERIALIZED (${unmet(mapping)})`;
}

/** Joins to keys `k` their line of `bounds`, `b`, and of `held`, `h`. */
export const JOIN_COUNTED = `
  LEFT JOIN bounds b ON k.numbers <= b.high AND (b.low IS NULL OR k.numbers > b.low)
  LEFT JOIN held h ON h.legacy_key = k.key`;

/** @param isUnmet SQL that is true for further keys that no batch met */
export const countedAs = (mapping: Mapping, isUnmet = 'false'): string => `
  CASE WHEN ${hasIntegerKey(mapping)} AND b.batch IS NULL OR k.numbers < b.lowest THEN 'nothing'
       WHEN b.is_left_out THEN 'excluded'
       -- It was taken back: each of its rows that is there has a line of its own.
       WHEN b.state = 'skipped' THEN 'nothing'
       WHEN NOT b.ever_loaded THEN 'pending'
       WHEN h.fate IS NOT NULL THEN h.fate
       WHEN ${isUnmet} OR k.key IN (SELECT legacy_key FROM unmet) THEN 'nothing'
       ELSE 'loaded' END`;
