/** The run that a person names: by its number, or by its migration, whose open run, else latest, is meant. */
import type { TargetQueries } from '../target/session';

export interface NamedRun {
  readonly run: string;
  readonly migration: string;
  readonly state: 'open' | 'finished' | 'abandoned' | 'superseded';
  /** Id of the workflow that owns it, or did last. */
  readonly workflow: string;
}

export async function findNamedRun(target: TargetQueries, name: string): Promise<NamedRun | null> {
  const byNumber = /^\d{1,18}$/.test(name);
  const found = await target.query<{ run: string; migration: string; state: NamedRun['state']; workflow: string }>(
    'status.named',
    `SELECT run_id::text AS run, migration, state, owner_workflow AS workflow FROM carryover.runs
     WHERE run_id = $1::bigint OR migration = $2 ORDER BY state = 'open' DESC, run_id DESC LIMIT 1`,
    [byNumber ? name : null, byNumber ? null : name],
  );
  return found.rows[0] ?? null;
}
