/** What a full run counted a key as, which no later run settled: SQL beside `own`, whose `base_run` is that run. */
import { hasIntegerKey } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';

/**
 * Keys of target rows in the ranges of the run's batches that none of them met. A batch's validation finds them gone, and beside
 * them those few that went since its extract: these it counted. How many, its counts say; which, nobody knows, nor does the
 * balance ask.
 */
const UNMET = `
  SELECT legacy_key FROM (
    SELECT f.legacy_key, b.source - b.excluded + b.excluded_by_decision - b.compared + (
        SELECT count(*) FROM carryover.findings n WHERE n.run_id = f.run_id AND n.batch = f.batch AND n.kind = 'new') AS met,
      row_number() OVER (PARTITION BY f.batch ORDER BY o.legacy_key, d.legacy_key, f.legacy_key) AS place
    FROM carryover.findings f JOIN carryover.batches b USING (run_id, batch)
    -- What it sent to quarantine, or left out, it met for certain.
    LEFT JOIN carryover.quarantine_occurrences o USING (run_id, batch, legacy_key)
    LEFT JOIN carryover.dismissal_occurrences d USING (run_id, batch, legacy_key)
    WHERE f.run_id = (SELECT base_run FROM own) AND f.kind = 'gone') g
  WHERE place > met`;

/** The same of keys that are no integers: found gone when the run was verified, and neither inserted nor changed by it. */
const UNMET_TEXTS = `
  SELECT f.legacy_key FROM carryover.runs b JOIN carryover.findings f USING (verification_id)
  WHERE b.run_id = (SELECT base_run FROM own) AND f.kind = 'gone' AND NOT EXISTS (
      SELECT FROM carryover.inserted_keys i WHERE i.run_id = b.run_id AND f.legacy_key = ANY (i.legacy_keys))
    AND NOT EXISTS (SELECT FROM carryover.before_images i WHERE i.run_id = b.run_id AND i.legacy_key = f.legacy_key)`;

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
      SELECT b.batch, b.state, b.ever_loaded, ${numbers('b.after_key::text')} AS low, ${numbers('b.to_key::text')} AS high,
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
       WHEN b.state = 'skipped' THEN 'excluded'
       WHEN NOT b.ever_loaded THEN 'pending'
       WHEN h.fate IS NOT NULL THEN h.fate
       WHEN ${isUnmet} OR k.key IN (SELECT legacy_key FROM unmet) THEN 'nothing'
       ELSE 'loaded' END`;
