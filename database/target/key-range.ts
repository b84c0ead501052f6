/** A batch's range in the target: only for integer keys, which compare alike on both servers. */
import { hasIntegerKey, targetKey } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import type { KeyRange, LegacyKey } from '../source/expressions';
import { quotePg } from './quote';

/** Bounds come from the ledger; they are inlined, so that the planner sees them, and therefore must be integers. */
function integers(key: LegacyKey): string {
  for (const part of key) {
    if (!/^-?\d+$/.test(part)) throw new Error('a bound of an integer key is no integer');
  }
  return key.join(', ');
}

/** Predicate of the range for rows with the given alias, or null where the key does not compare alike. */
export function targetInRange(mapping: Mapping, range: KeyRange, alias: string): string | null {
  if (!hasIntegerKey(mapping)) return null;
  const columns = targetKey(mapping).map((column) => `${alias}.${quotePg(column)}`);
  const row = columns.length === 1 ? columns[0]! : `(${columns.join(', ')})`;
  const bound = (key: LegacyKey): string => (key.length === 1 ? integers(key) : `(${integers(key)})`);
  const low = range.after === null ? `${row} >= ${bound(range.from)}` : `${row} > ${bound(range.after)}`;
  return `(${low} AND ${row} <= ${bound(range.to)})`;
}
