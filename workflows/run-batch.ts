/** The six steps of one batch. */
import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import type { BatchRef, LoadResult } from '../shared/messages';
import { steps } from './activity-proxies';

/** Times that a batch whose stage was lost starts again at extract, before it is parked. */
const STAGE_ROUNDS = 4;

/** The failure type of an activity's error, if that is what it is. */
export function failureType(error: unknown): string | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure ? (cause.type ?? undefined) : undefined;
}

const named = (ref: BatchRef, step: string) => ({ summary: `${ref.migration} batch ${ref.batch}: ${step}` });

/**
 * Takes a batch through its steps; a lost stage sends it back to extract.
 *
 * @param loaded called as soon as the load is committed
 * @returns the number of differences that its validation found; with any the ledger has parked it
 */
export async function runBatch(
  ref: BatchRef,
  alreadyLoaded: boolean,
  loaded: (result: LoadResult) => void,
): Promise<number> {
  for (let round = 1; ; round += 1) {
    try {
      if (!alreadyLoaded || round > 1) await loadRows(ref, loaded);
      const { differences } = await steps.validate.executeWithOptions(named(ref, 'validate'), [ref]);
      return differences;
    } catch (error) {
      if (failureType(error) !== 'StageLost' || round === STAGE_ROUNDS) throw error;
    }
  }
}

async function loadRows(ref: BatchRef, loaded: (result: LoadResult) => void): Promise<void> {
  const extracted = await steps.extract.executeWithOptions(named(ref, 'extract'), [ref]);
  if (extracted.loaded) return;
  const staged = { ...ref, stage: extracted.stage };
  await steps.mapCases.executeWithOptions(named(ref, 'mapCases'), [staged]);
  await steps.mapActors.executeWithOptions(named(ref, 'mapActors'), [staged]);
  await steps.transform.executeWithOptions(named(ref, 'transform'), [staged]);
  loaded(await steps.load.executeWithOptions(named(ref, 'load'), [staged]));
}
