/** What people decided, and how each start ended: read by people, never by a run. */
import type { TargetQueries } from '../target/session';
import { instantText } from './read-status';
import type { StartOutcome } from './starts';

/** Which lines are asked for; null where it does not matter. */
export interface Selection {
  readonly run: string | null;
  readonly migration: string | null;
  readonly limit: number;
}

export interface DecisionLine {
  readonly at: string;
  readonly verb: string;
  /** Identity as Temporal recorded it. */
  readonly who: string;
  /** Name that the person gave; not checked. */
  readonly claimedBy: string | null;
  readonly reason: string | null;
  readonly migration: string;
  readonly run: string | null;
  readonly batches: readonly number[] | null;
  /** What else the decision set, such as `concurrency`. */
  readonly details: Readonly<Record<string, number | string>>;
  readonly workflow: string;
}

export interface StartLine {
  readonly at: string;
  readonly migration: string;
  readonly outcome: StartOutcome;
  readonly run: string | null;
  readonly workflow: string;
  readonly schedule: string | null;
  readonly cause: string | null;
}

type Row = Readonly<Record<string, string | null>>;

const DECISIONS = `
SELECT ${instantText('at')} AS at, verb, who, claimed_by, reason, migration, run_id::text AS run,
       to_json(batches)::text AS batches, details::text AS details, workflow
  FROM carryover.audit
 WHERE ($1::bigint IS NULL OR run_id = $1) AND ($2::text IS NULL OR migration = $2)
 ORDER BY audit_id DESC LIMIT $3`;

const STARTS = `
SELECT ${instantText('at')} AS at, migration, outcome, run_id::text AS run, workflow, schedule, cause
  FROM carryover.starts
 WHERE ($1::bigint IS NULL OR run_id = $1) AND ($2::text IS NULL OR migration = $2)
 ORDER BY start_id DESC LIMIT $3`;

/** The latest decisions, the last of them last: it stands above the prompt. */
export async function readDecisions(target: TargetQueries, asked: Selection): Promise<DecisionLine[]> {
  const { rows } = await target.query<Row>('status.decisions', DECISIONS, [asked.run, asked.migration, asked.limit]);
  return rows.reverse().map((row) => ({
    at: row.at!,
    verb: row.verb!,
    who: row.who!,
    claimedBy: row.claimed_by ?? null,
    reason: row.reason ?? null,
    migration: row.migration!,
    run: row.run ?? null,
    batches: row.batches == null ? null : (JSON.parse(row.batches) as number[]),
    details: JSON.parse(row.details!) as DecisionLine['details'],
    workflow: row.workflow!,
  }));
}

/** The latest starts, the last of them last; a start that opened no run, and met none, belongs to no run. */
export async function readStarts(target: TargetQueries, asked: Selection): Promise<StartLine[]> {
  const { rows } = await target.query<Row>('status.startList', STARTS, [asked.run, asked.migration, asked.limit]);
  return rows.reverse().map((row) => ({
    at: row.at!,
    migration: row.migration!,
    outcome: row.outcome as StartOutcome,
    run: row.run ?? null,
    workflow: row.workflow!,
    schedule: row.schedule ?? null,
    cause: row.cause ?? null,
  }));
}
