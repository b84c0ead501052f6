/** What the ledger says of each migration, and what its target holds. */
import type { Mapping } from '../../mappings/mapping';
import type { LegacyKey } from '../source/expressions';
import { quotePgTable } from '../target/quote';
import type { TargetQueries } from '../target/session';

export interface Standing {
  readonly run: string;
  /** True while a run of the migration is open: what it has not done yet is no gap. */
  readonly isOpen: boolean;
  readonly loaded: number;
  readonly pending: number;
  /** Rows that the mapping moves, as the runs counted them. */
  readonly moved: number;
  /** Upper bound of the latest full run; null where the source was empty. */
  readonly upper: LegacyKey | null;
  /** Rows that later runs found beside those of its batches. */
  readonly appeared: number;
}

/** The migrations' present, by name; none of those that never ran. */
export async function readStandings(target: TargetQueries): Promise<Map<string, Standing>> {
  const found = await target.query<{
    migration: string;
    run: string;
    is_open: boolean;
    loaded: number;
    pending: number;
    moved: number;
    upper: LegacyKey | null;
    appeared: number;
  }>(
    'gaps.standings',
    `SELECT s.migration, s.run_id::text AS run, s.state = 'open' AS is_open, s.loaded::float8 AS loaded,
            s.pending::float8 AS pending, (s.source - s.excluded + s.excluded_by_decision)::float8 AS moved,
            f.upper_key AS upper,
            (SELECT count(DISTINCT k.legacy_key) FROM carryover.settled_keys k
             WHERE k.base_run = f.run_id AND k.was = 'nothing' AND k.now <> 'nothing' AND NOT EXISTS (
               SELECT FROM carryover.batches t WHERE t.run_id = k.run_id AND t.batch = k.batch AND t.takes_back IS NOT NULL))::float8 AS appeared
     FROM carryover.migration_balance s JOIN carryover.runs f ON f.run_id = coalesce(s.base_run, s.run_id)`,
  );
  return new Map(found.rows.map(({ migration, is_open: isOpen, ...rest }) => [migration, { ...rest, isOpen }]));
}

/** Source tables that were migrated before Carryover. */
export async function readBaselineTables(target: TargetQueries): Promise<Set<string>> {
  const found = await target.query<{ table: string }>(
    'gaps.baseline',
    'SELECT DISTINCT unnest(source_tables) AS table FROM carryover.baseline',
  );
  return new Set(found.rows.map(({ table }) => table));
}

export async function targetHolds(
  target: TargetQueries,
  { target: { schema, table } }: Mapping,
): Promise<'no table' | 'nothing' | 'rows'> {
  const name = quotePgTable(schema, table);
  const known = await target.query<{ known: boolean }>(
    'gaps.targetKnown',
    'SELECT to_regclass($1) IS NOT NULL AS known',
    [name],
  );
  if (!known.rows[0]!.known) return 'no table';
  const any = await target.query<{ any: boolean }>('gaps.targetAny', `SELECT EXISTS (SELECT FROM ${name}) AS any`);
  return any.rows[0]!.any ? 'rows' : 'nothing';
}
