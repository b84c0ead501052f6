/** Ends a verification: its verdict is computed from what was found, and from what could not be looked at. */
import { CarryoverError } from '../../shared/errors';
import { DEFECTS, MOVEMENTS } from '../../shared/findings';
import type { VerifyResult } from '../../shared/verification';
import { verifiedVerdict } from '../../shared/verdict';
import type { Verdict } from '../../shared/verdict';
import type { Target, TargetQueries } from '../target/session';
import { withTransaction } from '../target/transaction';
import { isLeftOut } from './skipped';

interface Line {
  readonly migration: string;
  readonly final: boolean;
  readonly verdict: Verdict | null;
  readonly complete: boolean;
  readonly left_out: boolean;
  readonly source: string;
  readonly loaded: string;
  readonly quarantined: string;
  readonly excluded: string;
  readonly pending: string;
  readonly defects: string;
  readonly accepted: string;
  readonly moved: string;
  readonly named: string;
  readonly faults: string;
  readonly not_verified: string;
  readonly looked: string;
}

/** Rows that were named count once: as findings, and not with the check that named them. */
const READ = `
SELECT v.migration, v.final, v.verdict, (v.partial OR b.complete AND p.undone = 0) AND NOT s.any_pending AS complete,
       -- Rows that were dismissed are among the excluded ones, while they are.
       s.any_excluded OR NOT v.partial AND EXISTS (
         SELECT FROM carryover.batches k WHERE k.run_id = v.run_id AND k.excluded_by_decision > 0 AND ${isLeftOut('k')}) AS left_out, s.*, f.*, c.faults,
       s.open_ranges + c.open_checks AS not_verified, s.ranges + c.checks AS looked
FROM carryover.verifications v JOIN carryover.run_balance b USING (run_id),
LATERAL (
  -- Rows that an undo took out, and that no run has brought back.
  SELECT count(*) FILTER (WHERE now = 'pending') - count(*) FILTER (WHERE was = 'pending') AS undone
  FROM carryover.settled_keys x WHERE x.base_run = v.run_id) p,
LATERAL (
  SELECT coalesce(sum(source), 0) AS source, coalesce(sum(loaded), 0) AS loaded,
         coalesce(sum(quarantined), 0) AS quarantined, coalesce(sum(excluded), 0) AS excluded,
         coalesce(sum(pending), 0) AS pending, count(*) AS ranges, count(*) FILTER (WHERE state <> 'verified') AS open_ranges,
         -- As planned: what was not done then was not looked at, whatever became of it since.
         coalesce(bool_or(fate = 'pending'), false) AS any_pending, coalesce(bool_or(fate = 'excluded'), false) AS any_excluded
  FROM carryover.verified_ranges x WHERE x.verification_id = v.verification_id) s,
LATERAL (
  SELECT count(*) FILTER (WHERE kind = ANY ($2) AND NOT accepted) AS defects, count(*) FILTER (WHERE accepted) AS accepted,
         count(*) FILTER (WHERE range IS NULL AND kind = ANY ($2)) AS named, count(*) FILTER (WHERE kind = ANY ($3)) AS moved
  FROM carryover.verification_findings x WHERE x.verification_id = v.verification_id) f,
LATERAL (
  SELECT coalesce(sum(found), 0) AS faults, count(*) AS checks, count(*) FILTER (WHERE state <> 'verified') AS open_checks
  FROM carryover.verification_checks x WHERE x.verification_id = v.verification_id) c
WHERE v.verification_id = $1`;

/** Closes it; one that is closed already is returned as it was. */
export const finishVerification = (target: Target, verification: string): Promise<VerifyResult> =>
  withTransaction(target, 'verify.finish', async (session) => {
    // What is read of it is what is closed: in one session, which does not outlive a restore of the target.
    await session.query(
      'verify.lock',
      'SELECT FROM carryover.verifications WHERE verification_id = $1 FOR NO KEY UPDATE',
      [verification],
    );
    return close(session, verification);
  });

async function close(target: TargetQueries, verification: string): Promise<VerifyResult> {
  const read = await target.query<Line>('verify.verdict', READ, [verification, DEFECTS, MOVEMENTS]);
  const [line] = read.rows;
  if (line === undefined) {
    throw new CarryoverError(
      'LedgerBehind',
      `the ledger knows no verification ${verification}: the target was restored; verify anew`,
    );
  }
  const figures = {
    source: Number(line.source),
    loaded: Number(line.loaded),
    quarantined: Number(line.quarantined),
    excluded: Number(line.excluded),
    pending: Number(line.pending),
    defects: Number(line.defects) + Number(line.faults) - Number(line.named),
    accepted: Number(line.accepted),
    moved: Number(line.moved),
    notVerified: Number(line.not_verified),
  };
  const verdict =
    line.verdict ??
    verifiedVerdict({
      ...figures,
      looked: Number(line.looked),
      complete: line.complete,
      leftOut: line.left_out,
      final: line.final,
    });
  await target.query(
    'verify.close',
    `UPDATE carryover.verifications SET state = 'finished', verdict = $2, finished_at = now()
     WHERE verification_id = $1 AND state = 'open'`,
    [verification, verdict],
  );
  return { verification, migration: line.migration, verdict, ...figures };
}
