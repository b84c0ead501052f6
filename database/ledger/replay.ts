/** What a replay takes again: rows in open quarantine, all of them or those of some reasons; or rows of skipped batches. */
import type { NothingToDo } from '../../shared/messages';
import type { Verdict } from '../../shared/verdict';
import type { TargetQueries } from '../target/session';
import type { Footing } from './changes';
import { readSkippedBatches, requireNoneLeftOut } from './skipped';
import { readBase } from './some-rows';
import type { SomeRows } from './some-rows';

const OPEN = `
SELECT legacy_key FROM carryover.quarantine
WHERE migration = $1 AND state = 'open' AND ($2::text[] IS NULL OR reason = ANY ($2))`;

/** The last word on a migration: an abandoned run has none, and no other holds since. */
const STANDING = `
SELECT coalesce(verdict, 'not_proven') AS verdict FROM (
  SELECT verdict, finished_at FROM carryover.runs WHERE migration = $1 AND state IN ('finished', 'abandoned')
  UNION ALL
  SELECT verdict, finished_at FROM carryover.verifications WHERE migration = $1 AND state = 'finished' AND NOT partial) w
ORDER BY finished_at DESC LIMIT 1`;

/**
 * @param reasons primary reasons of the rows that are taken; null for all
 * @param skipped true where rows of skipped batches are taken, and none of quarantine
 * @throws CarryoverError `InputRefused` where there is no full run that is finished, or no batch is skipped, `MappingChanged`
 *   where the servers are others
 */
export async function readReplay(
  session: TargetQueries,
  migration: string,
  reasons: readonly string[] | null,
  skipped: boolean,
  footing: Footing,
): Promise<SomeRows | NothingToDo> {
  const base = await readBase(session, migration, footing, 'Nothing was replayed');
  if (skipped) return readSkippedBatches(session, migration, base);
  await requireNoneLeftOut(session, migration, base, footing.mapping, 'Nothing was replayed');
  const values = [migration, reasons];
  const counted = await session.query<{ keys: string }>(
    'replay.count',
    `SELECT count(*) AS keys FROM (${OPEN}) q`,
    values,
  );
  const keys = Number(counted.rows[0]!.keys);
  if (keys === 0) {
    const which = reasons === null ? '' : ` for ${reasons.join(' or ')}`;
    return nothingToDo(session, migration, `no row of ${migration} is in open quarantine${which}`);
  }
  return { mode: 'replay', base, query: OPEN, values, keys, held: keys, kept: {} };
}

/** A replay that takes no row looks at none: how the migration stands, others have said. */
export async function nothingToDo(session: TargetQueries, migration: string, cause: string): Promise<NothingToDo> {
  const said = await session.query<{ verdict: Verdict }>('replay.standing', STANDING, [migration]);
  return { nothingToDo: cause, verdict: said.rows[0]!.verdict };
}
