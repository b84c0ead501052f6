/** Reports in the ledger: a run keeps its own, so that it can be printed again when the tables have moved on. */
import { endedAt } from '../../report/model';
import type { Report } from '../../report/model';
import { behind } from '../ledger/epoch';
import type { TargetQueries } from '../target/session';
import { rowsOf } from './query';

const SAVE = `
UPDATE carryover.runs SET report = CASE WHEN state = 'open' OR report IS NULL THEN $2::jsonb ELSE report END
WHERE run_id = $1 AND migration = $3`;

/**
 * Keeps a report with its run, in the place of an earlier one; a run that is closed keeps what it has.
 *
 * @throws Error where the ledger holds no such run
 */
export async function saveReport(db: TargetQueries, report: Report): Promise<void> {
  const { rowCount } = await db.query('report.save', SAVE, [report.run, JSON.stringify(report), report.migration]);
  if (rowCount !== 1)
    throw new Error(`the ledger holds no run ${report.run} of ${report.migration} to keep a report with`);
}

const CLOSED = 'SELECT report, finished_at FROM carryover.runs WHERE run_id = $1 AND migration = $2';
const DATE = 'UPDATE carryover.runs SET report = $2::jsonb WHERE run_id = $1';

/**
 * Gives the report of a run that is closed the time of its end, which was not known when it was built.
 *
 * @returns null where the run has no report
 * @throws CarryoverError `LedgerBehind` where the run is not closed
 */
export async function dateReport(db: TargetQueries, migration: string, run: string): Promise<Report | null> {
  const [row] = await rowsOf<{ report: Report | null; finished_at: Date | null }>(db, 'report.closed', CLOSED, [
    run,
    migration,
  ]);
  if (row === undefined || row.finished_at === null) throw behind(`run ${run} is not closed in the ledger`);
  if (row.report === null) return null;
  const report = endedAt(row.report, row.finished_at.toISOString());
  await db.query('report.date', DATE, [run, JSON.stringify(report)]);
  return report;
}

/**
 * The report that a run kept, or null where there is no such run, it has none, or it is still open. Keys come in no certain
 * order.
 */
export async function readStoredReport(db: TargetQueries, run: string): Promise<Report | null> {
  if (!/^[0-9]{1,18}$/.test(run)) return null;
  const sql = `SELECT report FROM carryover.runs WHERE run_id = $1 AND state = 'finished'`;
  const [row] = await rowsOf<{ report: Report | null }>(db, 'report.stored', sql, [run]);
  return row?.report ?? null;
}

const LATEST = `
SELECT report FROM carryover.runs
WHERE report IS NOT NULL AND state = 'finished' AND ($1::text IS NULL OR migration = $1)
ORDER BY run_id DESC LIMIT 1`;

/** The report of the latest run that has one, of a migration or (null) of any. */
export async function readLatestReport(db: TargetQueries, migration: string | null): Promise<Report | null> {
  const [row] = await rowsOf<{ report: Report }>(db, 'report.latest', LATEST, [migration]);
  return row?.report ?? null;
}
