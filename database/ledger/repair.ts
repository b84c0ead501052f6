/** What a repair takes again: keys of open findings that are ours; what another writer did is counted, and kept. */
import { DEFECTS, OVERWRITABLE, REPAIRABLE } from '../../shared/findings';
import { CarryoverError } from '../../shared/errors';
import type { TargetQueries } from '../target/session';
import type { Footing } from './changes';
import { requireNoneLeftOut } from './skipped';
import { readBase } from './some-rows';
import type { SomeRows } from './some-rows';

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
): Promise<SomeRows> {
  const refuse = (why: string): never => {
    throw new CarryoverError('InputRefused', `Nothing was repaired: ${why}`);
  };
  const base = await readBase(session, migration, footing, 'Nothing was repaired');
  await requireNoneLeftOut(session, migration, base, footing.mapping, 'Nothing was repaired');
  const looked = await session.query<{ number: string }>('repair.verifications', VERIFICATIONS, [
    migration,
    base,
    verification,
  ]);
  const verifications = looked.rows.map(({ number }) => number);
  if (verifications.length === 0) {
    return refuse(
      verification === null
        ? `no verification of run ${base} is over; \`carryover verify ${migration}\` says what is wrong first.`
        : `verification ${verification} is none of run ${base} of ${migration} that is over; ` +
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
  const query = `SELECT legacy_key FROM (${OPEN}) o WHERE kind = ANY ($3) AND legacy_key IS NOT NULL`;
  return { mode: 'repair', base, query, values: [verifications, DEFECTS, kinds], keys: Number(keys), kept };
}

/** `2 extra, 1 duplicate`. */
const sayKept = (kept: Readonly<Record<string, number>>): string =>
  Object.entries(kept)
    .map(([kind, rows]) => `${rows} ${kind}`)
    .join(', ');
