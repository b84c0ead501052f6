/** Checks that ask the lookups again, as they are now, and share nothing with the steps that asked them before. */
import { isSelfReference, referencesOf } from '../../mappings/mapping';
import type { Mapping, Reference } from '../../mappings/mapping';
import { formsOf } from '../converters';
import { sumOf } from './check';
import type { Check } from './check';
import { literalPg, quotePg, quotePgTable } from './quote';

/** Legacy reference as the lookup's key: typed, so that the lookup is read by it; what is no number has no answer. */
function lookupKey(reference: Reference, text: string): string {
  if (reference.convert.kind !== 'integer') return text;
  const fits = `abs(${text}::numeric) <= 9223372036854775807`;
  return `(CASE WHEN ${text} ~ '^-?[0-9]{1,19}$' THEN CASE WHEN ${fits} THEN ${text}::bigint END END)`;
}

function answersOf(mapping: Mapping, { lookup }: Reference): string {
  return `(SELECT ${quotePg(lookup.key)} AS key, ${quotePg(lookup.value)} AS value
    FROM ${quotePgTable(mapping.target.schema, lookup.table)} WHERE ${quotePg(lookup.value)} IS NOT NULL)`;
}

/**
 * Each reference must be what its lookup answers now for the legacy reference that the lineage keeps: the one answer, or
 * NULL where there is none or several.
 */
export function referenceCheck(mapping: Mapping, target: string): Check {
  const parts = referencesOf(mapping).map(({ reference }) => {
    const kept = mapping.lineage.values.find((value) => value.source === reference.source)!;
    const json = `(t.${quotePg(mapping.lineage.target)} ->> ${literalPg(kept.name)})`;
    const text = formsOf(kept.convert).lineageText(kept.convert, json);
    const key = lookupKey(reference, text);
    const answers = answersOf(mapping, reference);
    const value = `t.${quotePg(reference.target)}`;
    return `SELECT (SELECT count(*) FROM ${target}) AS compared, (
        SELECT count(*) FROM ${target} t LEFT JOIN ${answers} a ON a.key = ${key}
        WHERE ${value} IS NOT NULL AND a.value IS DISTINCT FROM ${value}) + (
        SELECT count(*) FROM (
          SELECT t.ctid FROM ${target} t JOIN ${answers} a ON a.key = ${key} WHERE ${value} IS NULL
          GROUP BY t.ctid HAVING count(DISTINCT a.value) = 1) n) AS found`;
  });
  return { name: 'references', sql: sumOf(parts) };
}

/**
 * The quarantine holds as many rows as the batches say, and each reason that a lookup or a code list gave is true: there is
 * no answer, there are several, the code is not listed. Otherwise rows that could have come over would end as exceptions.
 */
export function quarantineCheck(mapping: Mapping, run: string): Check {
  const told = `SELECT q.legacy_key, u.reason, u.col, q.source_row ->> u.col AS text
    FROM carryover.quarantine_occurrences o JOIN carryover.quarantine q USING (migration, legacy_key)
    CROSS JOIN LATERAL unnest(q.reasons, q.columns) AS u (reason, col) WHERE o.run_id = $1`;
  const lookups = referencesOf(mapping)
    // A parent in the same table may have come after its child: that its child had none was true then.
    .filter(({ reference }) => reference.missing === 'quarantine' && !isSelfReference(mapping, reference))
    .map(
      ({ role, reference }) => `(SELECT count(*) FROM (
        SELECT FROM told LEFT JOIN ${answersOf(mapping, reference)} a ON a.key = ${lookupKey(reference, 'told.text')}
        WHERE told.col = ${literalPg(reference.source)} AND told.reason IN ('${role}_unmapped', '${role}_ambiguous')
        GROUP BY told.legacy_key, told.reason
        HAVING CASE told.reason WHEN '${role}_unmapped' THEN count(a.value) > 0 ELSE count(DISTINCT a.value) < 2 END) w)`,
    );
  const codes = mapping.columns.flatMap(({ source, convert }) =>
    convert.kind === 'code'
      ? [
          `(SELECT count(*) FROM told WHERE reason = 'code_unknown' AND col = ${literalPg(source)}
            AND text IN (${Object.keys(convert.codes).map(literalPg).join(', ')}))`,
        ]
      : [],
  );
  return {
    name: 'quarantine',
    sql: `WITH told AS MATERIALIZED (${told})
      SELECT coalesce(sum(quarantined), 0) AS compared, abs(coalesce(sum(quarantined), 0) - (
          SELECT count(*) FROM carryover.quarantine_occurrences o JOIN carryover.quarantine q USING (migration, legacy_key)
          WHERE o.run_id = $1)) + ${['0', ...lookups, ...codes].join(' + ')} AS found
      FROM carryover.batches WHERE run_id = $1`,
    values: [run],
  };
}
