/** What a replay takes again: rows in open quarantine, all of them or those of some reasons; or rows of skipped batches. */
import { CarryoverError } from '../../shared/errors';
import type { TargetQueries } from '../target/session';
import type { Footing } from './changes';
import { readSkippedBatches } from './skipped';
import { readBase } from './some-rows';
import type { SomeRows } from './some-rows';

const OPEN = `
SELECT legacy_key FROM carryover.quarantine
WHERE migration = $1 AND state = 'open' AND ($2::text[] IS NULL OR reason = ANY ($2))`;

/**
 * @param reasons primary reasons of the rows that are taken; null for all
 * @param skipped true where rows of skipped batches are taken, and none of quarantine
 * @throws CarryoverError `InputRefused` where none is in quarantine, `MappingChanged` where the servers are others
 */
export async function readReplay(
  session: TargetQueries,
  migration: string,
  reasons: readonly string[] | null,
  skipped: boolean,
  footing: Footing,
): Promise<SomeRows> {
  const base = await readBase(session, migration, footing, 'Nothing was replayed');
  if (skipped) return readSkippedBatches(session, migration, base);
  const values = [migration, reasons];
  const counted = await session.query<{ keys: string }>(
    'replay.count',
    `SELECT count(*) AS keys FROM (${OPEN}) q`,
    values,
  );
  const keys = Number(counted.rows[0]!.keys);
  if (keys === 0) {
    const which = reasons === null ? '' : ` for ${reasons.join(' or ')}`;
    throw new CarryoverError('InputRefused', `Nothing was replayed: no row of ${migration} is in quarantine${which}.`);
  }
  return { mode: 'replay', base, query: OPEN, values, keys, held: keys, kept: {} };
}
