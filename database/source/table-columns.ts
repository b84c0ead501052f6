import type { Source } from './open-source';

/** Names of a source table's columns, in its own order; empty where there is no such table. */
export async function tableColumns(source: Source, table: string): Promise<string[]> {
  const rows = await source.query(
    `SELECT column_name FROM information_schema.columns
     WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position`,
    [table],
  );
  return rows.map((row) => row[0]!);
}
