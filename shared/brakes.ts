/** The brakes of a run: what stops it before a mistake becomes a large one. Pure, so that a workflow may ask. */
import type { LoadResult } from './messages';

export const DEFAULT_MAX_PARKED = 10;
/** Share of the rows read, 0 to 1. */
export const DEFAULT_MAX_QUARANTINE = 0.1;
/** Share of the loaded rows, 0 to 1. */
export const DEFAULT_MAX_DELETES = 0.01;

/** Rows read from which on the share of quarantined ones says something, while batches run and at their end. */
const LOOKED_AT_FROM = { running: 10_000, ended: 1_000 };

export interface Brakes {
  readonly maxParked: number;
  readonly maxQuarantine: number;
}

/**
 * Why a run must pause, in words that name the way on; null where no brake acts.
 *
 * @param held rows that were in quarantine before: that they stay there says nothing
 */
export function brakeOf(
  brakes: Brakes,
  parked: number,
  done: Pick<LoadResult, 'source' | 'quarantined' | 'excluded'>,
  ended: boolean,
  held = 0,
): string | null {
  if (parked > brakes.maxParked) {
    return (
      `${parked} batches are parked, more than maxParked (${brakes.maxParked}): mend their cause, send ` +
      `retryBatch and then resume; or resume with a higher one, such as {"maxParked": ${parked * 2}}`
    );
  }
  const read = done.source - done.excluded - held;
  const quarantined = done.quarantined - held;
  const enough = read >= (ended ? LOOKED_AT_FROM.ended : LOOKED_AT_FROM.running);
  if (enough && quarantined > read * brakes.maxQuarantine) {
    const share = quarantined / read;
    const next = Math.min(1, Math.ceil(share * 20 + 1) / 20);
    return (
      `${percent(share)} of the ${read} rows read are in quarantine, more than maxQuarantine ` +
      `(${percent(brakes.maxQuarantine)}): see why, then resume with a higher one, such as ` +
      `{"maxQuarantine": ${next}}`
    );
  }
  return null;
}

/**
 * Why a run must pause before it takes the first row away that is gone from the source; null where it need not.
 *
 * @param gone rows of the target, of `loaded` in all, that the source does not have any more
 */
export function deleteBrakeOf(maxDeletes: number, gone: number, loaded: number): string | null {
  const share = gone / loaded;
  // All may go where a person has said so. The share is compared, and not a product: 100 * 0.29 is less than 29.
  if (maxDeletes >= 1 || gone === 0 || share <= maxDeletes) return null;
  const what =
    gone === loaded ? `all ${loaded} loaded rows are` : `${gone} of ${loaded} loaded rows (${percent(share)}) are`;
  return (
    `${what} gone from the source, more than maxDeletes (${percent(maxDeletes)}); nothing was moved or taken away yet: see ` +
    `that it is the right source and that they are to go, then resume with a higher one, such as ` +
    `{"maxDeletes": ${Math.min(1, Math.ceil(share * 100) / 100)}}; or cancel, and abandon the run`
  );
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
