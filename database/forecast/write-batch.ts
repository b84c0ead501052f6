/** Writes a batch as the load does, and notes nothing; twice where a writer beside it may have confused the first attempt. */
import { CarryoverError } from '../../shared/errors';
import type { TimedMapping } from '../converters/converter';
import type { Attempt } from '../ledger/attempts';
import { FOR_ANOTHER, writeIsolating } from '../target/isolate';
import { isFresh } from '../target/load';
import { quotePgTable } from '../target/quote';
import type { StageTables } from '../target/stage';
import type { Written } from '../target/write-rows';
import { forecastNotes } from './notes';

/** Writes of one batch, each of which met rows that came since the one before: more is no accident. */
const WRITES = 5;

/**
 * A run owns its migration, and nobody else writes its rows; a forecast may run beside one. Rows that the run commits between
 * the look at the target and the write look like duplicates, or like rows that somebody deleted. What is so in truth is so
 * once more.
 *
 * @returns the refusal where the load would park the batch
 * @throws CarryoverError `Contention` where others write the same rows again and again
 */
export async function writeBatch(
  attempt: Attempt,
  mapping: TimedMapping,
  tables: StageTables,
): Promise<Written | CarryoverError> {
  const { session } = attempt;
  await session.query('forecast.immediate', 'SET CONSTRAINTS ALL IMMEDIATE');
  let before: string | null = null;
  for (let time = 1; time <= WRITES; time += 1) {
    await session.query('forecast.tellAnew', 'DELETE FROM told');
    await session.query('forecast.savepoint', 'SAVEPOINT batch');
    const outcome = await writeOnce(attempt, mapping, tables);
    const doubt = await doubtOf(attempt, mapping, tables, outcome);
    const isSure = doubt === null || doubt === before;
    if (isSure && !(outcome instanceof CarryoverError)) {
      await session.query('forecast.release', 'RELEASE SAVEPOINT batch');
      return outcome;
    }
    // As in a run: nothing of a parked batch is in the target when the next one is loaded.
    await session.query('forecast.takeBack', 'ROLLBACK TO SAVEPOINT batch; RELEASE SAVEPOINT batch');
    if (isSure) return outcome;
    before = doubt;
  }
  throw new CarryoverError(
    'Contention',
    `others write the rows of batch ${attempt.ref.batch} of ${mapping.name} while it is forecast; it is tried again`,
  );
}

async function writeOnce(
  attempt: Attempt,
  mapping: TimedMapping,
  tables: StageTables,
): Promise<Written | CarryoverError> {
  const notes = forecastNotes(attempt, mapping, tables);
  try {
    const fresh = await isFresh(attempt, mapping, tables, notes);
    return await writeIsolating(attempt, mapping, tables, notes, fresh, attempt.batch.staged ?? 0);
  } catch (error) {
    if (!(error instanceof CarryoverError) || error.type !== 'RowsRefused') throw error;
    return error;
  }
}

/** What a writer beside us may have made it look like, as figures that can be compared; null where nothing is of that kind. */
async function doubtOf(
  { session }: Attempt,
  { target }: TimedMapping,
  tables: StageTables,
  outcome: Written | CarryoverError,
): Promise<string | null> {
  if (outcome instanceof CarryoverError) return FOR_ANOTHER.includes(outcome.code ?? '') ? 'refused' : null;
  const found = await session.query<{ refused: string; deleted: string }>(
    'forecast.doubt',
    `SELECT (SELECT count(*) FROM ${tables.unfit} u
             WHERE u.reasons[1] = 'constraint_rejected' AND u.columns[1] IN (
               SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
               WHERE i.indrelid = $1::regclass AND (i.indisunique OR i.indisexclusion))) AS refused,
            (SELECT count(*) FROM told WHERE kind = 'deleted_in_target') AS deleted`,
    [quotePgTable(target.schema, target.table)],
  );
  const { refused, deleted } = found.rows[0]!;
  return refused === '0' && deleted === '0' ? null : `${refused} refused, ${deleted} deleted`;
}
