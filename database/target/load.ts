/**
 * The load of a batch: ONE transaction under the batch's row lock. Upsert by legacy key that writes only where something
 * differs, before-images of what it changes, keys of what it inserts, quarantine, lookups and the ledger's line.
 * Committed means done; not committed means nothing happened.
 */
import { referencesOf } from '../../mappings/mapping';
import { CarryoverError } from '../../shared/errors';
import type { TimedMapping } from '../converters/converter';
import type { LoadResult, StagedBatchRef } from '../../shared/messages';
import { isDone } from '../ledger/attempts';
import type { Attempt, BatchRow } from '../ledger/attempts';
import { recordLookups, recordQuarantine, settleReplayed } from '../ledger/outcomes';
import { keepQuarantine } from '../ledger/quarantine-images';
import { settleAbsent, settleKeys } from '../ledger/settled-keys';
import { recordTakenBack } from '../ledger/skipped';
import { forgetLeftOut, recordLeftOut } from '../quarantine/left-out';
import { stagedKey } from './expressions';
import { targetOfBatch } from './batch-keys';
import { keysOf } from './extract';
import { writeIsolating } from './isolate';
import { targetKeyText } from './legacy-key';
import { ledgerNotes } from './load-notes';
import type { LoadNotes } from './load-notes';
import { quotePgTable } from './quote';
import type { TargetQueries } from './session';
import { takeGone } from './gone';
import { requireStage, requireTable } from './stage';
import type { StageTables } from './stage';

export async function loadBatch(attempt: Attempt, mapping: TimedMapping, ref: StagedBatchRef): Promise<LoadResult> {
  if (isDone(attempt.batch)) return resultOf(attempt.batch);
  const tables = await requireStage(attempt, ref);
  for (const position of referencesOf(mapping).keys()) await requireTable(attempt, tables.reference(position));
  await requireTable(attempt, tables.unfit);
  return attempt.fenced('load', async (batch) => {
    // Another attempt may have committed while this one waited for the lock: its outcome is the batch's.
    if (isDone(batch)) return resultOf(batch);
    const { session } = attempt;
    await forgetEarlierLoad(session, ref);
    // A deferred constraint would refuse at the commit, where nobody could tell which row.
    await session.query('load.immediate', 'SET CONSTRAINTS ALL IMMEDIATE');
    const notes = ledgerNotes(attempt, mapping, tables);
    const fresh = await isFresh(attempt, mapping, tables, notes);
    const written = await writeIsolating(attempt, mapping, tables, notes, fresh, batch.staged ?? 0);
    await keepQuarantine(session, mapping, ref, tables);
    await settleReplayed(session, ref, stagedKey(mapping), tables);
    const quarantined = await recordQuarantine(session, mapping, ref, tables);
    const dismissed = await recordLeftOut(session, mapping, ref, tables);
    await recordLookups(session, mapping, ref, tables);
    if (batch.takesBack) await recordTakenBack(session, mapping, ref, tables);
    if (batch.takesBack || batch.list !== null) await settleKeys(session, mapping, ref, tables);
    if (batch.list !== null) await settleAbsent(session, mapping, ref, tables);
    const takenAway = batch.gone === null ? 0 : await takeGone(attempt, mapping, batch, tables);
    // Counted here and not before: a stage that was emptied meanwhile must not pass for rows that are unchanged.
    const fit = await countFit(attempt, tables);
    const excluded = batch.excluded + dismissed;
    if (fit + quarantined + excluded !== batch.source) {
      throw new CarryoverError(
        'StageLost',
        `batch ${ref.batch} has ${batch.source} source rows, but ${fit + quarantined} staged ones and ${excluded} ` +
          `excluded: its stage is not whole, and it starts again at extract`,
      );
    }
    const unchanged = fit - written.inserted - written.updated;
    // The ledger's CHECK compares them once more with `source`, as the source server counted it.
    await session.query(
      'load.record',
      `UPDATE carryover.batches
       SET state = 'loaded', loaded_at = now(), ever_loaded = true, inserted = $3, updated = $4, unchanged = $5, quarantined = $6,
           excluded = $7, excluded_by_decision = $8, pending = 0, cause = NULL, taken_away = taken_away + $9
       WHERE run_id = $1 AND batch = $2`,
      [ref.run, ref.batch, written.inserted, written.updated, unchanged, quarantined, excluded, dismissed, takenAway],
    );
    const away = batch.takenAway + takenAway;
    return {
      source: batch.source,
      ...written,
      unchanged,
      quarantined,
      excluded,
      ...(away === 0 ? {} : { takenAway: away }),
    };
  });
}

export const resultOf = ({
  source,
  inserted,
  updated,
  unchanged,
  quarantined,
  excluded,
  takenAway,
}: BatchRow): LoadResult => ({
  source,
  inserted,
  updated,
  unchanged,
  quarantined,
  excluded,
  ...(takenAway === 0 ? {} : { takenAway }),
});

/** A batch that was parked after its load is loaded anew: its lines are written again, its images stay. */
async function forgetEarlierLoad(session: TargetQueries, ref: StagedBatchRef): Promise<void> {
  const batch = [ref.run, ref.batch];
  await session.query(
    'load.forgetQuarantine',
    'DELETE FROM carryover.quarantine_occurrences WHERE run_id = $1 AND batch = $2',
    batch,
  );
  await forgetLeftOut(session, ref);
  await session.query('load.forgetLookups', 'DELETE FROM carryover.lookups WHERE run_id = $1 AND batch = $2', batch);
  await session.query('load.forgetFindings', 'DELETE FROM carryover.findings WHERE run_id = $1 AND batch = $2', batch);
}

async function countFit(attempt: Attempt, tables: StageTables): Promise<number> {
  const counted = await attempt.session.query<{ rows: string }>(
    'load.countFit',
    `SELECT count(*) AS rows FROM ${tables.rows} r WHERE NOT EXISTS (SELECT FROM ${tables.unfit} u WHERE u.n = r.n)`,
  );
  return Number(counted.rows[0]!.rows);
}

/** True where the target holds no row of the batch, and no earlier run loaded any: then a plain INSERT will do. */
export async function isFresh(
  { session, batch }: Pick<Attempt, 'session' | 'batch'>,
  mapping: TimedMapping,
  tables: StageTables,
  { loadedBefore }: Pick<LoadNotes, 'loadedBefore'>,
): Promise<boolean> {
  const target = quotePgTable(mapping.target.schema, mapping.target.table);
  const ofBatch =
    targetOfBatch(mapping, keysOf(batch), 't') ??
    `EXISTS (SELECT FROM ${tables.rows} r WHERE ${stagedKey(mapping)} = ${targetKeyText(mapping, 't')})`;
  const found = await session.query<{ any: boolean }>(
    'load.isFresh',
    `SELECT EXISTS (SELECT FROM ${target} t WHERE ${ofBatch}) OR EXISTS (${loadedBefore.sql}) AS any`,
    loadedBefore.values,
  );
  return !found.rows[0]!.any;
}
