/** What a forecast notes of the rows that it writes for a moment: nothing in the ledger; what a run would tell of, in `told`. */
import type { TimedMapping } from '../converters/converter';
import type { Attempt } from '../ledger/attempts';
import { loadedBefore, takeDeleted } from '../target/deleted';
import type { LoadNotes } from '../target/load-notes';
import type { TargetQueries } from '../target/session';
import type { StageTables } from '../target/stage';

/** Temporary, and within a transaction that is rolled back. */
export async function createTold(session: TargetQueries): Promise<void> {
  await session.query(
    'forecast.told',
    'CREATE TEMP TABLE told (kind text NOT NULL, n integer NOT NULL) ON COMMIT DROP',
  );
}

/** A batch that no run has: migration and bounds. */
const BATCH = 'SELECT NULL::bigint AS run_id, $1::text AS migration, $2::jsonb AS after_key, $3::jsonb AS to_key';

const nothing = (): Promise<void> => Promise.resolve();

export function forecastNotes({ session, batch, ref }: Attempt, mapping: TimedMapping, tables: StageTables): LoadNotes {
  const before = loadedBefore(BATCH);
  const after = batch.afterKey && JSON.stringify(batch.afterKey);
  const values = [ref.migration, after, JSON.stringify(batch.toKey)];
  return {
    loadedBefore: { sql: before, values },
    freshKeys: nothing,
    keepDeleted: async () => {
      await session.query(
        'forecast.deleted',
        `${takeDeleted(mapping, tables, before)}
         INSERT INTO told SELECT 'deleted_in_target', staged_row FROM kept`,
        values,
      );
    },
    beforeImages: nothing,
    kept: async ({ target, sameKey, ours }) => {
      await session.query(
        'forecast.kept',
        `INSERT INTO told SELECT 'changed_in_target', c.staged_row FROM ${target} t JOIN changes c ON ${sameKey}
         WHERE c.existed AND NOT ${ours}`,
      );
    },
    insertedKeys: nothing,
  };
}
