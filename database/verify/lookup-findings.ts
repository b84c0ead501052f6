/**
 * Rows whose references, or whose reasons to be in quarantine, are not what the lookups answer now: found over the whole
 * table at once, by joins, and noted one by one.
 */
import { LINEAGE_HASHES, isSelfReference, referencesOf } from '../../mappings/mapping';
import type { Mapping, Reference } from '../../mappings/mapping';
import { formsOf } from '../converters';
import type { Sql, TimedMapping } from '../converters/converter';
import { sha256Hex } from '../target/canonical';
import { targetKeyText } from '../target/legacy-key';
import { andPresent } from '../target/present';
import { literalPg, quotePg, quotePgTable } from '../target/quote';
import { proofsOf } from './proofs';
import { heldContent, isWritten } from './target-rows';
import { targetTable } from './whole-table';

/** Legacy reference as the lookup's key: typed, so that the lookup is read by it; what is no number has no answer. */
function lookupKey(reference: Reference, text: Sql): Sql {
  if (reference.convert.kind !== 'integer') return text;
  const fits = `abs(${text}::numeric) <= 9223372036854775807`;
  return `(CASE WHEN ${text} ~ '^-?[0-9]{1,19}$' THEN CASE WHEN ${fits} THEN ${text}::bigint END END)`;
}

/** The lookup's answers, as `key` and `value`. */
function answersOf(mapping: Mapping, { lookup }: Reference): Sql {
  const value = quotePg(lookup.value);
  return `(SELECT ${quotePg(lookup.key)} AS key, ${value} AS value
    FROM ${quotePgTable(mapping.target.schema, lookup.table)} WHERE ${value} IS NOT NULL)`;
}

/**
 * Of some keys the lowest and the highest answer, as text: one and the same where there is one.
 *
 * @param keys a query of one column; a lookup may have many times the keys that are asked for
 */
const extremesOf = (mapping: Mapping, reference: Reference, keys: Sql): Sql =>
  `(SELECT key, min(value::text) AS low, max(value::text) AS high FROM ${answersOf(mapping, reference)} e
    WHERE key IN (${keys}) GROUP BY key)`;

/**
 * Target rows whose reference is not what its lookup answers for the legacy reference that the lineage keeps: the one
 * answer, or NULL where there is none or several; with its flag. Columns: `kind`, `key`, `columns`.
 */
export function wrongReferences(mapping: TimedMapping): Sql[] {
  const target = quotePgTable(mapping.target.schema, mapping.target.table);
  const marked = `t.${quotePg(mapping.lineage.target)} ?| ARRAY['${LINEAGE_HASHES.source}', '${LINEAGE_HASHES.target}']`;
  return referencesOf(mapping).flatMap(({ reference }) => {
    const kept = mapping.lineage.values.find((value) => value.source === reference.source)!;
    const json = `(t.${quotePg(mapping.lineage.target)} ->> ${literalPg(kept.name)})`;
    const text = formsOf(kept.convert).lineageText(kept.convert, json);
    const key = lookupKey(reference, text);
    const value = `t.${quotePg(reference.target)}`;
    const { table, key: column } = reference.lookup;
    const lookup = quotePgTable(mapping.target.schema, table);
    // Keys that stand more than once: only of these there can be several answers.
    const repeated = `SELECT ${quotePg(column)} FROM ${lookup} GROUP BY 1 HAVING count(*) > 1`;
    // Where a row without an answer is to be held back, none of them may be loaded; where it may name none, only such.
    const held = reference.optional === true ? `${text} IS NOT NULL` : 'true';
    const unanswered = `SELECT ${key} FROM ${target} t WHERE ${value} IS NULL`;
    const wrong = [
      `LEFT JOIN ${answersOf(mapping, reference)} a ON a.key = ${key} AND a.value = ${value}
       WHERE ${value} IS NOT NULL AND a.key IS NULL`,
      `JOIN ${extremesOf(mapping, reference, repeated)} a ON a.key = ${key} WHERE ${value} IS NOT NULL AND a.low <> a.high`,
      reference.missing === 'quarantine'
        ? `WHERE ${value} IS NULL AND ${held}`
        : `JOIN ${extremesOf(mapping, reference, unanswered)} a ON a.key = ${key} WHERE ${value} IS NULL AND a.low = a.high`,
      ...(reference.flag === undefined
        ? []
        : [`WHERE t.${quotePg(reference.flag)} IS DISTINCT FROM (${value} IS NULL)`]),
    ];
    return wrong.map(
      (rows) => `SELECT CASE WHEN ${isWritten(mapping, 't')} THEN 'stale' ELSE 'changed_in_target' END AS kind,
          ${targetKeyText(mapping, 't')} AS key, ARRAY[${literalPg(reference.source)}] AS columns, ${sha256Hex('t::text')} AS evidence
        FROM ${target} t ${rows} AND ${marked}${andPresent(mapping, 't')}`,
    );
  });
}

/** What each row in open quarantine is there for, a line for each reason; one that names no column is a line as well. */
const TOLD = `(SELECT q.legacy_key AS key, ${heldContent('q')} AS evidence, u.reason, c.col, q.source_row ->> c.col AS text, q.source_row -> c.col AS value,
      q.last_run, q.last_batch
    FROM carryover.quarantine q LEFT JOIN LATERAL unnest(q.reasons, q.columns) AS u (reason, columns) ON true
    -- Of bytes that are no text one reason names all columns.
    LEFT JOIN LATERAL unnest(string_to_array(u.columns, ',')) AS c (col) ON true
    WHERE q.migration = $1 AND q.state = 'open')`;

/**
 * Rows that are said to have no parent in the mapping's own table, though it was loaded before them, or in their own batch: batches
 * of such a mapping run one after the other.
 */
function parentCameFirst(mapping: TimedMapping, reason: string, reference: Reference): Sql {
  const told = `SELECT * FROM ${TOLD} x WHERE x.col = ${literalPg(reference.source)} AND x.reason = '${reason}'`;
  return `SELECT 'stale' AS kind, told.key, ARRAY[told.col] AS columns, told.evidence
    FROM (${told}) told
    JOIN ${targetTable(mapping)} t ON t.${quotePg(reference.lookup.key)} = ${lookupKey(reference, 'told.text')}
    JOIN (SELECT k.run_id, k.batch, u.key FROM carryover.runs r JOIN carryover.inserted_keys k USING (run_id)
          CROSS JOIN LATERAL unnest(k.legacy_keys) AS u (key) WHERE r.migration = $1) i ON i.key = ${targetKeyText(mapping, 't')}
    WHERE (i.run_id, i.batch) <= (told.last_run, told.last_batch)`;
}

/**
 * Rows in quarantine for a reason that is not true, or not any more: there is one answer, the code is listed, the day
 * exists. A parent of the mapping's own table may have come after its child: then the reason was true when the child was looked at.
 * Nothing is said of what the target itself refused: only a load can ask it again. Columns as above.
 */
export function unfoundedReasons(mapping: TimedMapping): Sql[] {
  const asked = (reference: Reference): Sql =>
    `SELECT ${lookupKey(reference, 'asked.text')} FROM ${TOLD} asked WHERE asked.col = ${literalPg(reference.source)}`;
  const references = referencesOf(mapping).filter(({ reference }) => reference.missing === 'quarantine');
  const answered = references
    .filter(({ reference }) => !isSelfReference(mapping, reference))
    .map(
      ({ role, reference }) => `SELECT 'stale' AS kind, told.key, ARRAY[told.col] AS columns, told.evidence
        FROM ${TOLD} told LEFT JOIN ${extremesOf(mapping, reference, asked(reference))} a
          ON a.key = ${lookupKey(reference, 'told.text')}
        WHERE told.col = ${literalPg(reference.source)}
          AND CASE told.reason WHEN '${role}_unmapped' THEN a.key IS NOT NULL
                               WHEN '${role}_ambiguous' THEN coalesce(a.low = a.high, true) END`,
    );
  const orphaned = references
    .filter(({ reference }) => isSelfReference(mapping, reference))
    .map(({ role, reference }) => parentCameFirst(mapping, `${role}_unmapped`, reference));
  const arms = proofsOf(mapping).map(
    ({ reason, column, holds }) => `WHEN reason = '${reason}' AND col = ${literalPg(column)} THEN ${holds}`,
  );
  const elsewhere = references.map(
    ({ role, reference }) =>
      `(reason IN ('${role}_unmapped', '${role}_ambiguous') AND col = ${literalPg(reference.source)}${
        reference.optional === true ? ' AND text IS NOT NULL' : ''
      })`,
  );
  const others = [`reason = 'constraint_rejected'`, ...elsewhere].join(' OR ');
  const unproved = `SELECT 'stale' AS kind, key, ARRAY[col] AS columns, evidence FROM ${TOLD} told
    WHERE NOT coalesce(CASE ${arms.join(' ')} ELSE ${others} END, false)`;
  const unnamed = `SELECT 'stale' AS kind, q.legacy_key AS key, q.columns, ${heldContent('q')} AS evidence FROM carryover.quarantine q
    WHERE q.migration = $1 AND q.state = 'open' AND (q.reason IS DISTINCT FROM q.reasons[1] OR cardinality(q.columns) <> cardinality(q.reasons))`;
  return [...answered, ...orphaned, unproved, unnamed];
}
