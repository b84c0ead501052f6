/**
 * Compares a part of a range row by row: keys and hashes of the source's rows are joined, in the target, to what was loaded
 * and to what is in quarantine; every row that differs is noted with its kind and its columns.
 */
import { namedColumns } from '../../mappings/mapping';
import type { TimedMapping } from '../converters/converter';
import type { Source } from '../source/open-source';
import { lastForgotten, lastUnloaded } from '../ledger/settled-keys';
import { sha256Hex } from '../target/canonical';
import { legacyKey } from '../target/legacy-key';
import { isMarked } from '../target/present';
import { literalPg } from '../target/quote';
import type { TargetQueries, TargetSession } from '../target/session';
import type { Fate } from './plan-ranges';
import { WHOLE, comparesAlike, keyNumbers } from './range';
import type { OpenRange } from './range';
import { streamSourceRows } from './source-rows';
import { loadedRows, quarantinedRows } from './target-rows';

/** Begins to note what is found; a temporary table, since only a whole range is written into the ledger. */
export async function openNotes(session: TargetQueries): Promise<void> {
  await session.query(
    'verify.dropEarlier',
    'DROP TABLE IF EXISTS pg_temp.verified_source, pg_temp.found, pg_temp.counted',
  );
  await session.query(
    'verify.notes',
    'CREATE TEMP TABLE found (kind text, legacy_key text, columns text[], evidence text)',
  );
  await session.query(
    'verify.counts',
    'CREATE TEMP TABLE counted (rows bigint, excluded bigint, loaded bigint, quarantined bigint, dismissed bigint)',
  );
}

export interface Part {
  readonly mapping: TimedMapping;
  /** The migration's latest run. */
  readonly run: string;
  readonly range: OpenRange;
  readonly fate: Fate;
}

/** Rows of a part, as they were counted when they were compared. */
export interface Counts {
  /** Rows of the source that the mapping moves, and those that its `where` leaves out. */
  readonly rows: number;
  readonly excluded: number;
  /** Rows of the target, and of open quarantine. */
  readonly loaded: number;
  readonly quarantined: number;
  /** Rows that were in quarantine, and that a person has left out since. */
  readonly dismissed: number;
  /** Rows that are spread otherwise over codes and years, though nothing else differs. */
  readonly misplaced: number;
  /** Rows that crossed the wire. */
  readonly read: number;
  /** Sum of the hashes of the target rows, where each is as we wrote it and nothing differs; null otherwise. */
  readonly content: string | null;
}

/** @returns what was compared: what is found must add up with that, and not with what an earlier look has counted */
export async function compareRows(
  session: TargetSession,
  source: Source,
  part: Part,
  signal: AbortSignal,
): Promise<Counts> {
  const { mapping, range } = part;
  const keys = mapping.source.key.map((_column, index) => `k${index} text`);
  const hashes = namedColumns(mapping).map((_column, index) => `c${index} text`);
  await session.query(
    'verify.createRows',
    `CREATE TEMP TABLE verified_source (${[...keys, 'moved boolean', 'id text', 'hash text', ...hashes].join(', ')})`,
  );
  const { filled } = await session.copyFrom('verify.copyRows', 'COPY pg_temp.verified_source FROM STDIN', (open) =>
    streamSourceRows(source, mapping, range, open, signal),
  );
  await session.query('verify.analyzeRows', 'ANALYZE pg_temp.verified_source');
  await session.query('verify.compareRows', differences(part), [mapping.name]);
  await session.query('verify.dropRows', 'DROP TABLE pg_temp.verified_source');
  const counted = await session.query<{ [name in Exclude<keyof Counts, 'read' | 'misplaced' | 'content'>]: string }>(
    'verify.takeCounts',
    'DELETE FROM pg_temp.counted RETURNING rows, excluded, loaded, quarantined, dismissed',
  );
  const { rows, excluded, loaded, quarantined, dismissed } = counted.rows[0]!;
  return {
    rows: Number(rows),
    excluded: Number(excluded),
    loaded: Number(loaded),
    quarantined: Number(quarantined),
    dismissed: Number(dismissed),
    // Each was compared by itself.
    misplaced: 0,
    read: filled,
    content: null,
  };
}

/** What a row is whose two sides, or whose hashes, differ; the first that holds. */
const KIND = `CASE
  -- Loaded by an earlier run, and unfit by today's lookups, source or mapping.
  WHEN copies > 1 AND any_quarantined THEN 'stale'
  WHEN copies > 1 THEN 'duplicate'
  -- The mapping leaves it out by now.
  WHEN is_left_out THEN 'stale'
  -- The source has it again, and the target says that it has not.
  WHEN NOT is_here AND is_marked THEN 'stale'
  WHEN NOT is_here AND was_loaded THEN 'deleted_in_target'
  WHEN NOT is_here AND was_held THEN 'missing'
  WHEN NOT is_here THEN 'new'
  WHEN NOT marked THEN 'extra'
  WHEN NOT is_there AND NOT (was_loaded OR was_held) THEN 'extra'
  WHEN NOT written THEN 'changed_in_target'
  WHEN extracted IS DISTINCT FROM here_hash THEN 'changed'
  WHEN NOT is_there THEN 'gone'
  WHEN other_id THEN 'changed'
  ELSE 'moved'
END`;

/** Of rows that are not decided yet nothing is said but what is wrong with those that are there. */
const UNDECIDED = `kind NOT IN ('missing', 'new', 'gone', 'moved', 'deleted_in_target')`;

function differences({ mapping, range, fate }: Part): string {
  const within = comparesAlike(mapping) ? range : WHOLE;
  const names = namedColumns(mapping);
  const key = legacyKey(mapping.source.key.map((_column, index) => `k${index}`));
  const columnHashes = `ARRAY[${names.map((_name, index) => `c${index}`).join(', ')}]`;
  return `
    WITH there AS MATERIALIZED (
      SELECT ${key} AS key, id, hash, ${columnHashes} AS columns FROM pg_temp.verified_source WHERE moved),
    left_out AS MATERIALIZED (SELECT ${key} AS key FROM pg_temp.verified_source WHERE NOT moved),
    here AS MATERIALIZED (
      SELECT r.*, CASE WHEN key IS NULL THEN 1 ELSE count(*) OVER (PARTITION BY key) END AS copies,
        bool_or(quarantined) OVER (PARTITION BY key) AS any_quarantined,
        string_agg(content, ' ') OVER (PARTITION BY key ORDER BY content
          ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS contents
      FROM (${loadedRows(mapping, within, true)} UNION ALL ${quarantinedRows(mapping, within, true)}) r),
    pairs AS MATERIALIZED (
      SELECT coalesce(there.key, here.key) AS key, there.hash IS NOT NULL AS is_there, here.hash IS NOT NULL AS is_here,
        left_out.key IS NOT NULL AS is_left_out,
        quarantined, marked, written, extracted, copies, any_quarantined, here.hash AS here_hash,
        CASE WHEN copies > 1 THEN contents ELSE content END AS content, there.hash AS there_hash,
        here.id IS DISTINCT FROM there.id AS other_id, there.columns AS there_columns, here.columns AS here_columns
      FROM there FULL JOIN here ON there.key = here.key LEFT JOIN left_out ON left_out.key = here.key
      WHERE there.hash IS DISTINCT FROM here.hash OR here.extracted IS DISTINCT FROM here.hash
         OR here.id IS DISTINCT FROM there.id OR NOT here.written OR here.copies > 1),
    wanted AS MATERIALIZED (SELECT key FROM pairs WHERE NOT (is_there AND is_here)),
    inserted AS MATERIALIZED (
      SELECT i.key, max(k.run_id) AS run_id FROM carryover.inserted_keys k CROSS JOIN LATERAL unnest(k.legacy_keys) AS i (key)
      WHERE (k.run_id, k.batch) IN (${batchesOf(within)}) AND i.key IN (SELECT key FROM wanted) GROUP BY i.key),
    held AS MATERIALIZED (
      SELECT o.legacy_key AS key, max(o.run_id) AS run_id FROM carryover.quarantine_occurrences o
      WHERE (o.run_id, o.batch) IN (${batchesOf(within)}) AND o.legacy_key IN (SELECT key FROM wanted) GROUP BY o.legacy_key),
    -- What we took away ourselves is not missed.
    taken AS MATERIALIZED (
      SELECT key, ${lastUnloaded('w.key', '$1')} AS unloaded, ${lastForgotten('w.key', '$1')} AS forgotten FROM wanted w),
    told AS MATERIALIZED (
      SELECT ${KIND} AS kind, key, ${columnsOf(mapping)} AS columns, coalesce(copies, 1) > 1 AS is_shared,
        ${sha256Hex("concat_ws(' ', coalesce(there_hash, '-'), coalesce(content, '-'))")} AS evidence
      FROM (SELECT pairs.*, coalesce(inserted.run_id > taken.unloaded, false) AS was_loaded,
          coalesce(held.run_id > taken.forgotten, false) AS was_held, ${isMarked(mapping, 'pairs.key')} AS is_marked
        FROM pairs LEFT JOIN inserted USING (key) LEFT JOIN held USING (key) LEFT JOIN taken USING (key)) p),
    counted AS (
      INSERT INTO pg_temp.counted (rows, excluded, loaded, quarantined, dismissed)
      SELECT (SELECT count(*) FROM there), (SELECT count(*) FROM left_out),
        count(*) FILTER (WHERE NOT quarantined), count(*) FILTER (WHERE quarantined AND NOT dismissed),
        count(*) FILTER (WHERE dismissed) FROM here)
    INSERT INTO pg_temp.found (kind, legacy_key, columns, evidence) SELECT kind, key, columns, evidence FROM (
      SELECT kind, key, columns, evidence FROM told WHERE NOT is_shared
      UNION ALL SELECT DISTINCT kind, key, columns, evidence FROM told WHERE is_shared) f
    ${fate === 'settled' ? '' : `WHERE ${UNDECIDED}`}`;
}

/** Batches of all runs of the migration `$1` that reach into a range. */
function batchesOf({ after, to }: OpenRange): string {
  const tests = [
    ...(after === null ? [] : [`carryover.key_numbers(b.to_key::text) > ${keyNumbers(after)}`]),
    ...(to === null ? [] : [`(b.after_key IS NULL OR carryover.key_numbers(b.after_key::text) < ${keyNumbers(to)})`]),
  ];
  return `SELECT b.run_id, b.batch FROM carryover.batches b JOIN carryover.runs r USING (run_id)
    WHERE ${['r.migration = $1', ...tests].join(' AND ')}`;
}

/** Names of what differs, where both sides have the row: source columns, the id, or else the lineage. */
function columnsOf(mapping: TimedMapping): string {
  const names = namedColumns(mapping).map(
    (name, index) => `CASE WHEN there_columns[${index + 1}] <> here_columns[${index + 1}] THEN ${literalPg(name)} END`,
  );
  const id = `CASE WHEN other_id THEN ${literalPg(`${mapping.target.table}.${mapping.id.target}`)} END`;
  return `CASE WHEN is_there AND is_here AND copies = 1 THEN array_remove(ARRAY[${[...names, id].join(', ')}], NULL) END`;
}

/**
 * A key that nobody knows is new, unless a later run settled it as something that is there; or the ledger counts more rows in its
 * batch than it knows keys: then one of them was lost, and it may be this.
 */
export async function tellMissing(session: TargetQueries, { mapping, run, range }: Part): Promise<void> {
  const within = comparesAlike(mapping) ? range : WHOLE;
  const isOrdered = comparesAlike(mapping);
  const inBatch = (key: string): string => (isOrdered ? `(low IS NULL OR ${key} > low) AND ${key} <= high` : 'true');
  // Where keys do not compare alike, no key is known to be of a batch: then the whole is counted.
  // What later runs brought, or took away, counts too.
  const since = (batch: string): string => `(
    SELECT count(*) FILTER (WHERE now IN (${THERE})) - count(*) FILTER (WHERE was IN (${THERE}))
    FROM carryover.settled_keys s WHERE s.base_run = $2 ${batch})`;
  const counted = isOrdered
    ? `carryover.key_numbers(after_key::text) AS low, carryover.key_numbers(to_key::text) AS high,
       loaded + quarantined + excluded_by_decision + ${since('AND s.base_batch = b.batch')} AS rows`
    : `NULL::numeric[] AS low, NULL::numeric[] AS high, sum(loaded + quarantined + excluded_by_decision) + ${since('')} AS rows`;
  await session.query(
    'verify.tellMissing',
    `WITH lost AS MATERIALIZED (
       SELECT f.legacy_key AS key FROM pg_temp.found f WHERE f.kind = 'new' AND ${isSettledThere('f.legacy_key')}),
     counted AS (
       SELECT ${counted}
       FROM carryover.batches b WHERE run_id = $2 AND ever_loaded AND (run_id, batch) IN (${batchesOf(within)})
         AND EXISTS (SELECT FROM pg_temp.found WHERE kind = 'new')),
     known AS MATERIALIZED (
       SELECT carryover.key_numbers(key) AS numbers FROM (
         SELECT u.key FROM carryover.inserted_keys k CROSS JOIN LATERAL unnest(k.legacy_keys) AS u (key)
         WHERE (k.run_id, k.batch) IN (${batchesOf(within)}) AND k.run_id > ${lastUnloaded('u.key', '$1')}
         UNION SELECT legacy_key FROM carryover.quarantine WHERE migration = $1 AND state IN ('open', 'dismissed')
         -- One that is known to be lost explains itself, and no other.
         UNION SELECT key FROM lost
         UNION SELECT f.legacy_key FROM pg_temp.found f WHERE f.kind = 'missing' AND (${isSettledThere('f.legacy_key')}
           OR EXISTS (SELECT FROM carryover.quarantine_occurrences o WHERE o.run_id = $2 AND o.legacy_key = f.legacy_key))) i),
     short AS (SELECT low, high FROM counted WHERE rows > (SELECT count(*) FROM known WHERE ${inBatch('numbers')}))
     UPDATE pg_temp.found f SET kind = 'missing' WHERE f.kind = 'new' AND (
       f.legacy_key IN (SELECT key FROM lost) OR EXISTS (SELECT FROM short WHERE ${inBatch('carryover.key_numbers(f.legacy_key)')}))`,
    [mapping.name, run],
  );
}

/** Fates of rows that are somewhere. */
const THERE = `'loaded', 'quarantined', 'excluded'`;

/** Of a key: a run that came after the full run `$2` settled it, and the latest as one of these. */
const isSettledThere = (key: string): string => `coalesce((
  SELECT s.now IN (${THERE}) FROM carryover.settled_keys s WHERE s.base_run = $2 AND s.legacy_key = ${key}
  ORDER BY s.run_id DESC, s.settled_at DESC LIMIT 1), false)`;
