/** Whether a caller still owns the run it speaks of, and whether the ledger still knows it. */
import { CarryoverError } from '../../shared/errors';
import type { TargetQueries } from '../target/session';

/**
 * @param found epoch that the ledger holds; undefined where it knows no such run
 * @throws CarryoverError `Superseded` where another owner came after the caller, `LedgerBehind` where the ledger stands
 *   before what the caller has done: the target was restored to an earlier moment, and what it knows counts
 */
export function requireEpoch(run: string, expected: number, found: number | string | undefined): void {
  if (found === undefined) throw behind(`the ledger knows no run ${run}`);
  const epoch = Number(found);
  if (epoch > expected) {
    throw new CarryoverError(
      'Superseded',
      `run ${run} has another owner by now (epoch ${epoch}); this one stands back`,
    );
  }
  if (epoch < expected) throw behind(`the ledger holds run ${run} under an older owner (epoch ${epoch})`);
}

/** @throws CarryoverError as {@link requireEpoch} */
export async function requireOwnRun(target: TargetQueries, run: string, epoch: number): Promise<void> {
  const found = await target.query<{ epoch: string }>(
    'run.epoch',
    'SELECT epoch FROM carryover.runs WHERE run_id = $1',
    [run],
  );
  requireEpoch(run, epoch, found.rows[0]?.epoch);
}

export function behind(found: string): CarryoverError {
  return new CarryoverError(
    'LedgerBehind',
    `${found}: the target was restored to an earlier moment; the run goes on from what its ledger holds`,
  );
}
