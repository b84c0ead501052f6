/** What the ledger tells a monitor: a few set-based statements in one snapshot, short, and never waiting for a run. */
import type { Target, TargetQueries } from '../target/session';
import { withTransaction } from '../target/transaction';

export interface LedgerMetrics {
  readonly runs: readonly RunMetrics[];
  readonly batches: readonly { readonly migration: string; readonly state: string; readonly batches: number }[];
  readonly rows: readonly RowMetrics[];
  readonly quarantine: readonly { readonly migration: string; readonly reason: string; readonly rows: number }[];
  readonly starts: readonly { readonly migration: string; readonly outcome: string; readonly starts: number }[];
}

export interface RunMetrics {
  readonly migration: string;
  readonly open: number;
  readonly paused: number;
  /** 1 where the latest run, or whole verification, that finished was not proven. */
  readonly notProven: number;
  /** Seconds since the last run, or whole verification, that ended proven, with or without exceptions; null where none has. */
  readonly provenAge: number | null;
}

/** Rows of the migration's latest run by what became of them. */
export interface RowMetrics {
  readonly migration: string;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly quarantined: number;
  readonly excluded: number;
  readonly pending: number;
}

/** A monitor asks again in a moment: better no answer than a statement that weighs on the server, or waits for a lock. */
const LIMITS = `SELECT set_config('statement_timeout', '4s', true), set_config('lock_timeout', '1s', true)`;

const RUNS = `
WITH words AS (
  SELECT migration, verdict, finished_at FROM carryover.runs WHERE state = 'finished'
  -- One that a run ended with has its word in the run's.
  UNION ALL SELECT migration, verdict, finished_at FROM carryover.verifications v
  WHERE state = 'finished' AND NOT partial
    AND NOT EXISTS (SELECT FROM carryover.runs r WHERE r.verification_id = v.verification_id))
SELECT r.*, w.* FROM (
  SELECT migration, count(*) FILTER (WHERE state = 'open') AS open, count(*) FILTER (WHERE paused_at IS NOT NULL) AS paused
    FROM carryover.runs GROUP BY migration) r
LEFT JOIN LATERAL (
  SELECT ((array_agg(verdict ORDER BY finished_at DESC))[1] = 'not_proven')::int AS not_proven,
         extract(epoch FROM now() - max(finished_at) FILTER (WHERE verdict IN ('proven', 'proven_with_exceptions')))
           AS proven_age
    FROM words x WHERE x.migration = r.migration) w ON true
ORDER BY migration`;

const BATCHES = `
SELECT r.migration, b.state, count(*) AS batches
  FROM carryover.runs r JOIN carryover.batches b USING (run_id)
 WHERE r.state = 'open' GROUP BY 1, 2 ORDER BY 1, 2`;

const ROWS = `
SELECT migration, inserted, updated, unchanged, quarantined, excluded, pending
  FROM carryover.migration_balance ORDER BY migration`;

const QUARANTINE = `
SELECT migration, reason, count(*) AS rows
  FROM carryover.quarantine WHERE state = 'open' GROUP BY 1, 2 ORDER BY 1, 2`;

const STARTS = `
SELECT migration, outcome, count(*) AS starts FROM carryover.starts GROUP BY 1, 2 ORDER BY 1, 2`;

type Row<N extends string> = Readonly<Record<N, string>>;
type RunRow = Row<'migration' | 'open' | 'paused'> & Readonly<Record<'not_proven' | 'proven_age', string | null>>;

/** @throws CarryoverError where the target is away, holds no ledger of this version, or takes longer than a scrape may */
export function readMetrics(target: Target): Promise<LedgerMetrics> {
  return withTransaction(target, 'metrics', readAll, 'ISOLATION LEVEL REPEATABLE READ READ ONLY');
}

async function readAll(session: TargetQueries): Promise<LedgerMetrics> {
  await session.query('metrics.limits', LIMITS);
  const runs = await session.query<RunRow>('metrics.runs', RUNS);
  const batches = await session.query<Row<'migration' | 'state' | 'batches'>>('metrics.batches', BATCHES);
  const rows = await session.query<Row<keyof RowMetrics>>('metrics.rows', ROWS);
  const quarantine = await session.query<Row<'migration' | 'reason' | 'rows'>>('metrics.quarantine', QUARANTINE);
  const starts = await session.query<Row<'migration' | 'outcome' | 'starts'>>('metrics.starts', STARTS);
  return {
    runs: runs.rows.map((row) => ({
      migration: row.migration,
      open: Number(row.open),
      paused: Number(row.paused),
      notProven: Number(row.not_proven ?? 0),
      provenAge: row.proven_age === null ? null : Number(row.proven_age),
    })),
    batches: batches.rows.map((row) => ({ ...row, batches: Number(row.batches) })),
    rows: rows.rows.map((row) => ({
      migration: row.migration,
      inserted: Number(row.inserted),
      updated: Number(row.updated),
      unchanged: Number(row.unchanged),
      quarantined: Number(row.quarantined),
      excluded: Number(row.excluded),
      pending: Number(row.pending),
    })),
    quarantine: quarantine.rows.map((row) => ({ ...row, rows: Number(row.rows) })),
    starts: starts.rows.map((row) => ({ ...row, starts: Number(row.starts) })),
  };
}
