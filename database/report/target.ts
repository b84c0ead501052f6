/** Figures counted over the target's own rows: what is really there, not what the batches said they did. */
import { LINEAGE_HASHES, targetKey, type Mapping, type Reference } from '../../mappings/mapping';
import type { ReportFacts } from '../../report/facts';
import { quotePg, quotePgTable } from '../target/quote';
import type { TargetQueries } from '../target/session';
import { rowsOf, toNumber } from './query';

/** How a row without a state is listed. */
const NO_STATE = '(none)';

const tableOf = ({ target }: Mapping): string => quotePgTable(target.schema, target.table);

/** Rows that this migration loaded: the target may hold others. `$1` is bound to the lineage's constants. */
const ours = ({ lineage }: Mapping): string => {
  const column = quotePg(lineage.target);
  return `(${column} @> $1::jsonb AND ${column} ->> '${LINEAGE_HASHES.source}' IS NOT NULL)`;
};

const constants = ({ lineage }: Mapping): string => JSON.stringify(lineage.constants);

/** Rows of the whole target table, whoever wrote them. */
export async function countTargetRows(db: TargetQueries, mapping: Mapping): Promise<number> {
  const [row] = await rowsOf<{ rows: string }>(
    db,
    'report.rows',
    `SELECT count(*) AS rows FROM ${tableOf(mapping)}`,
    [],
  );
  return toNumber(row!.rows);
}

/** Loaded rows by state; none where the mapping names no state. */
export async function countStates(db: TargetQueries, mapping: Mapping): Promise<ReportFacts['states']> {
  const { state } = mapping.report;
  if (state === undefined) return [];
  const sql = `
SELECT coalesce(state::text, '${NO_STATE}') AS state, rows
FROM (SELECT ${quotePg(state)} AS state, count(*) AS rows FROM ${tableOf(mapping)} WHERE ${ours(mapping)} GROUP BY 1) s`;
  const rows = await rowsOf<{ state: string; rows: string }>(db, 'report.states', sql, [constants(mapping)]);
  return rows.map((row) => ({ state: row.state, rows: toNumber(row.rows) }));
}

/** Loaded rows by year of the source's wall clock; rows without a time are in no year. */
export async function countYears(db: TargetQueries, mapping: Mapping): Promise<ReportFacts['years']> {
  const { time } = mapping.report;
  if (time === undefined) return [];
  // The transaction's own zone instead of AT TIME ZONE: half the time over millions of rows.
  await db.query('report.zone', `SELECT set_config('TimeZone', $1, true)`, [mapping.time.zone]);
  const sql = `
SELECT date_part('year', ${quotePg(time)})::integer AS year, count(*) AS rows
FROM ${tableOf(mapping)} WHERE ${ours(mapping)} AND ${quotePg(time)} IS NOT NULL
GROUP BY 1`;
  const rows = await rowsOf<{ year: number; rows: string }>(db, 'report.years', sql, [constants(mapping)]);
  return rows.map((row) => ({ year: row.year, rows: toNumber(row.rows) }));
}

/** Steps from a state of a case to its next one; none where the mapping lacks state, case or time. */
export async function countTransitions(db: TargetQueries, mapping: Mapping): Promise<ReportFacts['transitions']> {
  const { state, time, case: caseColumn } = mapping.report;
  if (state === undefined || time === undefined || caseColumn === undefined) return [];
  // The row before is found by its position rather than by a NULL state: a state may be NULL itself.
  const sql = `
SELECT coalesce(before::text, '${NO_STATE}') AS "from", coalesce(state::text, '${NO_STATE}') AS "to", rows
FROM (
  SELECT before, state, count(*) AS rows
  FROM (
    SELECT ${quotePg(state)} AS state, lag(${quotePg(state)}) OVER w AS before, lag(true) OVER w AS follows
    FROM ${tableOf(mapping)} WHERE ${ours(mapping)} AND ${quotePg(caseColumn)} IS NOT NULL
    WINDOW w AS (PARTITION BY ${quotePg(caseColumn)} ORDER BY ${[time, ...targetKey(mapping)].map(quotePg).join(', ')})
  ) steps WHERE follows GROUP BY 1, 2
) counted`;
  const rows = await rowsOf<{ from: string; to: string; rows: string }>(db, 'report.transitions', sql, [
    constants(mapping),
  ]);
  return rows.map((row) => ({ from: row.from, to: row.to, rows: toNumber(row.rows) }));
}

/** Distinct keys of a reference's lookup with exactly one distinct answer; an answer of NULL is none. */
export async function countAvailable(db: TargetQueries, mapping: Mapping, reference: Reference): Promise<number> {
  const { table, key, value } = reference.lookup;
  // Smallest and largest agree where the answer is one; both pass NULL over. Text, as uuid had none before version 18.
  const sql = `
SELECT count(*) AS rows
FROM (
  SELECT FROM ${quotePgTable(mapping.target.schema, table)}
  WHERE ${quotePg(key)} IS NOT NULL
  GROUP BY ${quotePg(key)}
  HAVING min(${quotePg(value)}::text COLLATE "C") = max(${quotePg(value)}::text COLLATE "C")
) keys`;
  const [row] = await rowsOf<{ rows: string }>(db, 'report.available', sql, []);
  return toNumber(row!.rows);
}
