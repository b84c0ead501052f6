/** Rows of the target that the source still has, as far as we know: those that were marked as gone are none of them. */
import { markColumn } from '../../mappings/mapping';
import type { TimedMapping } from '../converters/converter';
import type { Sql } from '../converters/converter';
import { targetKeyText } from './legacy-key';
import { quotePg, quotePgTable } from './quote';

/** Condition that a target row with an alias is not marked as gone; begins with AND, and is empty where no row ever is. */
export function andPresent(mapping: TimedMapping, alias: string): Sql {
  const mark = markColumn(mapping);
  return mark === null ? '' : ` AND ${alias}.${quotePg(mark)} IS NULL`;
}

/** Whether a row of a key is there, and marked as gone. */
export function isMarked(mapping: TimedMapping, key: Sql): Sql {
  const mark = markColumn(mapping);
  if (mark === null) return 'false';
  return `EXISTS (SELECT FROM ${quotePgTable(mapping.target.schema, mapping.target.table)} m
    WHERE m.${quotePg(mark)} IS NOT NULL AND ${targetKeyText(mapping, 'm')} = ${key})`;
}
