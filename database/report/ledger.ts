/** What the ledger knows of a run: counts by fate, lookups, quarantine, checks, and the estate around it. */
import type { AgainFacts, ReportFacts, VerificationFacts } from '../../report/facts';
import type { TargetQueries } from '../target/session';
import { rowsOf, toNumber } from './query';

export interface RunFacts {
  readonly migration: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly sourceRows: number;
  readonly targetRowsBefore: number;
  readonly again: ReportFacts['again'];
}

const RUN = `
SELECT migration, estimated_rows, target_rows_before, started_at, coalesce(finished_at, clock_timestamp()) AS finished_at,
       mode, base_run, r.undoes, b.rows, b.skipped, b.taken_away, b.took_skipped,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', key, 'rows', value::bigint) ORDER BY key), '[]')
        FROM jsonb_each_text(r.kept)) AS kept,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', key, 'rows', value::bigint) ORDER BY key), '[]')
        FROM jsonb_each_text(r.found)) AS found,
       (SELECT count(*) FROM carryover.settled_keys s JOIN carryover.batches x USING (run_id, batch)
        WHERE s.run_id = r.run_id AND x.gone AND s.was = 'loaded' AND s.now = 'nothing' AND NOT EXISTS (
          SELECT FROM carryover.before_images i WHERE i.run_id = s.run_id AND i.legacy_key = s.legacy_key)) AS erased
FROM carryover.runs r, LATERAL (
  SELECT coalesce(sum(source) FILTER (WHERE state <> 'skipped'), 0) AS rows,
         coalesce(sum(source) FILTER (WHERE state = 'skipped'), 0) AS skipped, coalesce(sum(taken_away), 0) AS taken_away,
         coalesce(bool_or(takes_back IS NOT NULL), false) AS took_skipped
  FROM carryover.batches b WHERE b.run_id = r.run_id) b
WHERE run_id = $1`;

/** The run's own line, or null where the ledger holds no such run. */
export async function readRun(db: TargetQueries, run: string): Promise<RunFacts | null> {
  const [row] = await rowsOf<{
    migration: string;
    estimated_rows: string;
    target_rows_before: string;
    started_at: Date;
    finished_at: Date;
    mode: 'full' | AgainFacts['mode'];
    base_run: string | null;
    undoes: string | null;
    rows: string;
    skipped: string;
    kept: AgainFacts['kept'];
    found: NonNullable<AgainFacts['found']>;
    taken_away: string;
    erased: string;
    took_skipped: boolean;
  }>(db, 'report.run', RUN, [run]);
  if (row === undefined) return null;
  return {
    migration: row.migration,
    startedAt: row.started_at.toISOString(),
    finishedAt: row.finished_at.toISOString(),
    sourceRows: toNumber(row.estimated_rows),
    targetRowsBefore: toNumber(row.target_rows_before),
    again:
      row.mode === 'full'
        ? null
        : {
            mode: row.mode,
            base: row.base_run!,
            undoes: row.undoes,
            rows: toNumber(row.rows),
            skipped: toNumber(row.skipped),
            kept: row.kept,
            found: row.mode === 'changed' ? row.found : null,
            takenAway: toNumber(row.taken_away),
            erased: toNumber(row.erased),
            tookSkipped: row.took_skipped,
          },
  };
}

const BALANCE = `
SELECT source, loaded, inserted, updated, unchanged, quarantined, excluded, pending,
       complete AND NOT EXISTS (SELECT FROM carryover.batches b WHERE b.run_id = $1 AND b.state NOT IN ('validated', 'skipped'))
         AS complete,
       (SELECT count(*) FROM carryover.batches b WHERE b.run_id = $1) AS batches
FROM carryover.run_standing WHERE run_id = $1`;

/**
 * Rows by fate. A batch that is loaded but not validated is not complete: nobody has looked at it yet. A skipped one was
 * decided about.
 */
export async function readBalance(
  db: TargetQueries,
  run: string,
): Promise<Pick<ReportFacts, 'balance' | 'written' | 'complete' | 'batches'>> {
  const [row] = await rowsOf<Record<string, string> & { complete: boolean }>(db, 'report.balance', BALANCE, [run]);
  const count = (name: string): number => toNumber(row![name]!);
  return {
    balance: {
      source: count('source'),
      loaded: count('loaded'),
      quarantined: count('quarantined'),
      excluded: count('excluded'),
      pending: count('pending'),
    },
    written: { inserted: count('inserted'), updated: count('updated'), unchanged: count('unchanged') },
    complete: row!.complete,
    batches: count('batches'),
  };
}

const PARKED = `
SELECT batch, coalesce(cause, 'unknown') AS cause FROM carryover.batches
WHERE run_id = $1 AND state = 'parked' ORDER BY batch LIMIT 100`;

/** The first parked batches. */
export async function readParked(db: TargetQueries, run: string): Promise<ReportFacts['parked']> {
  return rowsOf<{ batch: number; cause: string }>(db, 'report.parked', PARKED, [run]);
}

// The latest decision counts: a batch may have been skipped, taken back and skipped again.
const SKIPPED = `
SELECT b.batch, b.excluded_by_decision AS rows, a.reason, a.who, a.claimed_by AS by
FROM carryover.batches b LEFT JOIN LATERAL (
  SELECT reason, who, claimed_by FROM carryover.audit
  WHERE run_id = b.run_id AND verb = 'skipBatch' AND b.batch = ANY (batches) ORDER BY audit_id DESC LIMIT 1) a ON true
WHERE b.run_id = (SELECT coalesce(base_run, run_id) FROM carryover.runs WHERE run_id = $1) AND b.state = 'skipped'
  -- As the run found it: what a later one took back was skipped by then.
  AND NOT EXISTS (SELECT FROM carryover.taken_back k WHERE k.base_run = b.run_id AND k.base_batch = b.batch AND k.run_id <= $1)
ORDER BY b.batch`;

/** Every skipped batch, with who decided so and why; where the run took but some rows again, those of its full run. */
export async function readSkipped(db: TargetQueries, run: string): Promise<ReportFacts['skipped']> {
  const rows = await rowsOf<{
    batch: number;
    rows: string;
    reason: string | null;
    who: string | null;
    by: string | null;
  }>(db, 'report.skipped', SKIPPED, [run]);
  return rows.map(({ batch, rows: count, reason, who, by }) => ({
    batch,
    rows: toNumber(count),
    reason: reason ?? 'unknown',
    who: who ?? 'unknown',
    by,
  }));
}

export type Outcome = 'resolved' | 'absent' | 'unmapped' | 'ambiguous';

const OUTCOMES = `
SELECT reference, outcome, sum(rows) AS rows FROM carryover.lookups WHERE run_id = $1 GROUP BY reference, outcome`;

/** Rows by reference and outcome; an outcome that no row had is absent. */
export async function readOutcomes(db: TargetQueries, run: string): Promise<Map<string, Map<Outcome, number>>> {
  const byReference = new Map<string, Map<Outcome, number>>();
  for (const row of await rowsOf<{ reference: string; outcome: Outcome; rows: string }>(
    db,
    'report.outcomes',
    OUTCOMES,
    [run],
  )) {
    const outcomes = byReference.get(row.reference) ?? new Map<Outcome, number>();
    byReference.set(row.reference, outcomes.set(row.outcome, toNumber(row.rows)));
  }
  return byReference;
}

// A status that is no JSON text is kept as an object of bytes: that it is one says enough. A report shows codes only:
// whole numbers and those that the mapping lists ($3); what else stands in the column may be anybody's words.
const QUARANTINE = `
SELECT o.reason,
       CASE WHEN jsonb_typeof(q.source_row -> $2) = 'object' THEN '(bytes)'
            WHEN q.source_row ->> $2 IS NULL OR q.source_row ->> $2 = ANY ($3) OR q.source_row ->> $2 ~ '^-?[0-9]{1,6}$'
            THEN q.source_row ->> $2 ELSE '(other)' END AS status,
       count(*) AS rows
FROM (
  SELECT migration, legacy_key, reason FROM carryover.quarantine_occurrences WHERE run_id = $1 AND NOT $4
  UNION ALL
  SELECT migration, legacy_key, reason FROM carryover.quarantine
  WHERE $4 AND state = 'open' AND migration = (SELECT migration FROM carryover.runs WHERE run_id = $1)) o
JOIN carryover.quarantine q USING (migration, legacy_key)
GROUP BY 1, 2`;

/** Quarantined rows of the run, or all that are open where it took but some rows again, by reason and by a source column; without one, the status is null. */
export async function readQuarantine(
  db: TargetQueries,
  run: string,
  statusColumn: string | null,
  codes: readonly string[],
  ofAll: boolean,
): Promise<ReportFacts['quarantine']> {
  const rows = await rowsOf<{ reason: string; status: string | null; rows: string }>(
    db,
    'report.quarantine',
    QUARANTINE,
    [run, statusColumn, codes, ofAll],
  );
  return rows.map(({ reason, status, rows: count }) => ({ reason, status, rows: toNumber(count) }));
}

const CHECKS = 'SELECT name, compared, found FROM carryover.checks WHERE run_id = $1 ORDER BY position, name';

/** Quality checks in the order in which they ran. */
export async function readChecks(db: TargetQueries, run: string): Promise<ReportFacts['checks']> {
  const rows = await rowsOf<{ name: string; compared: string; found: string }>(db, 'report.checks', CHECKS, [run]);
  return rows.map(({ name, compared, found }) => ({ name, compared: toNumber(compared), found: toNumber(found) }));
}

const VERIFIED = `
SELECT v.verification_id AS number, v.started_at, coalesce(v.finished_at, clock_timestamp()) AS finished_at, r.*,
       r.open_ranges + (SELECT count(*) FROM carryover.verification_checks c
                        WHERE c.verification_id = v.verification_id AND state <> 'verified') AS not_verified,
       (SELECT count(*) FROM carryover.verification_findings f
        WHERE f.verification_id = v.verification_id AND f.accepted) AS accepted,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'rows', rows) ORDER BY rows DESC, kind), '[]')
        FROM (SELECT kind, count(*) AS rows FROM carryover.findings f
              WHERE f.verification_id = v.verification_id GROUP BY kind) k) AS findings
FROM carryover.runs x JOIN carryover.verifications v USING (verification_id), LATERAL (
  SELECT count(*) AS ranges, count(*) FILTER (WHERE state <> 'verified') AS open_ranges,
         coalesce(sum(source), 0) AS rows, coalesce(sum(rows_read), 0) AS rows_read
  FROM carryover.verified_ranges y WHERE y.verification_id = v.verification_id) r
WHERE x.run_id = $1`;

/** What the verification that the run ends with has looked at, and found. */
export async function readVerified(
  db: TargetQueries,
  run: string,
  columns: number,
): Promise<ReportFacts['verification']> {
  const [row] = await rowsOf<{
    number: string;
    started_at: Date;
    finished_at: Date;
    rows: string;
    ranges: string;
    not_verified: string;
    rows_read: string;
    accepted: string;
    findings: VerificationFacts['findings'];
  }>(db, 'report.verification', VERIFIED, [run]);
  if (row === undefined) return null;
  return {
    number: row.number,
    asOf: row.started_at.toISOString(),
    rows: toNumber(row.rows),
    columns,
    ranges: toNumber(row.ranges),
    notVerified: toNumber(row.not_verified),
    rowsRead: toNumber(row.rows_read),
    seconds: Math.round((row.finished_at.getTime() - row.started_at.getTime()) / 100) / 10,
    accepted: toNumber(row.accepted),
    findings: row.findings,
  };
}

const BASELINE = `
SELECT count(*) AS tables, coalesce(sum(source_rows), 0) AS source, coalesce(sum(records), 0) AS records
FROM carryover.baseline`;

const EARLIER = `
WITH latest AS (
  SELECT DISTINCT ON (migration) migration, run_id FROM carryover.runs
  WHERE state = 'finished' AND run_id < $1
  ORDER BY migration, run_id DESC
)
SELECT l.migration = $2 AS own, count(DISTINCT l.migration) AS tables,
       coalesce(sum(b.source), 0) AS source, coalesce(sum(b.loaded), 0) AS records
FROM latest l JOIN carryover.run_standing b USING (run_id)
GROUP BY 1`;

/** All migrations before this run, each by its latest finished run; the imported ones stand in the baseline. */
export async function readEstate(db: TargetQueries, run: string, migration: string): Promise<ReportFacts['estate']> {
  type Row = { own: boolean; tables: string; source: string; records: string };
  const counts = (row: Row | undefined): ReportFacts['estate']['baseline'] => ({
    tables: toNumber(row?.tables ?? '0'),
    source: toNumber(row?.source ?? '0'),
    records: toNumber(row?.records ?? '0'),
  });
  const [baseline] = await rowsOf<Row>(db, 'report.baseline', BASELINE, []);
  const earlier = await rowsOf<Row>(db, 'report.earlier', EARLIER, [run, migration]);
  const own = earlier.find((row) => row.own);
  return {
    baseline: counts(baseline),
    others: counts(earlier.find((row) => !row.own)),
    previous: own === undefined ? null : { source: toNumber(own.source), records: toNumber(own.records) },
  };
}
