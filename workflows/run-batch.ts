/** The six steps of one batch. */
import type { BatchRef, LoadResult } from '../shared/messages';
import { failureType, steps } from './activity-proxies';

/** Times that a batch whose stage was lost starts again at extract, before it is parked. */
const STAGE_ROUNDS = 4;

const named = (ref: BatchRef, step: string) => ({ summary: `${ref.migration} batch ${ref.batch}: ${step}` });

/** What whoever carries a batch wants to hear of it. */
export interface Listener {
  /** A step has answered: both servers are there. */
  answered(): void;
  /** The load is committed; null where it was before, and is counted already. */
  loaded(result: LoadResult | null): void;
}

/**
 * Takes a batch through its steps; a lost stage sends it back to extract.
 *
 * @returns the number of differences that its validation found; with any the ledger has parked it
 */
export async function runBatch(ref: BatchRef, alreadyLoaded: boolean, listener: Listener): Promise<number> {
  for (let round = 1; ; round += 1) {
    try {
      if (!alreadyLoaded || round > 1) await loadRows(ref, listener);
      const { differences } = await steps.validate.executeWithOptions(named(ref, 'validate'), [ref]);
      listener.answered();
      return differences;
    } catch (error) {
      if (failureType(error) !== 'StageLost' || round === STAGE_ROUNDS) throw error;
    }
  }
}

/** Takes back what a batch of an earlier run did: one step, which loads and validates in one. */
export async function undoBatch(ref: BatchRef, listener: Listener): Promise<number> {
  const result = await steps.undo.executeWithOptions(named(ref, 'undo'), [ref]);
  listener.answered();
  listener.loaded(result);
  return 0;
}

async function loadRows(ref: BatchRef, listener: Listener): Promise<void> {
  const extracted = await steps.extract.executeWithOptions(named(ref, 'extract'), [ref]);
  listener.answered();
  if (extracted.loaded) return listener.loaded(null);
  const staged = { ...ref, stage: extracted.stage };
  for (const step of ['mapCases', 'mapActors', 'transform'] as const) {
    await steps[step].executeWithOptions(named(ref, step), [staged]);
    listener.answered();
  }
  const result = await steps.load.executeWithOptions(named(ref, 'load'), [staged]);
  listener.answered();
  listener.loaded(result);
}
