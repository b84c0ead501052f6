import { namedColumns } from '../../../mappings/mapping';
import type { Context } from '../context';
import { findSourceColumn } from '../source-facts';

/** Every column that the mapping names exists, and every column of the table is named. */
export async function sourceColumns(context: Context): Promise<string[]> {
  const { mapping } = context;
  const columns = await context.sourceColumns();
  const ignored = mapping.source.ignored ?? [];
  const named = [...namedColumns(mapping), ...ignored];
  const namedLower = new Set(named.map((name) => name.toLowerCase()));
  return [
    ...named
      .filter((name) => findSourceColumn(columns, name) === undefined)
      .map(
        (name) =>
          `The source's table "${mapping.source.table}" has no column "${name}" that this login can see; correct it in the mapping ${mapping.name}, or GRANT SELECT on it.`,
      ),
    ...columns
      .filter((column) => !namedLower.has(column.name.toLowerCase()))
      .map(
        (column) =>
          `The mapping ${mapping.name} does not name the column "${column.name}" of the source's table "${mapping.source.table}", which would be left behind; carry it, or list it under source.ignored.`,
      ),
  ];
}
