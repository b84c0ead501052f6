/**
 * Rows that a person dismissed from quarantine, and that a batch meets with the source as it was then: they are neither loaded nor
 * put into quarantine again, and count as excluded by decision. Where the source says something else by now, the dismissal was
 * of another row: it is treated like any other.
 */
import type { Mapping } from '../../mappings/mapping';
import type { TimedMapping } from '../converters/converter';
import type { BatchRef } from '../../shared/messages';
import { stagedKey } from '../target/expressions';
import type { TargetQueries } from '../target/session';
import type { StageTables } from '../target/stage';

/** A line of the stage's unfit rows that stands there for no reason of its own: the row was dismissed. */
export const isDismissed = (alias: string): string => `(${alias}.reasons = '{}')`;

/** Lists the dismissed rows of the batch among those that are not loaded, fit or not, in the place of whatever reasons they have. */
export async function leaveDismissedOut(
  session: TargetQueries,
  mapping: TimedMapping,
  tables: StageTables,
): Promise<void> {
  await session.query(
    'transform.dismissed',
    `WITH dismissed AS MATERIALIZED (
       SELECT r.n FROM (SELECT legacy_key, source_row_sha256 FROM carryover.quarantine
                        WHERE migration = $1 AND state = 'dismissed') q
       JOIN ${tables.rows} r ON ${stagedKey(mapping)} = q.legacy_key AND r.sha256 = q.source_row_sha256),
     other AS (DELETE FROM ${tables.unfit} u USING dismissed d WHERE u.n = d.n)
     INSERT INTO ${tables.unfit} (n, reasons, columns) SELECT n, '{}', '{}' FROM dismissed`,
    [mapping.name],
  );
}

/**
 * Notes that the batch met them.
 *
 * @returns their number
 */
export async function recordLeftOut(
  session: TargetQueries,
  mapping: Mapping,
  ref: BatchRef,
  tables: StageTables,
): Promise<number> {
  const noted = await session.query(
    'load.dismissed',
    `INSERT INTO carryover.dismissal_occurrences (run_id, batch, migration, legacy_key)
     SELECT $2, $3, $1, ${stagedKey(mapping)} FROM ${tables.unfit} u JOIN ${tables.rows} r ON r.n = u.n WHERE ${isDismissed('u')}`,
    [mapping.name, ref.run, ref.batch],
  );
  return noted.rowCount ?? 0;
}

/** What an earlier load of the batch has noted. */
export async function forgetLeftOut(session: TargetQueries, ref: BatchRef): Promise<void> {
  await session.query(
    'load.forgetDismissed',
    'DELETE FROM carryover.dismissal_occurrences WHERE run_id = $1 AND batch = $2',
    [ref.run, ref.batch],
  );
}
