/** Writes down what a person decided: when, who, what, why. Append-only, and each decision once. */
import type { TargetQueries } from '../target/session';

/** What Temporal records where nobody logged in. */
const NOBODY = 'unknown (UI without login)';

export interface AuditEntry {
  readonly verb: string;
  /** Identity as Temporal recorded it; may be empty. */
  readonly who: string;
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
  readonly migration: string;
  readonly run: string | null;
  readonly batches?: readonly number[] | undefined;
  readonly details?: Readonly<Record<string, number | string>>;
  readonly workflow: string;
  /** Id of the update or of the start that brought it: delivered again, it is the same decision. */
  readonly decision: string;
}

/** @returns false where this decision is written down already */
export async function recordDecision(session: TargetQueries, entry: AuditEntry): Promise<boolean> {
  const recorded = await session.query(
    'audit.record',
    `INSERT INTO carryover.audit (verb, who, claimed_by, reason, migration, run_id, batches, details, workflow, decision)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (workflow, decision) DO NOTHING`,
    [
      entry.verb,
      entry.who.trim() === '' ? NOBODY : entry.who,
      entry.by ?? null,
      entry.reason ?? null,
      entry.migration,
      entry.run,
      entry.batches ?? null,
      JSON.stringify(entry.details ?? {}),
      entry.workflow,
      entry.decision,
    ],
  );
  return recorded.rowCount === 1;
}
