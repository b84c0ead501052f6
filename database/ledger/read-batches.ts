/** A run's batches, for people: what became of each. */
import type { LegacyKey } from '../source/expressions';
import type { TargetQueries } from '../target/session';

export interface BatchLine {
  readonly batch: number;
  readonly state: string;
  /** Step of the latest attempt; null where none began. */
  readonly step: string | null;
  /** Last key of the batch before it, and its own last key: row values, to be shown for integer keys alone. */
  readonly afterKey: LegacyKey | null;
  readonly toKey: LegacyKey;
  readonly source: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly quarantined: number;
  readonly excluded: number;
  readonly pending: number;
  readonly attempts: number;
  readonly cause: string | null;
  /** ISO 8601, UTC. */
  readonly loadedAt: string | null;
  readonly validatedAt: string | null;
}

const iso = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS ${column}`;

/**
 * @param states those that are asked for; all where it is empty
 * @returns the lowest numbers first, and how many there are in all
 */
export async function readBatches(
  target: TargetQueries,
  run: string,
  states: readonly string[],
  limit: number,
): Promise<{ batches: BatchLine[]; total: number }> {
  const found = await target.query<Record<string, string | null> & { after_key: LegacyKey | null; to_key: LegacyKey }>(
    'batches.read',
    `SELECT batch, state, step, after_key, to_key, source, inserted, updated, unchanged, quarantined, excluded, pending,
       attempts, cause, ${iso('loaded_at')}, ${iso('validated_at')}, count(*) OVER () AS total
     FROM carryover.batches WHERE run_id = $1 AND (cardinality($2::text[]) = 0 OR state = ANY ($2))
     ORDER BY batch LIMIT $3`,
    [run, states, limit],
  );
  return {
    total: Number(found.rows[0]?.total ?? 0),
    batches: found.rows.map((row) => ({
      batch: Number(row.batch),
      state: row.state!,
      step: row.step!,
      afterKey: row.after_key,
      toKey: row.to_key,
      source: Number(row.source),
      inserted: Number(row.inserted),
      updated: Number(row.updated),
      unchanged: Number(row.unchanged),
      quarantined: Number(row.quarantined),
      excluded: Number(row.excluded),
      pending: Number(row.pending),
      attempts: Number(row.attempts),
      cause: row.cause!,
      loadedAt: row.loaded_at!,
      validatedAt: row.validated_at!,
    })),
  };
}
