/** Compares a loaded batch's rows on both servers and records the outcome in the batch's ledger line. */
import type { TimedMapping } from '../converters/converter';
import { CarryoverError } from '../../shared/errors';
import type { ValidateResult } from '../../shared/messages';
import type { Attempt } from '../ledger/attempts';
import type { Source } from '../source/open-source';
import { compareBatch } from './compare';
import { keysOf } from './extract';
import { dropStage } from './stage';

/**
 * @returns what was compared and found; with differences the batch is parked with cause `difference`
 * @throws CarryoverError `StageLost` where the batch is not loaded (any more)
 */
export async function validateBatch(
  attempt: Attempt,
  source: Source,
  mapping: TimedMapping,
  signal: AbortSignal,
): Promise<ValidateResult> {
  const { batch, session, ref } = attempt;
  // An answer that got lost, or a history that was reset: what was found stands, and nothing is compared twice.
  if (batch.state === 'skipped') return { compared: 0, differences: 0 };
  const differed = batch.state === 'parked' && (batch.validated?.differences ?? 0) > 0;
  if (batch.validated !== null && (batch.state === 'validated' || differed)) return batch.validated;
  if (batch.state !== 'loaded') {
    throw new CarryoverError(
      'StageLost',
      `batch ${ref.batch} is ${batch.state}, not loaded; it starts again at extract`,
    );
  }
  const result = await compareBatch(attempt, source, mapping, keysOf(batch), signal);
  return attempt.fenced('validate', async (now) => {
    // Another attempt may have committed meanwhile: what it found is the batch's outcome.
    if (now.state === 'validated' && now.validated !== null) return now.validated;
    await session.query(
      'validate.record',
      `UPDATE carryover.batches
       SET state = $3, validated_at = CASE WHEN $3 = 'validated' THEN now() END, compared = $4, differences = $5,
           cause = CASE WHEN $3 = 'parked' THEN 'difference' END
       WHERE run_id = $1 AND batch = $2`,
      [ref.run, ref.batch, result.differences === 0 ? 'validated' : 'parked', result.compared, result.differences],
    );
    // The stage has served until here; what a run leaves is its ledger.
    await dropStage(session, ref.run, ref.batch);
    return result;
  });
}
