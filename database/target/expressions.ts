/** PostgreSQL expressions of a mapping: what a staged row becomes (transform, load). How it reads back: database/verify/. */
import { LINEAGE_HASHES, converterOf, namedColumns, referencesOf } from '../../mappings/mapping';
import { formsOf } from '../converters';
import type { TimedMapping } from '../converters/converter';
import { lengthPrefixed, sha256Hex } from './canonical';
import { legacyKey } from './legacy-key';
import { literalPg, quotePg } from './quote';

export interface ColumnValue {
  readonly column: string;
  readonly sql: string;
}

/** The staged text of a named source column, in rows aliased `r`. */
export function staged(mapping: TimedMapping, column: string): string {
  return `r.c${namedColumns(mapping).indexOf(column)}`;
}

/** The legacy key of a staged row. */
export function stagedKey(mapping: TimedMapping): string {
  return legacyKey(mapping.source.key.map((column) => staged(mapping, column)));
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

/** SHA-256 in hex over canonical text of columns: the hash of a target row as it was written. */
export function targetHash(mapping: TimedMapping, alias: string): string {
  return hashOfValues(targetValues(mapping).map(({ column }) => `${alias}.${quotePg(column)}`));
}

/** The same over expressions, in the order of {@link targetValues}. */
export function hashOfValues(values: readonly string[]): string {
  return sha256Hex(`(${values.map((value) => lengthPrefixed(`${value}::text`)).join(' || ')})`);
}

/** True for target rows that we wrote once, whatever became of them: others are never touched. */
export function hasOrigin(mapping: TimedMapping, alias: string): string {
  return `(${alias}.${quotePg(mapping.lineage.target)} ->> '${LINEAGE_HASHES.source}' IS NOT NULL)`;
}

/** True for target rows that are as we wrote them. */
export function isOurs(mapping: TimedMapping, alias: string): string {
  const lineage = `${alias}.${quotePg(mapping.lineage.target)}`;
  return `coalesce(${lineage} ->> '${LINEAGE_HASHES.target}' = ${targetHash(mapping, alias)}, false)`;
}
