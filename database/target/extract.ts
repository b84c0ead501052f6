/** Streams a batch's rows from the source into a stage table of its own, and records what the source counted. */
import { namedColumns } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import { CarryoverError } from '../../shared/errors';
import type { ExtractResult } from '../../shared/messages';
import { isDone } from '../ledger/attempts';
import type { Attempt, BatchRow } from '../ledger/attempts';
import { readBatch } from '../source/read-batch';
import type { BatchCounts } from '../source/read-batch';
import type { BatchKeys } from '../source/expressions';
import type { Source } from '../source/open-source';
import { tableColumns } from '../source/table-columns';
import { createStage, dropStage } from './stage';
import type { StageTables } from './stage';

export const keysOf = ({ list, afterKey, lowerKey, toKey }: BatchRow): BatchKeys =>
  list === null ? { after: afterKey, from: lowerKey, to: toKey } : { list };

/** Nothing of the batch is to be extracted any more: its load has been committed. */
const alreadyLoaded = (batch: BatchRow, stage: string): ExtractResult => ({
  stage,
  source: batch.source,
  staged: 0,
  excluded: batch.excluded,
  loaded: true,
});

export async function extractBatch(
  attempt: Attempt,
  source: Source,
  mapping: Mapping,
  signal: AbortSignal,
): Promise<ExtractResult> {
  const { batch, session, ref, token } = attempt;
  if (isDone(batch)) return alreadyLoaded(batch, token);
  await dropStage(session, ref.run, ref.batch);
  const { counts } = await stageRows(attempt, source, mapping, signal);
  return attempt.fenced('extract', async (now) => {
    // A load of an earlier owner may have committed since this attempt began: it stands.
    if (isDone(now)) return alreadyLoaded(now, token);
    await session.query(
      'extract.record',
      `UPDATE carryover.batches
       SET state = 'running', extract_token = $3, staged = $4, source = $5, excluded = $6, excluded_by_decision = 0, pending = $4,
           inserted = 0, updated = 0, unchanged = 0, quarantined = 0, loaded_at = NULL, compared = NULL,
           differences = NULL, cause = NULL
       WHERE run_id = $1 AND batch = $2`,
      [ref.run, ref.batch, token, counts.read, counts.source, counts.excluded],
    );
    return { stage: token, source: counts.source, staged: counts.read, excluded: counts.excluded, loaded: false };
  });
}

/** Fills a stage table of the attempt's own with the batch's rows. */
export async function stageRows(
  attempt: Attempt,
  source: Source,
  mapping: Mapping,
  signal: AbortSignal,
): Promise<{ tables: StageTables; counts: BatchCounts }> {
  const { batch, session } = attempt;
  const tables = await createStage(attempt, mapping);
  const named = namedColumns(mapping);
  const others = (await tableColumns(source, mapping.source.table)).filter((column) => !named.includes(column));
  const { filled: counts, rows } = await session.copyFrom('extract.copy', `COPY ${tables.rows} FROM STDIN`, (open) =>
    readBatch(source, mapping, keysOf(batch), others, open, signal),
  );
  if (rows !== counts.read) throw new CarryoverError('DatabaseError', `the stage took ${rows} of ${counts.read} rows`);
  await session.query('extract.smallStatistics', 'SET default_statistics_target = 10');
  await session.query('extract.analyze', `ANALYZE ${tables.rows}`);
  await session.query('extract.usualStatistics', 'RESET default_statistics_target');
  return { tables, counts };
}
