import type { SourceQueries } from './session';

/** Names of a source table's columns, in its own order; empty where there is no such table. */
export async function tableColumns(source: SourceQueries, table: string): Promise<string[]> {
  const rows = await source.query(
    'source.columns',
    `SELECT column_name FROM information_schema.columns
     WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position`,
    [table],
  );
  return rows.map((row) => row[0]!);
}

/** Name and type of a source table's columns, in its own order. */
export async function columnTypes(source: SourceQueries, table: string): Promise<[name: string, type: string][]> {
  const rows = await source.query(
    'source.columnTypes',
    `SELECT column_name, column_type FROM information_schema.columns
     WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position`,
    [table],
  );
  return rows.map(([name, type]) => [name!, type!]);
}
