/** What a repair takes again: keys of open findings that are ours; what another writer did is counted, and kept. */
import { DEFECTS, OVERWRITABLE, REPAIRABLE } from '../../shared/findings';
import type { FindingKind } from '../../shared/findings';
import { CarryoverError } from '../../shared/errors';
import { hasIntegerKey } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import type { TargetQueries } from '../target/session';
import { changedServers } from './changes';
import type { Footing } from './changes';

/** Keys in one batch: as many stand in one statement of either server. */
const MOST_KEYS = 5_000;

/** The same of keys that have several parts: each is a condition of its own, and servers give up an index over too many. */
const MOST_KEYS_OF_PARTS = 500;

export interface Repair {
  /** The full run whose batches cover every key. */
  readonly base: string;
  /** Numbers of the verifications whose findings count. */
  readonly verifications: readonly string[];
  /** Kinds of findings that are taken again. */
  readonly kinds: readonly FindingKind[];
  /** Keys that are taken again. */
  readonly keys: number;
  /** Open findings by kind that are not touched. */
  readonly kept: Readonly<Record<string, number>>;
}

const BASE = `
SELECT run_id, state, source_identity, target_identity FROM carryover.runs
WHERE migration = $1 AND mode = 'full' ORDER BY run_id DESC LIMIT 1`;

/** The latest that looked at every key, and those of a part that came later; or one by its number. */
const VERIFICATIONS = `
SELECT v.verification_id AS number FROM carryover.verifications v
WHERE v.migration = $1 AND v.state = 'finished' AND v.run_id = $2 AND (
  v.verification_id = $3
  OR $3::bigint IS NULL AND v.verification_id >= coalesce((
    SELECT max(w.verification_id) FROM carryover.verifications w
    WHERE w.migration = $1 AND w.state = 'finished' AND w.run_id = $2 AND NOT w.partial), 0))
ORDER BY v.verification_id`;

/** Open findings, of each key the latest; a row without a key is one by itself. */
const OPEN = `
  SELECT legacy_key, kind FROM (
    SELECT DISTINCT ON (coalesce(legacy_key, 'finding ' || finding_id)) legacy_key, kind, accepted
    FROM carryover.verification_findings WHERE verification_id = ANY ($1) AND kind = ANY ($2)
    ORDER BY coalesce(legacy_key, 'finding ' || finding_id), verification_id DESC, finding_id) f
  WHERE NOT accepted`;

const COUNTED = `
WITH open AS MATERIALIZED (${OPEN})
SELECT (SELECT count(legacy_key) FROM open WHERE kind = ANY ($3)) AS keys,
  (SELECT coalesce(jsonb_object_agg(kind, rows), '{}')
   FROM (SELECT kind, count(*) AS rows FROM open WHERE kind <> ALL ($3) GROUP BY kind) k) AS kept`;

/**
 * @param verification a verification by its number; null for the latest
 * @param overwrites true where what another writer did is taken too
 * @throws CarryoverError `InputRefused` where there is nothing to repair, `MappingChanged` where the servers are others
 */
export async function readRepair(
  session: TargetQueries,
  migration: string,
  verification: string | null,
  overwrites: boolean,
  footing: Footing,
): Promise<Repair> {
  const refuse = (why: string): never => {
    throw new CarryoverError('InputRefused', `Nothing was repaired: ${why}`);
  };
  const found = await session.query<{
    run_id: string;
    state: string;
    source_identity: object;
    target_identity: object;
  }>('repair.base', BASE, [migration]);
  const [base] = found.rows;
  if (base === undefined) return refuse(`${migration} has not been migrated. Start migrate first.`);
  if (base.state !== 'finished') {
    return refuse(
      `run ${base.run_id} of ${migration} is ${base.state}, so not every row was looked at. Start migrate.`,
    );
  }
  const changed = changedServers(base, footing);
  if (changed.length > 0) {
    throw new CarryoverError(
      'MappingChanged',
      `${changed.join(' and ')} of this worker is not that of run ${base.run_id} of ${migration}: what was found there ` +
        `cannot be repaired here. Let a worker repair that has the run's servers; if they moved, migrate on the new ones`,
    );
  }
  const looked = await session.query<{ number: string }>('repair.verifications', VERIFICATIONS, [
    migration,
    base.run_id,
    verification,
  ]);
  const verifications = looked.rows.map(({ number }) => number);
  if (verifications.length === 0) {
    return refuse(
      verification === null
        ? `no verification of run ${base.run_id} is over; \`carryover verify ${migration}\` says what is wrong first.`
        : `verification ${verification} is none of run ${base.run_id} of ${migration} that is over; ` +
            `\`carryover findings ${migration}\` names the latest.`,
    );
  }
  const kinds = overwrites ? [...REPAIRABLE, ...OVERWRITABLE] : REPAIRABLE;
  const counted = await session.query<{ keys: string; kept: Record<string, number> }>('repair.count', COUNTED, [
    verifications,
    DEFECTS,
    kinds,
  ]);
  const { keys, kept } = counted.rows[0]!;
  if (Number(keys) === 0) {
    const others = sayKept(kept);
    const isTheirs = !overwrites && OVERWRITABLE.some((kind) => kind in kept);
    const wayOut = isTheirs ? `, unless "overwrite": "<why>" says to write them anew` : '';
    return refuse(
      `verification ${verifications.join(', ')} has no open finding that a repair may mend` +
        `${others === '' ? '.' : `; ${others} may be another writer's, and are kept${wayOut}. See docs/findings.md for what to do.`}`,
    );
  }
  return { base: base.run_id, verifications, kinds, keys: Number(keys), kept };
}

/** `2 extra, 1 duplicate`. */
const sayKept = (kept: Readonly<Record<string, number>>): string =>
  Object.entries(kept)
    .map(([kind, rows]) => `${rows} ${kind}`)
    .join(', ');

/** Cuts the batches of a repair, each a list of keys in their order. */
export async function cutRepair(
  session: TargetQueries,
  run: string,
  mapping: Mapping,
  { verifications, kinds }: Repair,
  batchRows: number,
): Promise<void> {
  const isSingle = mapping.source.key.length === 1;
  const parts = isSingle ? 'jsonb_build_array(legacy_key)' : 'legacy_key::jsonb';
  // Where keys are in the source's order, a batch begins above the one before: whoever looks for a key looks at few batches.
  const after = hasIntegerKey(mapping) ? 'lag(to_key) OVER (ORDER BY batch)' : 'NULL::jsonb';
  await session.query(
    'repair.cut',
    `INSERT INTO carryover.batches (run_id, batch, after_key, to_key, legacy_keys, source, pending)
     SELECT $4, batch, ${after}, to_key, keys, rows, rows FROM (
       SELECT page + 1 AS batch, (array_agg(key ORDER BY n DESC))[1] AS to_key, jsonb_agg(key ORDER BY n) AS keys, count(*) AS rows
       FROM (SELECT key, n, (n - 1) / $5::integer AS page FROM (
         SELECT ${parts} AS key, row_number() OVER (ORDER BY carryover.key_numbers(legacy_key), legacy_key) AS n
         FROM (${OPEN}) f WHERE kind = ANY ($3) AND legacy_key IS NOT NULL) k) p
       GROUP BY page) b`,
    [verifications, DEFECTS, kinds, run, Math.min(batchRows, isSingle ? MOST_KEYS : MOST_KEYS_OF_PARTS)],
  );
}
