/** Runs that take some rows again: the full run that they stand on, and the batches of their keys. */
import { hasIntegerKey } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import { CarryoverError } from '../../shared/errors';
import type { RunMode } from '../../shared/messages';
import type { LegacyKey } from '../source/expressions';
import type { TargetQueries } from '../target/session';
import { changedServers } from './changes';
import type { Footing } from './changes';

/** Keys in one batch: as many stand in one statement of either server. */
const MOST_KEYS = 5_000;

/** The same of keys that have several parts: each is a condition of its own, and servers give up an index over too many. */
const MOST_KEYS_OF_PARTS = 500;

/** What such a run takes. */
export interface SomeRows {
  readonly mode: Exclude<RunMode, 'full'>;
  /** The full run whose batches cover every key. */
  readonly base: string;
  /** A query of `legacy_key`, each once, over the values that are bound. */
  readonly query: string;
  readonly values: readonly unknown[];
  /** Keys that are taken again; of a re-sync, whose comparison finds them, the rows that it compares. */
  readonly keys: number;
  /** Of these, rows in quarantine; 0 unless given. */
  readonly held?: number;
  /** Its batches are those that were skipped, and no lists of keys. */
  readonly takesSkipped?: boolean;
  /** Bounds of the keys that its batches lie in, where these are ranges. */
  readonly bounds?: { readonly lower: LegacyKey | null; readonly upper: LegacyKey | null };
  /** Of an undo: the run that it takes back. */
  readonly undoes?: string;
  /** Open findings by kind that are not touched. */
  readonly kept: Readonly<Record<string, number>>;
}

const BASE = `
SELECT run_id, state, source_identity, target_identity FROM carryover.runs
WHERE migration = $1 AND mode = 'full' ORDER BY run_id DESC LIMIT 1`;

/**
 * @param nothing `Nothing was repaired`, as the refusal begins
 * @returns the full run's number
 * @throws CarryoverError `InputRefused` where there is none that is finished, `MappingChanged` where the servers are others
 */
export async function readBase(
  session: TargetQueries,
  migration: string,
  footing: Footing,
  nothing: string,
): Promise<string> {
  const found = await session.query<{
    run_id: string;
    state: string;
    source_identity: object;
    target_identity: object;
  }>('again.base', BASE, [migration]);
  const [base] = found.rows;
  const why =
    base === undefined
      ? `${migration} has not been migrated. Start migrate first.`
      : base.state !== 'finished'
        ? `run ${base.run_id} of ${migration} is ${base.state}, so not every row was looked at. Start migrate.`
        : null;
  if (why !== null) throw new CarryoverError('InputRefused', `${nothing}: ${why}`);
  const changed = changedServers(base!, footing);
  if (changed.length > 0) {
    throw new CarryoverError(
      'MappingChanged',
      `${changed.join(' and ')} of this worker is not that of run ${base!.run_id} of ${migration}: what is known of that ` +
        `run's rows does not hold here. Let a worker do it that has the run's servers; if they moved, migrate on the new ones`,
    );
  }
  return base!.run_id;
}

/**
 * Cuts the batches of such a run, each a list of keys in their order, behind those that it has.
 *
 * @param gone true where the source did not have the keys when it was compared
 */
export async function cutLists(
  session: TargetQueries,
  run: string,
  mapping: Mapping,
  { query, values }: Pick<SomeRows, 'query' | 'values'>,
  batchRows: number,
  gone = false,
): Promise<void> {
  const isSingle = mapping.source.key.length === 1;
  const parts = isSingle ? 'jsonb_build_array(legacy_key)' : 'legacy_key::jsonb';
  // Where keys are in the source's order, a batch begins above the one before: whoever looks for a key looks at few batches.
  const after = hasIntegerKey(mapping) ? 'lag(to_key) OVER (ORDER BY batch)' : 'NULL::jsonb';
  const at = values.length;
  await session.query(
    'again.cut',
    `INSERT INTO carryover.batches (run_id, batch, after_key, to_key, legacy_keys, source, pending, gone)
     SELECT $${at + 1}, batch, ${after}, to_key, keys, rows, rows, $${at + 3} FROM (
       SELECT page + 1 + coalesce((SELECT max(batch) FROM carryover.batches WHERE run_id = $${at + 1}), 0) AS batch, (array_agg(key ORDER BY n DESC))[1] AS to_key, jsonb_agg(key ORDER BY n) AS keys, count(*) AS rows
       FROM (SELECT key, n, (n - 1) / $${at + 2}::integer AS page FROM (
         SELECT ${parts} AS key, row_number() OVER (ORDER BY carryover.key_numbers(legacy_key), legacy_key) AS n
         FROM (${query}) f) k) p
       GROUP BY page) b`,
    [...values, run, Math.min(batchRows, isSingle ? MOST_KEYS : MOST_KEYS_OF_PARTS), gone],
  );
}
