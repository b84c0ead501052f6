/** The run whose batches a verification goes by: the migration's latest full one, or that of the run that it ends. */
import { CarryoverError } from '../../shared/errors';
import type { TargetQueries } from '../target/session';
import { requireSameHands } from './attempts';
import type { Hands } from './attempts';
import { changedServers } from './changes';
import { requireEpoch } from './epoch';

export interface VerifiedRun {
  readonly run_id: string;
  readonly cut_to_end: boolean;
  readonly source_identity: object;
  readonly target_identity: object;
}

/** A run as its owner names it. */
export interface OwnRun {
  readonly run: string;
  readonly epoch: number;
}

/** @throws CarryoverError `InputRefused` where there is none, `MappingChanged` where it ran on other servers */
export async function latestRun(
  session: TargetQueries,
  migration: string,
  servers: { readonly sourceIdentity: object; readonly targetIdentity: object },
): Promise<VerifiedRun> {
  const found = await session.query<VerifiedRun>(
    'verify.latestRun',
    `SELECT run_id, cut_to_end, source_identity, target_identity FROM carryover.runs
     WHERE migration = $1 AND mode = 'full' ORDER BY run_id DESC LIMIT 1`,
    [migration],
  );
  const [run] = found.rows;
  if (run === undefined) {
    throw new CarryoverError(
      'InputRefused',
      `${migration} has not been migrated: there is nothing to verify. Start migrate first.`,
    );
  }
  const changed = changedServers(run, servers);
  if (changed.length > 0) {
    throw new CarryoverError(
      'MappingChanged',
      `${changed.join(' and ')} of this worker is not that of run ${run.run_id} of ${migration}, so nothing of it can be ` +
        `proved here: let a worker verify that has the run's servers; if they moved, migrate on the new ones first`,
    );
  }
  return run;
}

/**
 * Locks the run's line.
 *
 * @returns the run itself; the full run where it takes but some rows again
 * @throws CarryoverError as the steps of a batch do
 */
export async function ownRun(session: TargetQueries, { run, epoch }: OwnRun, hands: Hands): Promise<VerifiedRun> {
  const found = await session.query<VerifiedRun & { epoch: number; fingerprint: string }>(
    'verify.ownRun',
    `SELECT b.run_id, b.cut_to_end, r.source_identity, r.target_identity, r.epoch, r.fingerprint
     FROM carryover.runs r JOIN carryover.runs b ON b.run_id = coalesce(r.base_run, r.run_id)
     WHERE r.run_id = $1 FOR UPDATE OF r`,
    [run],
  );
  const [line] = found.rows;
  requireEpoch(run, epoch, line?.epoch);
  requireSameHands(`run ${run}`, line!, hands);
  return line!;
}

/** Has a run that is open end with a verification, whichever it was to end with before. */
export async function endWith(session: TargetQueries, run: string, verification: string): Promise<void> {
  await session.query(
    'verify.endWith',
    `UPDATE carryover.runs SET verification_id = $2 WHERE run_id = $1 AND state = 'open'`,
    [run, verification],
  );
}
