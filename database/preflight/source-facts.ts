/** Reads the source's catalogue; works for a user with nothing but SELECT. */
import type { Context } from './context';

export interface SourceColumn {
  readonly name: string;
  /** Without length and sign, lower case: `varchar`, `tinyint`. */
  readonly dataType: string;
  /** As the table's definition writes it: `varchar(120)`, `tinyint(1) unsigned`. */
  readonly columnType: string;
  readonly scale: number;
  /** Fractional digits of a DATETIME or TIMESTAMP. */
  readonly precision: number;
  readonly nullable: boolean;
}

export interface SourceIndex {
  readonly name: string;
  readonly columns: readonly string[];
  /** Unique, every column whole and NOT NULL: what a key needs. */
  readonly isKey: boolean;
}

export async function readCurrentUser(context: Pick<Context, 'source'>): Promise<string> {
  const account = (await context.source('preflight.sourceUser', 'SELECT CURRENT_USER()'))[0]?.[0] ?? '';
  const at = account.lastIndexOf('@');
  const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  return `${quote(account.slice(0, at))}@${quote(account.slice(at + 1))}`;
}

export async function readSourceColumns(context: Pick<Context, 'source' | 'mapping'>): Promise<SourceColumn[]> {
  const rows = await context.source(
    'preflight.sourceColumns',
    `SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, NUMERIC_SCALE, DATETIME_PRECISION, IS_NULLABLE
       FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?
      ORDER BY ORDINAL_POSITION`,
    [context.mapping.source.table],
  );
  return rows.map(([name, dataType, columnType, scale, precision, nullable]) => ({
    name: name!,
    dataType: dataType!.toLowerCase(),
    columnType: columnType!,
    scale: Number(scale ?? 0),
    precision: Number(precision ?? 0),
    nullable: nullable === 'YES',
  }));
}

export async function readSourceIndexes(context: Pick<Context, 'source' | 'mapping'>): Promise<SourceIndex[]> {
  const rows = await context.source(
    'preflight.sourceIndexes',
    `SELECT INDEX_NAME, NON_UNIQUE, COLUMN_NAME, SUB_PART, NULLABLE
       FROM information_schema.STATISTICS
      WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?
      ORDER BY INDEX_NAME, SEQ_IN_INDEX`,
    [context.mapping.source.table],
  );
  const indexes = new Map<string, { columns: string[]; isKey: boolean }>();
  for (const [index, nonUnique, column, prefix, nullable] of rows) {
    const entry = indexes.get(index!) ?? { columns: [], isKey: true };
    entry.columns.push(column ?? '(expression)');
    // A prefix index is unique in the prefix only, and NULL is not unique at all.
    entry.isKey &&= nonUnique === '0' && prefix === null && nullable !== 'YES' && column !== null;
    indexes.set(index!, entry);
  }
  return [...indexes].map(([name, entry]) => ({ name, ...entry }));
}

/** Column names are never case-sensitive in MySQL and MariaDB. */
export function findSourceColumn(columns: readonly SourceColumn[], name: string): SourceColumn | undefined {
  return columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
}
