/**
 * PostgreSQL expressions of verification: how a row that was loaded, or that is in quarantine, reads as the source's canonical
 * text again. With what wrote the rows it shares the mapping's data and nothing else.
 */
import { LINEAGE_HASHES, namedColumns } from '../../mappings/mapping';
import { formsOf } from '../converters';
import type { ReadBack, Sql, TimedMapping } from '../converters/converter';
import { lengthPrefixed, sha256Hex } from '../target/canonical';
import { targetKeyText } from '../target/legacy-key';
import { andPresent } from '../target/present';
import { literalPg, quotePg, quotePgTable } from '../target/quote';

/** In the place of the hash of a row that cannot have been written so: no SHA-256 in hex, so equal to no row's. */
export const NO_HASH = literalPg('f'.repeat(63) + '!');

/** The source's canonical text of one named column, read back from a target row. */
export function readBack(mapping: TimedMapping, column: string, alias: string): ReadBack {
  const rule = mapping.columns.find((candidate) => candidate.source === column);
  const kept = mapping.lineage.values.find((value) => value.source === column);
  const json = kept && `(${alias}.${quotePg(mapping.lineage.target)} ->> ${literalPg(kept.name)})`;
  const fromLineage = kept === undefined ? null : formsOf(kept.convert).lineageText(kept.convert, json!);
  if (rule === undefined) {
    if (fromLineage === null) throw new Error(`mapping ${mapping.name}: nothing keeps ${column} in the target`);
    return { text: fromLineage };
  }
  const value = `${alias}.${quotePg(rule.target)}`;
  const { text, impossible } = formsOf(rule.convert).readBack(rule.convert, value, fromLineage, mapping);
  // What the lineage keeps beside the value must be what the value says.
  const tests = [...(impossible === undefined ? [] : [impossible])];
  if (fromLineage !== null && text !== fromLineage) tests.push(`${text} IS DISTINCT FROM ${fromLineage}`);
  return tests.length === 0 ? { text } : { text, impossible: `(${tests.join(' OR ')})` };
}

/**
 * A query over target rows `t` that yields, for each, `key` (legacy key), `hash` (SHA-256 over the same canonical text as
 * `canonicalRow` of the source) and `extracted` (the hash that its lineage keeps). Each column is read back once:
 * OFFSET 0 keeps the planner from copying the expressions.
 */
export function targetRowHashes(mapping: TimedMapping, where: Sql): Sql {
  const target = quotePgTable(mapping.target.schema, mapping.target.table);
  const columns = namedColumns(mapping).map((column) => readBack(mapping, column, 't'));
  const texts = columns.map(({ text }, index) => `${text} AS x${index}`);
  const impossible = columns.flatMap(({ impossible: test }) => (test === undefined ? [] : [test]));
  const canonical = columns.map((_column, index) => lengthPrefixed(`b.x${index}`)).join(' || ');
  const extracted = `t.${quotePg(mapping.lineage.target)} ->> '${LINEAGE_HASHES.source}' AS extracted`;
  return (
    `SELECT b.key, CASE WHEN b.impossible THEN ${NO_HASH} ELSE ${sha256Hex(`(${canonical})`)} END AS hash, b.extracted ` +
    `FROM (SELECT ${targetKeyText(mapping, 't')} AS key, ${texts.join(', ')}, ` +
    `${impossible.length === 0 ? 'false' : impossible.join(' OR ')} AS impossible, ${extracted} ` +
    `FROM ${target} t WHERE (${where})${andPresent(mapping, 't')} OFFSET 0) b`
  );
}

/** SHA-256 in hex of the canonical row, from the raw row that the quarantine keeps in a jsonb column. */
export function quarantinedRowHash(mapping: TimedMapping, json: Sql): Sql {
  const parts = namedColumns(mapping).map((column) => {
    const value = `${json} -> ${literalPg(column)}`;
    const bytes =
      `CASE jsonb_typeof(${value}) WHEN 'object' THEN decode(${value} ->> 'base64', 'base64') ` +
      `WHEN 'string' THEN convert_to(${json} ->> ${literalPg(column)}, 'UTF8') END`;
    return `coalesce(convert_to(octet_length(${bytes}) || ':', 'UTF8') || ${bytes}, 'N'::bytea)`;
  });
  return `encode(sha256(${parts.join(' || ')}), 'hex')`;
}

/** The same of a line of the quarantine; of one whose values were purged the hash that it was extracted with is all there is. */
export const heldRowHash = (mapping: TimedMapping, alias: string): Sql =>
  `CASE WHEN ${alias}.source_row IS NULL THEN ${alias}.source_row_sha256 ELSE ${quarantinedRowHash(mapping, `${alias}.source_row`)} END`;

/** The first 60 bits of a hex hash: sums of them do not overflow, and both servers can compute them. */
export const hashSlice = (hex: Sql): Sql => `('x' || substr(${hex}, 1, 15))::bit(60)::bigint`;
