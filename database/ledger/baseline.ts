/** The migrations that were done before Carryover: imported once as a baseline, and never changed afterwards. */
import type { Target } from '../target/session';
import { withTransaction } from '../target/transaction';

export interface BaselineLine {
  readonly table: string;
  readonly domain: string;
  readonly sourceRows: number;
  readonly records: number;
  /** Tables of the source that it came from: they count as mapped. */
  readonly sourceTables?: readonly string[];
}

const FIELDS = ['table', 'domain', 'sourceRows', 'records', 'sourceTables'];

const isListOfNames = (given: unknown): boolean =>
  Array.isArray(given) && given.every((name) => typeof name === 'string' && name.trim() !== '');

/** Checks a baseline file's JSON; all problems at once, each naming its line of the list. */
export function readBaseline(json: unknown): { lines: BaselineLine[]; problems: string[] } {
  if (!Array.isArray(json)) {
    return { lines: [], problems: ['It must be a list of objects { "table", "domain", "sourceRows", "records" }.'] };
  }
  const problems: string[] = [];
  const seen = new Set<string>();
  json.forEach((line: unknown, index) => {
    const at = `Entry ${index + 1}`;
    if (typeof line !== 'object' || line === null || Array.isArray(line)) {
      problems.push(`${at} is no object { "table", "domain", "sourceRows", "records" }.`);
      return;
    }
    const { table, domain, sourceRows, records, sourceTables } = line as Record<string, unknown>;
    for (const [name, value] of Object.entries({ table, domain })) {
      if (typeof value !== 'string' || value.trim() === '') problems.push(`${at}: "${name}" must be a text.`);
    }
    for (const [name, value] of Object.entries({ sourceRows, records })) {
      if (!Number.isSafeInteger(value) || (value as number) < 0) {
        problems.push(`${at}: "${name}" must be a whole number from 0.`);
      }
    }
    if (sourceTables !== undefined && !isListOfNames(sourceTables)) {
      problems.push(`${at}: "sourceTables" must be a list of names of tables of the source.`);
    }
    if (typeof records === 'number' && typeof sourceRows === 'number' && records > sourceRows) {
      problems.push(`${at}: "records" (${records}) is more than "sourceRows" (${sourceRows}).`);
    }
    const unknown = Object.keys(line).filter((name) => !FIELDS.includes(name));
    if (unknown.length > 0) problems.push(`${at}: unknown ${unknown.join(', ')}; known are ${FIELDS.join(', ')}.`);
    if (typeof table === 'string') {
      if (seen.has(table)) problems.push(`${at}: the table "${table}" is listed twice.`);
      seen.add(table);
    }
  });
  return { lines: problems.length === 0 ? (json as BaselineLine[]) : [], problems };
}

export interface BaselineImport {
  readonly added: number;
  readonly known: number;
  /** Where the ledger already holds another line for a table: then nothing was imported. */
  readonly problems: string[];
}

/** What rolls an import back: the ledger holds another line for a table. */
class Refused extends Error {
  constructor(readonly problems: string[]) {
    super('the baseline holds other lines');
  }
}

/** Imports the lines that the ledger does not hold yet, all or none. */
export async function importBaseline(target: Target, lines: readonly BaselineLine[]): Promise<BaselineImport> {
  try {
    const added = await insertLines(target, lines);
    return { added, known: lines.length - added, problems: [] };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { added: 0, known: lines.length - error.problems.length, problems: error.problems };
  }
}

/** The lines of the file, as rows. */
const LINES = `(SELECT * FROM jsonb_to_recordset($1::jsonb)
  AS x ("table" text, domain text, "sourceRows" bigint, records bigint, "sourceTables" text[]))`;

/** Names the tables of the source where there are any. */
const from = (tables: string): string =>
  `CASE WHEN coalesce(${tables}, '{}') <> '{}' THEN ', from ' || array_to_string(${tables}, ', ') ELSE '' END`;

function insertLines(target: Target, lines: readonly BaselineLine[]): Promise<number> {
  const json = JSON.stringify(lines);
  return withTransaction(target, 'baseline', async (session) => {
    const inserted = await session.query(
      'baseline.insert',
      `INSERT INTO carryover.baseline (table_name, domain, source_rows, records, source_tables)
       SELECT "table", domain, "sourceRows", records, coalesce("sourceTables", '{}') FROM ${LINES} l
       ON CONFLICT DO NOTHING`,
      [json],
    );
    // A file that was imported before it could say may say now.
    await session.query(
      'baseline.sources',
      `UPDATE carryover.baseline b SET source_tables = l."sourceTables" FROM ${LINES} l
       WHERE b.table_name = l."table" AND b.source_tables = '{}' AND l."sourceTables" <> '{}'`,
      [json],
    );
    const changed = await session.query<Record<'table' | 'held' | 'given', string>>(
      'baseline.compare',
      `SELECT l."table", format('%s, %s of %s', b.domain, b.records, b.source_rows) || ${from('b.source_tables')} AS held,
              format('%s, %s of %s', l.domain, l.records, l."sourceRows") || ${from('l."sourceTables"')} AS given
         FROM ${LINES} l JOIN carryover.baseline b ON b.table_name = l."table"
        WHERE (b.domain, b.source_rows, b.records) IS DISTINCT FROM (l.domain, l."sourceRows", l.records)
           OR coalesce(l."sourceTables", '{}') <> '{}' AND l."sourceTables" <> b.source_tables
        ORDER BY 1`,
      [json],
    );
    if (changed.rows.length > 0) {
      throw new Refused(
        changed.rows.map(
          ({ table, held, given }) =>
            `The baseline already holds "${table}" (${held}), and the file says otherwise (${given}); correct the file: what was imported is not changed.`,
        ),
      );
    }
    return inserted.rowCount ?? 0;
  });
}
