/** A run's batches as the ledger holds them: read by people, never by a run. */
import type { BatchState } from '../../shared/batch-states';
import type { TargetQueries } from '../target/session';
import { instantText } from './read-status';

export interface BatchLine {
  readonly batch: number;
  readonly state: BatchState;
  /** The step that was last begun; null before the first. */
  readonly step: string | null;
  /** Keys above `after` (null: from the first), up to and with `to`; null where the key is no integer: then it is a row value. */
  readonly keys: { readonly after: readonly string[] | null; readonly to: readonly string[] } | null;
  /** How many keys it is a list of; null where it is a range. */
  readonly listed: number | null;
  readonly rows: {
    readonly source: number;
    readonly inserted: number;
    readonly updated: number;
    readonly unchanged: number;
    readonly quarantined: number;
    readonly excluded: number;
    readonly excludedByDecision: number;
    readonly pending: number;
  };
  /** Attempts of its steps so far. */
  readonly attempts: number;
  readonly cause: string | null;
  readonly plannedAt: string;
  readonly loadedAt: string | null;
  readonly validatedAt: string | null;
}

export interface BatchList {
  readonly batches: readonly BatchLine[];
  /** Batches in the states asked for, also those beyond the limit. */
  readonly total: number;
}

type Row = Readonly<Record<string, string | null>>;

/** True where the columns of the key were integers of the source when the run began. */
const INTEGER_KEY = `
(SELECT coalesce(bool_and(EXISTS (SELECT FROM jsonb_array_elements(r.source_columns) c
                                   WHERE c->>0 = k.name AND c->>1 ~* '^(tiny|small|medium|big)?int')), false)
   FROM jsonb_array_elements_text(r.mapping->'source'->'key') k (name))`;

const BATCHES = `
SELECT b.batch::text, b.state, b.step, b.source::text, b.inserted::text, b.updated::text, b.unchanged::text,
       b.quarantined::text, b.excluded::text, b.excluded_by_decision::text, b.pending::text, b.attempts::text, b.cause,
       ${instantText('b.planned_at')} AS planned, ${instantText('b.loaded_at')} AS loaded_at,
       ${instantText('b.validated_at')} AS validated_at,
       CASE WHEN ${INTEGER_KEY} THEN b.after_key::text END AS after_key,
       CASE WHEN ${INTEGER_KEY} THEN b.to_key::text END AS to_key,
       jsonb_array_length(b.legacy_keys)::text AS listed, (count(*) OVER ())::text AS total
  FROM carryover.batches b JOIN carryover.runs r USING (run_id)
 WHERE b.run_id = $1 AND b.state = ANY ($2::text[]) ORDER BY b.batch LIMIT $3`;

/** Batches of a run in some states, by number. */
export async function readBatches(
  target: TargetQueries,
  run: string,
  states: readonly BatchState[],
  limit: number,
): Promise<BatchList> {
  const { rows } = await target.query<Row>('status.batchList', BATCHES, [run, states, limit]);
  return { batches: rows.map(toLine), total: Number(rows[0]?.total ?? 0) };
}

function toLine(row: Row): BatchLine {
  const count = (name: string): number => Number(row[name]);
  const key = (text: string | null | undefined): string[] | null =>
    text == null ? null : (JSON.parse(text) as unknown[]).map(String);
  const to = key(row.to_key);
  return {
    batch: count('batch'),
    state: row.state as BatchState,
    step: row.step ?? null,
    keys: to === null || row.listed != null ? null : { after: key(row.after_key), to },
    listed: row.listed == null ? null : Number(row.listed),
    rows: {
      source: count('source'),
      inserted: count('inserted'),
      updated: count('updated'),
      unchanged: count('unchanged'),
      quarantined: count('quarantined'),
      excluded: count('excluded'),
      excludedByDecision: count('excluded_by_decision'),
      pending: count('pending'),
    },
    attempts: count('attempts'),
    cause: row.cause ?? null,
    plannedAt: row.planned!,
    loadedAt: row.loaded_at ?? null,
    validatedAt: row.validated_at ?? null,
  };
}
