/** What people decided, and how starts ended: read by people, latest last. */
import type { TargetQueries } from '../target/session';

export interface AuditLine {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly verb: string;
  /** Identity as Temporal recorded it. */
  readonly who: string;
  readonly claimedBy: string | null;
  readonly migration: string;
  readonly run: string | null;
  readonly batches: readonly number[];
  readonly details: Readonly<Record<string, unknown>>;
  readonly reason: string | null;
}

export interface StartLine {
  readonly at: string;
  readonly migration: string;
  readonly workflow: string;
  readonly schedule: string | null;
  readonly outcome: string;
  readonly run: string | null;
  readonly cause: string | null;
}

/** Whose lines are asked for; null for all. */
export interface Whose {
  readonly run: string | null;
  readonly migration: string | null;
}

const AT = `to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at`;
const WHOSE = '($1::bigint IS NULL OR run_id = $1) AND ($2::text IS NULL OR migration = $2)';

export async function readAudit(target: TargetQueries, whose: Whose, limit: number): Promise<AuditLine[]> {
  const found = await target.query<
    Record<string, string | null> & { batches: string[] | null; details: Record<string, unknown> }
  >(
    'audit.read',
    `SELECT * FROM (SELECT audit_id, ${AT}, verb, who, claimed_by, migration, run_id, batches, details, reason
       FROM carryover.audit WHERE ${WHOSE} ORDER BY audit_id DESC LIMIT $3) latest ORDER BY audit_id`,
    [whose.run, whose.migration, limit],
  );
  return found.rows.map((row) => ({
    at: row.at!,
    verb: row.verb!,
    who: row.who!,
    claimedBy: row.claimed_by!,
    migration: row.migration!,
    run: row.run_id!,
    batches: (row.batches ?? []).map(Number),
    details: row.details,
    reason: row.reason!,
  }));
}

export async function readStarts(target: TargetQueries, whose: Whose, limit: number): Promise<StartLine[]> {
  const found = await target.query<Record<string, string | null>>(
    'audit.starts',
    `SELECT * FROM (SELECT start_id, ${AT}, migration, workflow, schedule, outcome, run_id, cause
       FROM carryover.starts WHERE ${WHOSE} ORDER BY start_id DESC LIMIT $3) latest ORDER BY start_id`,
    [whose.run, whose.migration, limit],
  );
  return found.rows.map((row) => ({
    at: row.at!,
    migration: row.migration!,
    workflow: row.workflow!,
    schedule: row.schedule!,
    outcome: row.outcome!,
    run: row.run_id!,
    cause: row.cause!,
  }));
}
