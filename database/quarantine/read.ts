/** The quarantine as people list it: everything of a row but its values. */
import type { Reason } from '../../shared/reasons';
import { instantText } from '../ledger/read-status';
import type { TargetQueries } from '../target/session';

/** Which lines are asked for; null where it does not matter. */
export interface QuarantineSelection {
  readonly migration: string;
  readonly reasons: readonly string[] | null;
  readonly state: string | null;
}

export interface QuarantineLine {
  /** Names the line in a decision. */
  readonly row: string;
  readonly key: string;
  readonly state: string;
  /** The first is the primary one. */
  readonly reasons: readonly Reason[];
  readonly columns: readonly string[];
  readonly attempts: number;
  readonly first: { readonly run: string; readonly batch: number; readonly at: string };
  readonly last: { readonly run: string; readonly batch: number; readonly at: string };
  /** False where the values were purged. */
  readonly hasValues: boolean;
  /** Why it is dismissed, and by whom; null where it is not. */
  readonly dismissal: { readonly why: string | null; readonly who: string; readonly by: string | null } | null;
}

export interface QuarantineCount {
  readonly reason: string;
  readonly state: string;
  readonly rows: number;
  readonly oldest: string;
  readonly newest: string;
}

type Row = Readonly<Record<string, string | null>> & {
  readonly reasons: Reason[];
  readonly columns: string[];
  readonly has_values: boolean;
};

/** Columns of a line `q`, with its dismissal `a`; none of them has a value of the row. */
export const COLUMNS = `q.number::text AS row, q.legacy_key AS key, q.state, q.reasons, q.columns, q.attempts::text AS attempts,
  q.first_run::text AS first_run, q.first_batch::text AS first_batch, ${instantText('q.first_seen')} AS first_seen,
  q.last_run::text AS last_run, q.last_batch::text AS last_batch, ${instantText('q.last_seen')} AS last_seen,
  q.source_row IS NOT NULL AS has_values, a.reason AS why, a.who, a.claimed_by`;

export const LINES = `carryover.quarantine q LEFT JOIN carryover.audit a ON a.audit_id = q.dismissal`;

/** The lines that are selected by migration, reasons and state. */
export const SELECTED = `q.migration = $1 AND ($2::text[] IS NULL OR q.reason = ANY ($2)) AND ($3::text IS NULL OR q.state = $3)`;

export const lineOf = (row: Row): QuarantineLine => ({
  row: row.row!,
  key: row.key!,
  state: row.state!,
  reasons: row.reasons,
  columns: row.columns,
  attempts: Number(row.attempts),
  first: { run: row.first_run!, batch: Number(row.first_batch), at: row.first_seen! },
  last: { run: row.last_run!, batch: Number(row.last_batch), at: row.last_seen! },
  hasValues: row.has_values,
  dismissal: row.who == null ? null : { why: row.why ?? null, who: row.who, by: row.claimed_by ?? null },
});

/** The lines in the order of their keys, so many at most. */
export async function listQuarantine(
  target: TargetQueries,
  { migration, reasons, state }: QuarantineSelection,
  limit: number,
): Promise<QuarantineLine[]> {
  const { rows } = await target.query<Row>(
    'quarantine.list',
    `SELECT ${COLUMNS} FROM ${LINES} WHERE ${SELECTED} ORDER BY q.key_numbers, q.legacy_key LIMIT $4`,
    [migration, reasons, state, limit],
  );
  return rows.map(lineOf);
}

/** Rows by reason and state, all that there are of the migration. */
export async function countQuarantine(target: TargetQueries, migration: string): Promise<QuarantineCount[]> {
  const { rows } = await target.query<Record<keyof QuarantineCount, string>>(
    'quarantine.counts',
    `SELECT reason, state, rows::text, ${instantText('oldest')} AS oldest, ${instantText('newest')} AS newest
     FROM carryover.quarantine_now WHERE migration = $1 ORDER BY state, rows DESC, reason`,
    [migration],
  );
  return rows.map((row) => ({ ...row, rows: Number(row.rows) }));
}

/** Numbers of lines by their keys; a key that is not there is missing in the answer. */
export async function numbersOfKeys(
  target: TargetQueries,
  migration: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await target.query<{ key: string; number: string }>(
    'quarantine.find',
    'SELECT legacy_key AS key, number::text FROM carryover.quarantine WHERE migration = $1 AND legacy_key = ANY ($2)',
    [migration, keys],
  );
  return new Map(rows.map(({ key, number }) => [key, number]));
}
