/** Fills the source: LOAD DATA from a stream where the server lets us, multi-row INSERTs where it does not. */
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { SampleError } from './errors';
import { createSourceTable, SOURCE_INDEXES } from './source-schema';
import { type Row, type SampleTable, streamOf } from './table';

/** Zero dates are legitimate in this database; everything else that does not fit shall fail. */
const SQL_MODE = 'STRICT_ALL_TABLES';
const PACKET = 512 * 1024;

/** Makes and fills the tables of the source. */
export async function loadSource(
  source: Connection,
  tables: readonly SampleTable[],
  options: { inserts?: boolean } = {},
): Promise<void> {
  await source.query(
    `SET SESSION sql_mode = '${SQL_MODE}', unique_checks = 0, foreign_key_checks = 0, SESSION time_zone = '+00:00'`,
  );
  const localInfile = options.inserts === true ? 'refused' : await allowLocalInfile(source);
  try {
    for (const table of tables) {
      await source.query(createSourceTable(table.name));
      if (localInfile === 'refused') await insertRows(source, table);
      else await loadLines(source, table);
    }
  } finally {
    if (localInfile === 'switched on') await source.query('SET GLOBAL local_infile = OFF').catch(() => undefined);
  }
  for (const statement of SOURCE_INDEXES) await source.query(statement);
  const names = tables.map((table) => `\`${table.name}\``).join(', ');
  await source.query(`ANALYZE TABLE ${names}`);
}

/** Whether LOAD DATA LOCAL works; switched on for as long as we load where it is off and we may. */
async function allowLocalInfile(source: Connection): Promise<'allowed' | 'switched on' | 'refused'> {
  const [rows] = await source.query<RowDataPacket[]>('SELECT @@GLOBAL.local_infile AS allowed');
  if (rows[0]?.allowed === 1) return 'allowed';
  try {
    await source.query('SET GLOBAL local_infile = ON');
    return 'switched on';
  } catch {
    return 'refused'; // a lack of privilege: INSERTs need none
  }
}

function columnList(table: SampleTable): string {
  return table.columns.map((column) => `\`${column}\``).join(', ');
}

async function loadLines(source: Connection, table: SampleTable): Promise<void> {
  let lines = 0;
  const [result] = await source.query<ResultSetHeader>({
    sql: `LOAD DATA LOCAL INFILE 'rows' INTO TABLE \`${table.name}\` CHARACTER SET utf8mb4
          FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' (${columnList(table)})`,
    infileStreamFactory: () => streamOf(counting(table, () => lines++)),
  });
  // LOCAL turns errors into warnings and skips rows: neither may pass unseen.
  if (result.affectedRows !== lines || result.warningStatus > 0) {
    throw new SampleError(
      `The source took ${result.affectedRows} of ${lines} rows into ${table.name}, with ${result.warningStatus} warnings.`,
    );
  }
}

function counting(table: SampleTable, count: () => void): SampleTable {
  return {
    ...table,
    rows: function* () {
      for (const row of table.rows()) {
        count();
        yield row;
      }
    },
  };
}

/** Inserts a table's rows by statements of some 512 KiB. */
export async function insertRows(source: Connection, table: SampleTable): Promise<void> {
  const head = `INSERT INTO \`${table.name}\` (${columnList(table)}) VALUES `;
  let tuples: string[] = [];
  let size = 0;
  const flush = async (): Promise<void> => {
    if (tuples.length > 0) await source.query(head + tuples.join(','));
    tuples = [];
    size = 0;
  };
  await source.beginTransaction();
  for (const row of table.rows()) {
    const tuple = tupleOf(source, row);
    tuples.push(tuple);
    size += tuple.length;
    if (size > PACKET) await flush();
  }
  await flush();
  await source.commit();
}

function tupleOf(source: Connection, row: Row): string {
  return `(${row.map((value) => source.escape(value)).join(',')})`;
}
