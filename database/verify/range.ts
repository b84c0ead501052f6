/** Ranges of keys that touch: the first and the last are open, so that no row is outside of all of them. */
import { hasIntegerKey, targetKey } from '../../mappings/mapping';
import { CarryoverError } from '../../shared/errors';
import type { KeySpan } from '../../shared/verification';
import type { Mapping } from '../../mappings/mapping';
import type { Sql } from '../converters/converter';
import { compareKey } from '../source/expressions';
import { quoteMy } from '../source/quote';
import type { LegacyKey, SqlWithValues } from '../source/expressions';
import { quotePg } from '../target/quote';

/** Keys above `after`, up to and with `to`; null where that end is open. */
export interface OpenRange {
  readonly after: LegacyKey | null;
  readonly to: LegacyKey | null;
  /** Of a single integer key: only keys whose quotient by `width` is listed, or that are none, where null is. */
  readonly buckets?: { readonly width: string; readonly list: readonly (string | null)[] };
}

/** The quotients that are listed, checked to be integers: they are inlined. */
const quotients = ({ list }: NonNullable<OpenRange['buckets']>): string =>
  integers(list.filter((bucket) => bucket !== null)).replace(/[()]/g, '');

export const WHOLE: OpenRange = { after: null, to: null };

/** Below zero where the first key comes first; of keys that are made of integers. */
export function compareKeys(one: LegacyKey, other: LegacyKey): number {
  for (const [index, part] of one.entries()) {
    const [left, right] = [BigInt(part), BigInt(other[index]!)];
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

/** @throws CarryoverError `InputRefused` where the keys of the mapping cannot be told so */
export function rangeOfSpan(mapping: Mapping, { from, to }: KeySpan): OpenRange {
  const parts = mapping.source.key.length;
  const refuse = (why: string): never => {
    throw new CarryoverError('InputRefused', `Nothing was verified: "range" cannot be looked at, since ${why}.`);
  };
  if (!hasIntegerKey(mapping)) {
    refuse(`the key of ${mapping.name} is no number, and two servers may sort it differently; leave "range" out`);
  }
  for (const key of [from, to]) {
    if (key !== null && key.length !== parts) {
      refuse(
        `the key of ${mapping.name} has ${parts} ${parts === 1 ? 'part' : 'parts'} (${mapping.source.key.join(', ')})`,
      );
    }
  }
  if (from !== null && to !== null && compareKeys(from, to) > 0) refuse('its first key comes after its last');
  // Ranges begin above a key; of integers that is the one before.
  const after = from && [...from.slice(0, -1), String(BigInt(from.at(-1)!) - 1n)];
  return { after, to };
}

/** Predicate of a range on the source, without the mapping's `where`. */
export function inSourceRange(mapping: Mapping, { after, to, buckets }: OpenRange): SqlWithValues {
  const ends = [
    ...(after === null ? [] : [compareKey(mapping, '>', after)]),
    ...(to === null ? [] : [compareKey(mapping, '<=', to)]),
  ];
  if (buckets !== undefined) {
    const listed = buckets.list.every((bucket) => bucket === null) ? 'NULL' : quotients(buckets);
    const sql = `${quoteMy(mapping.source.key[0]!)} DIV ${integers([buckets.width])} IN (${listed})`;
    ends.push({ sql, values: [] });
  }
  if (ends.length === 0) return { sql: 'TRUE', values: [] };
  return { sql: `(${ends.map(({ sql }) => sql).join(' AND ')})`, values: ends.flatMap(({ values }) => [...values]) };
}

/** Bounds come from the ledger; they are inlined, so that the planner sees them, and therefore must be integers. */
function integers(key: LegacyKey): string {
  for (const part of key) {
    if (!/^-?\d+$/.test(part)) throw new Error('a bound of an integer key is no integer');
  }
  return key.length === 1 ? key[0]! : `(${key.join(', ')})`;
}

/** @param columns expressions of the key's parts, which compare as numbers */
function inRange(columns: readonly Sql[], { after, to }: OpenRange): Sql {
  const row = columns.length === 1 ? columns[0]! : `(${columns.join(', ')})`;
  const ends = [
    ...(after === null ? [] : [`${row} > ${integers(after)}`]),
    ...(to === null ? [] : [`${row} <= ${integers(to)}`]),
  ];
  return ends.length === 0 ? 'true' : `(${ends.join(' AND ')})`;
}

/**
 * True where ranges of the mapping's keys are the same rows on both servers: integers compare alike, texts by the
 * collation of each.
 */
export const comparesAlike = (mapping: Mapping): boolean => hasIntegerKey(mapping);

/** Predicate of a range for target rows with the given alias; rows without a key belong to the first. */
export function inTargetRange(mapping: Mapping, range: OpenRange, alias: string): Sql {
  const columns = targetKey(mapping).map((column) => `${alias}.${quotePg(column)}`);
  const inside = inRange(columns, range);
  const isFirst = range.after === null && range.to !== null;
  const within = isFirst ? `(${[inside, ...columns.map((column) => `${column} IS NULL`)].join(' OR ')})` : inside;
  return range.buckets === undefined ? within : `(${within} AND ${inBuckets(columns[0]!, range.buckets)})`;
}

/** @param number expression of the key, or NULL */
function inBuckets(number: Sql, buckets: NonNullable<OpenRange['buckets']>): Sql {
  const listed = `div(${number}::numeric, ${integers([buckets.width])}) = ANY ('{${quotients(buckets)}}'::numeric[])`;
  return buckets.list.includes(null) ? `(${listed} OR ${number} IS NULL)` : listed;
}

/** A bound as the ledger's `key_numbers` reads: the parts of a key, which compare in the order of the source. */
export const keyNumbers = (key: LegacyKey): Sql => `'{${key.map((part) => integers([part])).join(',')}}'::numeric[]`;

/** Predicate of a range for lines of the ledger, by the `key_numbers` of their key; without, they belong to the first. */
export function inLedgerRange(range: OpenRange, numbers: Sql): Sql {
  const within = inLedgerEnds(range, numbers);
  return range.buckets === undefined ? within : `(${within} AND ${inBuckets(`(${numbers})[1]`, range.buckets)})`;
}

function inLedgerEnds({ after, to }: OpenRange, numbers: Sql): Sql {
  const ends = [
    ...(after === null ? [] : [`${numbers} > ${keyNumbers(after)}`]),
    ...(to === null ? [] : [`${numbers} <= ${keyNumbers(to)}`]),
  ];
  if (ends.length === 0) return 'true';
  return after === null ? `(${ends.join(' AND ')} OR ${numbers} IS NULL)` : `(${ends.join(' AND ')})`;
}
