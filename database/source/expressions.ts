/** MySQL expressions of a mapping: what is read, how a row reads as canonical text, where a range lies. */
import { converterOf, namedColumns } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import { formsOf } from '../converters';
import { quoteMy } from './quote';
import type { SourceValue } from './session';

/** Legacy key as canonical texts, in the order of the mapping's key. */
export type LegacyKey = readonly string[];

/** A closed range of keys: above `after` (or from `from` on), up to and with `to`. */
export interface KeyRange {
  readonly after: LegacyKey | null;
  readonly from: LegacyKey;
  readonly to: LegacyKey;
}

/** Keys one by one: those of findings, of quarantine, of what has changed. */
export interface KeyList {
  readonly list: readonly LegacyKey[];
}

/** What a batch is made of. */
export type BatchKeys = KeyRange | KeyList;

export interface SqlWithValues {
  readonly sql: string;
  readonly values: readonly SourceValue[];
}

/** The canonical text of one named source column. */
export function sourceText(mapping: Mapping, column: string): string {
  const spec = converterOf(mapping, column);
  return formsOf(spec).sourceText(spec, quoteMy(column));
}

/** Canonical text of a whole row over the named columns: `length:value` each, NULL is `N`. */
export function canonicalRow(mapping: Mapping): string {
  const parts = namedColumns(mapping).map((column) => {
    const text = sourceText(mapping, column);
    return `IFNULL(CONCAT(LENGTH(${text}), ':', ${text}), 'N')`;
  });
  return `CONCAT(${parts.join(', ')})`;
}

/** Columns of the key, in key order, for ORDER BY. */
export function keyOrder(mapping: Mapping, direction: 'ASC' | 'DESC' = 'ASC'): string {
  return mapping.source.key.map((column) => `${quoteMy(column)} ${direction}`).join(', ');
}

/**
 * Compares the key with a bound. Written out as a chain of ORs, since the servers read a row comparison
 * `(a, b) > (x, y)` by scanning the whole index.
 */
export function compareKey(mapping: Mapping, operator: '>' | '>=' | '<=', key: LegacyKey): SqlWithValues {
  const columns = mapping.source.key;
  const strict = operator === '<=' ? '<' : '>';
  const values: SourceValue[] = [];
  const terms = columns.map((column, position) => {
    const equals = columns.slice(0, position).map((earlier, index) => {
      values.push(boundValue(mapping, earlier, key[index]!));
      return `${quoteMy(earlier)} = ?`;
    });
    values.push(boundValue(mapping, column, key[position]!));
    const last = position === columns.length - 1;
    return [...equals, `${quoteMy(column)} ${last ? operator : strict} ?`].join(' AND ');
  });
  return { sql: `(${terms.map((term) => `(${term})`).join(' OR ')})`, values };
}

/** Integers are bound as numbers where they are exact, so that the server need not convert the column. */
function boundValue(mapping: Mapping, column: string, text: string): SourceValue {
  const number = Number(text);
  return converterOf(mapping, column).kind === 'integer' && Number.isSafeInteger(number) ? number : text;
}

/** Predicate of a batch's keys, without the mapping's `where`. */
export function ofBatch(mapping: Mapping, keys: BatchKeys): SqlWithValues {
  return 'list' in keys ? inList(mapping, keys) : inRange(mapping, keys);
}

/**
 * Integers and texts are found by the table's index; texts must be the same bytes too, whatever their collation takes for
 * equal. Of any other kind it is its text that the ledger knows.
 */
function inList(mapping: Mapping, { list }: KeyList): SqlWithValues {
  const columns = mapping.source.key;
  const forms = columns.flatMap((column, part): { sql: string; part: number }[] => {
    const { kind } = converterOf(mapping, column);
    const text = { sql: `CAST(${sourceText(mapping, column)} AS BINARY)`, part };
    if (kind === 'integer') return [{ sql: quoteMy(column), part }];
    return kind === 'text' ? [{ sql: quoteMy(column), part }, text] : [text];
  });
  const value = (key: LegacyKey, part: number): SourceValue => boundValue(mapping, columns[part]!, key[part]!);
  if (columns.length === 1) {
    const marks = list.map(() => '?').join(', ');
    return {
      sql: `(${forms.map(({ sql }) => `${sql} IN (${marks})`).join(' AND ')})`,
      values: forms.flatMap(({ part }) => list.map((key) => value(key, part))),
    };
  }
  const same = forms.map(({ sql }) => `${sql} = ?`).join(' AND ');
  return {
    sql: `(${list.map(() => `(${same})`).join(' OR ')})`,
    values: list.flatMap((key) => forms.map(({ part }) => value(key, part))),
  };
}

function inRange(mapping: Mapping, range: KeyRange): SqlWithValues {
  const low = range.after === null ? compareKey(mapping, '>=', range.from) : compareKey(mapping, '>', range.after);
  const high = compareKey(mapping, '<=', range.to);
  return { sql: `(${low.sql} AND ${high.sql})`, values: [...low.values, ...high.values] };
}

/** Predicate of the rows that the mapping moves; rows for which it is NULL are excluded. */
export function moved(mapping: Mapping): string {
  return mapping.source.where === undefined ? 'TRUE' : `COALESCE((${mapping.source.where}), FALSE)`;
}
