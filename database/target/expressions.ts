/**
 * PostgreSQL expressions of a mapping: what a staged row becomes (transform, load) and how a target row reads as the
 * source's canonical text again (validate). The two halves share the mapping's data and nothing else.
 */
import { LINEAGE_HASHES, converterOf, namedColumns, referencesOf, targetKey } from '../../mappings/mapping';
import { formsOf } from '../converters';
import type { TimedMapping } from '../converters/converter';
import { literalPg, quotePg, quotePgTable } from './quote';

export interface ColumnValue {
  readonly column: string;
  readonly sql: string;
}

/** The staged text of a named source column, in rows aliased `r`. */
export function staged(mapping: TimedMapping, column: string): string {
  return `r.c${namedColumns(mapping).indexOf(column)}`;
}

/** Legacy key as people read it: the value itself, or a JSON array of the parts of a composite key. */
export function legacyKey(parts: readonly string[]): string {
  return parts.length === 1 ? parts[0]! : `jsonb_build_array(${parts.join(', ')})::text`;
}

/** The legacy key of a staged row. */
export function stagedKey(mapping: TimedMapping): string {
  return legacyKey(mapping.source.key.map((column) => staged(mapping, column)));
}

/** The legacy key of a target row with the given alias. */
export function targetKeyText(mapping: TimedMapping, alias: string): string {
  return legacyKey(keyColumnTexts(mapping, alias));
}

function keyColumnTexts(mapping: TimedMapping, alias: string): string[] {
  return mapping.source.key.map((column, index) => {
    const spec = converterOf(mapping, column);
    const value = `${alias}.${quotePg(targetKey(mapping)[index]!)}`;
    return formsOf(spec).targetText(spec, value, mapping) ?? `${value}::text`;
  });
}

/** Typed legacy reference of a staged row, or NULL where its text does not fit the type. */
export function stagedReference(mapping: TimedMapping, source: string): string {
  const spec = converterOf(mapping, source);
  const text = staged(mapping, source);
  const tests = formsOf(spec).unfit(spec, text, mapping);
  const value = formsOf(spec).toTarget(spec, text, mapping);
  return tests.length === 0
    ? value
    : `(CASE WHEN NOT (${tests.map((test) => test.when).join(' OR ')}) THEN ${value} END)`;
}

/** Target columns but the lineage, with their values for a staged row `r` joined to its lookups `ref0`, `ref1`, … */
export function targetValues(mapping: TimedMapping): ColumnValue[] {
  const values: ColumnValue[] = [{ column: mapping.id.target, sql: 'r.id' }];
  for (const rule of mapping.columns) {
    const text = staged(mapping, rule.source);
    values.push({ column: rule.target, sql: formsOf(rule.convert).toTarget(rule.convert, text, mapping) });
  }
  referencesOf(mapping).forEach(({ reference }, index) => {
    const answer = `CASE WHEN ref${index}.answers = 1 THEN ref${index}.value END`;
    values.push({ column: reference.target, sql: `(${answer})` });
    if (reference.flag !== undefined) values.push({ column: reference.flag, sql: `((${answer}) IS NULL)` });
  });
  return values;
}

/** The lineage of a staged row without the hash of the target row, as a jsonb expression. */
export function stagedLineage(mapping: TimedMapping): string {
  const pairs = mapping.lineage.values.map(({ name, source, convert }) => {
    return `${literalPg(name)}, ${formsOf(convert).toLineage(convert, staged(mapping, source))}`;
  });
  const constants = Object.entries(mapping.lineage.constants).map(
    ([name, value]) => `${literalPg(name)}, ${literalPg(value)}::text`,
  );
  return [...pairs, ...constants, `'${LINEAGE_HASHES.source}', r.sha256`].join(', ');
}

const lengthPrefixed = (text: string): string => `coalesce(octet_length(${text}) || ':' || ${text}, 'N')`;

/** SHA-256 in hex over canonical text of columns: the hash of a target row as it was written. */
export function targetHash(mapping: TimedMapping, alias: string): string {
  return hashOfValues(targetValues(mapping).map(({ column }) => `${alias}.${quotePg(column)}`));
}

/** The same over expressions, in the order of {@link targetValues}. */
export function hashOfValues(values: readonly string[]): string {
  return sha256Hex(`(${values.map((value) => lengthPrefixed(`${value}::text`)).join(' || ')})`);
}

export function sha256Hex(text: string): string {
  return `encode(sha256(convert_to(${text}, 'UTF8')), 'hex')`;
}

/** True for target rows that are as we wrote them. */
export function isOurs(mapping: TimedMapping, alias: string): string {
  const lineage = `${alias}.${quotePg(mapping.lineage.target)}`;
  return `coalesce(${lineage} ->> '${LINEAGE_HASHES.target}' = ${targetHash(mapping, alias)}, false)`;
}

/** The source's canonical text of one named column, read back from a target row. */
function readBack(mapping: TimedMapping, column: string, alias: string): string {
  const rule = mapping.columns.find((candidate) => candidate.source === column);
  const kept = mapping.lineage.values.find((value) => value.source === column);
  const json = kept && `(${alias}.${quotePg(mapping.lineage.target)} ->> ${literalPg(kept.name)})`;
  const fromLineage = kept && formsOf(kept.convert).lineageText(kept.convert, json!);
  if (rule === undefined) {
    if (fromLineage === undefined) throw new Error(`mapping ${mapping.name}: nothing keeps ${column} in the target`);
    return fromLineage;
  }
  const value = `${alias}.${quotePg(rule.target)}`;
  const inverse = formsOf(rule.convert).targetText(rule.convert, value, mapping);
  if (inverse !== null) {
    // What the lineage keeps beside the value must be what the value says.
    return fromLineage === undefined
      ? inverse
      : `(CASE WHEN ${inverse} IS NOT DISTINCT FROM ${fromLineage} THEN ${fromLineage} ELSE 'difference' END)`;
  }
  // Not invertible: the lineage's text counts only if it converts to the value that is there.
  const forward = formsOf(rule.convert).toTarget(rule.convert, fromLineage!, mapping);
  return `(CASE WHEN ${value} IS NOT DISTINCT FROM ${forward} THEN ${fromLineage} ELSE 'difference' END)`;
}

/**
 * A query over target rows `t` that yields, for each, `key` (legacy key), `hash` (SHA-256 over the same canonical text as
 * `canonicalRow` of the source) and `extracted` (the hash that its lineage keeps). Each column is read back once:
 * OFFSET 0 keeps the planner from copying the expressions.
 */
export function targetRowHashes(mapping: TimedMapping, where: string): string {
  const target = quotePgTable(mapping.target.schema, mapping.target.table);
  const columns = namedColumns(mapping);
  const texts = columns.map((column, index) => `${readBack(mapping, column, 't')} AS x${index}`);
  const canonical = columns.map((_column, index) => lengthPrefixed(`b.x${index}`)).join(' || ');
  const extracted = `t.${quotePg(mapping.lineage.target)} ->> '${LINEAGE_HASHES.source}' AS extracted`;
  return (
    `SELECT b.key, ${sha256Hex(`(${canonical})`)} AS hash, b.extracted FROM (` +
    `SELECT ${targetKeyText(mapping, 't')} AS key, ${texts.join(', ')}, ${extracted} ` +
    `FROM ${target} t WHERE ${where} OFFSET 0) b`
  );
}

/** SHA-256 in hex of the canonical row, from the raw row that the quarantine keeps in a jsonb column. */
export function quarantinedRowHash(mapping: TimedMapping, json: string): string {
  const parts = namedColumns(mapping).map((column) => {
    const value = `${json} -> ${literalPg(column)}`;
    const bytes =
      `CASE jsonb_typeof(${value}) WHEN 'object' THEN decode(${value} ->> 'base64', 'base64') ` +
      `WHEN 'string' THEN convert_to(${json} ->> ${literalPg(column)}, 'UTF8') END`;
    return `coalesce(convert_to(octet_length(${bytes}) || ':', 'UTF8') || ${bytes}, 'N'::bytea)`;
  });
  return `encode(sha256(${parts.join(' || ')}), 'hex')`;
}

/** The first 60 bits of a hex hash: sums of them do not overflow, and both servers can compute them. */
export const hashSlice = (hex: string): string => `('x' || substr(${hex}, 1, 15))::bit(60)::bigint`;
