/** A batch's keys in the target: only integers, which compare alike on both servers. */
import { hasIntegerKey, targetKey } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import type { BatchKeys, LegacyKey } from '../source/expressions';
import { quotePg } from './quote';

/** Keys come from the ledger; they are inlined, so that the planner sees them, and therefore must be integers. */
function integers(key: LegacyKey): string {
  for (const part of key) {
    if (!/^-?\d+$/.test(part)) throw new Error('an integer key of the ledger is no integer');
  }
  return key.join(', ');
}

/** Predicate of a batch for rows with the given alias, or null where the key does not compare alike. */
export function targetOfBatch(mapping: Mapping, keys: BatchKeys, alias: string): string | null {
  if (!hasIntegerKey(mapping)) return null;
  const columns = targetKey(mapping).map((column) => `${alias}.${quotePg(column)}`);
  const row = columns.length === 1 ? columns[0]! : `(${columns.join(', ')})`;
  const value = (key: LegacyKey): string => (key.length === 1 ? integers(key) : `(${integers(key)})`);
  if ('list' in keys) return `${row} IN (${keys.list.map(value).join(', ')})`;
  const low = keys.after === null ? `${row} >= ${value(keys.from)}` : `${row} > ${value(keys.after)}`;
  return `(${low} AND ${row} <= ${value(keys.to)})`;
}
