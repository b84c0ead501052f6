/**
 * The figures of a first run, by SQL that knows nothing of the pipeline: from the source's rows and the target's
 * lookups alone. It shares no code with what it checks, so that an error there cannot be repeated here.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { AVAILABLE, FATES, FIGURES, SOURCE_ROWS, STAGING } from './oracle-sql';

interface Coverage {
  available: number;
  resolved: number;
  missing: number;
}

/** The keys of the JSON report that follow from the data. */
export interface OracleFigures {
  balance: { source: number; loaded: number; quarantined: number; excluded: number; pending: number };
  actors: { mapped: number; missing: number };
  coverage: { case: Coverage; actor: Coverage };
  states: { state: string; rows: number; share: number }[];
  years: { year: number; rows: number; growth: number | null }[];
  transitions: { from: string; to: string; rows: number }[];
  quarantine: { reason: string; status: string | null; rows: number }[];
}

export interface OracleOptions {
  readonly sourceUrl: string;
  readonly targetUrl: string;
  readonly migration: 'case-states';
}

/** What a first run of the migration has to report. */
export async function oracle({ sourceUrl, targetUrl }: OracleOptions): Promise<OracleFigures> {
  const source = await createConnection({ uri: sourceUrl, charset: 'utf8mb4' });
  const target = new Client({ connectionString: targetUrl });
  try {
    await target.connect();
    await target.query(STAGING);
    await stage(source, target);
    await target.query(FATES);
    const figures = await one<Omit<OracleFigures, 'coverage'>>(target, FIGURES);
    const available = await one<{ case: number; actor: number }>(target, AVAILABLE);
    const { source: rows, loaded } = figures.balance;
    const resolved = await one<{ case: number }>(
      target,
      "SELECT json_build_object('case', count(*) FILTER (WHERE cases = 1)) AS answer FROM oracle_fate",
    );
    const { mapped } = figures.actors;
    return {
      ...figures,
      coverage: {
        case: { available: available.case, resolved: resolved.case, missing: rows - resolved.case },
        actor: { available: available.actor, resolved: mapped, missing: loaded - mapped },
      },
    };
  } finally {
    await source.end();
    await target.end();
  }
}

async function one<T>(target: Client, sql: string): Promise<T> {
  const { rows } = await target.query<{ answer: T }>(sql);
  return rows[0]!.answer;
}

/** The source says of each row what can be said there; it goes over as numbers, flags and a time's digits. */
async function stage(source: Connection, target: Client): Promise<void> {
  const [answer] = await source.query<RowDataPacket[]>({ sql: SOURCE_ROWS, rowsAsArray: true });
  const rows = answer as (string | number | null)[][];
  const lines = function* (): Generator<string> {
    for (const row of rows) yield `${row.map((value) => value ?? '\\N').join('\t')}\n`;
  };
  await pipeline(Readable.from(lines()), target.query(copyFrom('COPY oracle_row FROM STDIN')));
}
