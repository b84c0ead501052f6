/**
 * The figures once more, the other way round: the target's lookups are taken to the source's server, and counted
 * there. Where the oracle and this recount agree, neither server's SQL has misled us.
 */
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { Client } from 'pg';

/** The last Sundays on which clocks were set, written down and not computed. */
export const FOLDS = ['2018-10-28', '2019-10-27', '2020-10-25', '2021-10-31', '2022-10-30', '2023-10-29', '2024-10-27'];
export const GAPS = [
  '2018-03-25',
  '2019-03-31',
  '2020-03-29',
  '2021-03-28',
  '2022-03-27',
  '2023-03-26',
  '2024-03-31',
  '2025-03-30',
];

/** A connection to the source whose rows come as arrays of text. */
export class Recount {
  private constructor(private readonly source: Connection) {}

  /** Takes over the lookups, and judges the rows by their references. */
  static async open(sourceUrl: string, targetUrl: string): Promise<Recount> {
    const source = await createConnection({ uri: sourceUrl, charset: 'utf8mb4', timezone: 'Z' });
    const target = new Client({ connectionString: targetUrl });
    try {
      await target.connect();
      await source.query("SET SESSION sql_mode = ''");
      await take(source, target, 'o_instruction', 'instruction_id::text', 'case_id::text', 'orders');
      await take(source, target, 'o_number', 'order_number', 'id::text', 'orders');
      await take(source, target, 'p_user', 'legacy_user_id::text', 'id::text', 'profiles');
      await source.query(`
        CREATE TEMPORARY TABLE judged (KEY (case_id)) AS
        SELECT d.*, coalesce(o.answers, 0) AS cases, o.answer AS case_id, coalesce(p.answers, 0) AS profiles
        FROM dispatch_state d
        LEFT JOIN o_instruction o ON o.name = cast(d.instruction_id AS BINARY)
        LEFT JOIN p_user p ON p.name = cast(d.actor_id AS BINARY)`);
      return new Recount(source);
    } finally {
      await target.end();
    }
  }

  /** Rows of an SQL statement of the source, values as text. */
  async rows(sql: string): Promise<(string | null)[][]> {
    const [rows] = await this.source.query<RowDataPacket[]>({
      sql,
      rowsAsArray: true,
      typeCast: (field) => field.string('utf8'),
    });
    return rows as (string | null)[][];
  }

  /** The single number of an SQL statement of the source. */
  async count(sql: string): Promise<number> {
    return Number((await this.rows(sql))[0]![0]);
  }

  async close(): Promise<void> {
    await this.source.end();
  }
}

/** Per key of a lookup: how many distinct answers, and one of them. */
async function take(
  source: Connection,
  target: Client,
  name: string,
  key: string,
  value: string,
  table: string,
): Promise<void> {
  const { rows } = await target.query<{ row: string[] }>(
    `SELECT ARRAY[${key}, count(DISTINCT ${value})::text, min(${value})] AS row FROM public.${table} GROUP BY ${key}`,
  );
  await source.query(`
    CREATE TEMPORARY TABLE ${name} (
      name VARBINARY(24) PRIMARY KEY, answers INT, answer CHAR(36)
    )`);
  for (let index = 0; index < rows.length; index += 5000) {
    const part = rows.slice(index, index + 5000).map(({ row }) => row);
    await source.query(`INSERT INTO ${name} VALUES ?`, [part]);
  }
}
