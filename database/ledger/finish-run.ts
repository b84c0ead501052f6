/** Ends a run: the ledger alone decides that it is finished, and the verdict is computed from what was found. */
import type { Headline } from '../../shared/messages';
import { DEFECTS } from '../../shared/findings';
import { decideVerdict } from '../../shared/verdict';
import type { Verdict } from '../../shared/verdict';
import { IS_ACCEPTED } from '../target/compare';
import type { Target, TargetQueries } from '../target/session';
import { withTransaction } from '../target/transaction';
import { behind, requireEpoch } from './epoch';
import { forgetVainImages } from './wrote';

/**
 * What a run was looked at for, a line each: its own comparisons, batch by batch, and what the verification that it ends
 * with has found. A verification that is not proven for a reason that no line has leaves one on its own.
 */
const CHECKS = `
SELECT 0 AS place, 0 AS position, 'checksum' AS name, coalesce(sum(compared), 0) AS compared,
  (SELECT count(*) FROM carryover.findings f WHERE run_id = $1 AND kind = ANY ($3) AND NOT ${IS_ACCEPTED}) AS found
FROM carryover.batches WHERE run_id = $1
UNION ALL
SELECT 1, 0, 'batches', count(*), count(*) FILTER (WHERE state NOT IN ('validated', 'skipped'))
FROM carryover.batches WHERE run_id = $1
UNION ALL
SELECT 2, 0, 'rows', coalesce(sum(source), 0), (
  SELECT count(*) FROM carryover.verification_findings
  WHERE verification_id = $2 AND range IS NOT NULL AND kind = ANY ($3) AND NOT accepted)
FROM carryover.verified_ranges WHERE verification_id = $2
UNION ALL
SELECT 3, position, name, coalesce(compared, 0), coalesce(found, 0) - (
  SELECT count(*) FROM carryover.verification_findings f
  WHERE f.verification_id = $2 AND f.check_name = c.name AND f.accepted)
FROM carryover.verification_checks c WHERE verification_id = $2
UNION ALL
SELECT 4, 0, 'verification', count(*), count(*) FILTER (WHERE state <> 'verified') FROM (
  SELECT state FROM carryover.verified_ranges WHERE verification_id = $2
  UNION ALL SELECT state FROM carryover.verification_checks WHERE verification_id = $2) l`;

/** The lines as they are stored; one that is not proven, though nothing was found, shows in the last. */
const STORE = `
INSERT INTO carryover.checks (run_id, position, name, compared, found)
SELECT $1, row_number() OVER (ORDER BY place, position) - 1, name, compared,
  CASE WHEN place = 4 AND v.verdict = 'not_proven' AND sum(found) OVER () = 0 THEN 1 ELSE found END
FROM (${CHECKS}) c, carryover.verifications v WHERE v.verification_id = $2`;

/**
 * Stores what was found, while the run is open and ours; a later round replaces an earlier one.
 *
 * @param verification one that is finished
 */
export async function storeChecks(target: Target, run: string, epoch: number, verification: string): Promise<void> {
  await withTransaction(target, 'checks', async (session) => {
    const found = await session.query<{ epoch: number; state: string; ends_with: string | null }>(
      'checks.lock',
      'SELECT epoch, state, verification_id AS ends_with FROM carryover.runs WHERE run_id = $1 FOR UPDATE',
      [run],
    );
    const [line] = found.rows;
    requireEpoch(run, epoch, line?.epoch);
    if (line!.state === 'finished') return;
    if (line!.ends_with !== verification) throw behind(`the ledger holds another verification of run ${run}`);
    await session.query('checks.forget', 'DELETE FROM carryover.checks WHERE run_id = $1', [run]);
    await session.query('checks.store', STORE, [run, verification, DEFECTS]);
  });
}

interface BalanceRow {
  readonly epoch: string;
  readonly state: string;
  readonly verdict: Verdict | null;
  readonly complete: boolean;
  readonly cut_to_end: boolean;
  readonly unfinished: string;
  /** Of these, the ones that a run does before it ends: those that differ are loaded, and it ends with them. */
  readonly undone: string;
  /** State of the verification that it ends with; null where there is none. */
  readonly verification: string | null;
  readonly found: string;
  readonly accepted: string;
  readonly source: string;
  readonly loaded: string;
  readonly inserted: string;
  readonly updated: string;
  readonly unchanged: string;
  readonly quarantined: string;
  readonly excluded: string;
  readonly pending: string;
}

const READ_BALANCE = `
SELECT r.epoch, r.cut_to_end, b.*,
  (SELECT v.state FROM carryover.verifications v WHERE v.verification_id = r.verification_id) AS verification,
  (SELECT count(*) FROM carryover.batches x WHERE x.run_id = $1 AND x.state NOT IN ('validated', 'skipped')) AS unfinished,
  (SELECT count(*) FROM carryover.batches x WHERE x.run_id = $1 AND x.state NOT IN ('validated', 'skipped')
     AND (x.state, x.cause) IS DISTINCT FROM ('parked', 'difference')) AS undone,
  (SELECT coalesce(sum(found), 0) FROM carryover.checks c WHERE c.run_id = $1) AS found,
  (SELECT count(*) FROM carryover.verification_findings f
   WHERE f.verification_id = r.verification_id AND f.accepted) AS accepted
FROM carryover.runs r JOIN carryover.run_standing b USING (run_id) WHERE r.run_id = $1`;

/**
 * Closes the run with its verdict; a run that is closed already is returned as it was.
 *
 * @throws CarryoverError `LedgerBehind` where something is left to do: whoever ends a run has asked for it before
 */
export const finishRun = (target: Target, run: string, epoch: number): Promise<Headline> =>
  withTransaction(target, 'finish', async (session) => {
    // What is read of it is what is closed: in one session, which does not outlive a restore of the target.
    await session.query('finish.lock', 'SELECT FROM carryover.runs WHERE run_id = $1 FOR NO KEY UPDATE', [run]);
    return close(session, run, epoch);
  });

async function close(target: TargetQueries, run: string, epoch: number): Promise<Headline> {
  const read = await target.query<BalanceRow>('finish.balance', READ_BALANCE, [run]);
  const row = read.rows[0];
  requireEpoch(run, epoch, row?.epoch);
  const number = (name: keyof BalanceRow): number => Number(row![name]);
  if (row!.state === 'open' && (!row!.cut_to_end || number('undone') > 0))
    throw behind(`the ledger holds batches of run ${run} that are not done`);
  if (row!.state === 'open' && row!.verification !== 'finished')
    throw behind(
      `the ledger holds the verification of run ${run} as ${row!.verification === null ? 'not begun' : 'under way'}`,
    );
  const checks = await target.query<{ name: string; compared: string; found: string }>(
    'finish.checks',
    'SELECT name, compared, found FROM carryover.checks WHERE run_id = $1',
    [run],
  );
  const balance = {
    source: number('source'),
    loaded: number('loaded'),
    quarantined: number('quarantined'),
    excluded: number('excluded'),
    pending: number('pending'),
  };
  const results = checks.rows.map((check) => ({
    name: check.name,
    compared: Number(check.compared),
    found: Number(check.found),
  }));
  const complete = row!.complete && number('unfinished') === 0;
  const verdict = row!.verdict ?? decideVerdict(balance, results, complete, number('accepted'));
  await target.query(
    'finish.close',
    // What was undone is so from the moment on in which its undo is over.
    `WITH closed AS (
       UPDATE carryover.runs SET state = 'finished', verdict = $3, finished_at = now()
       WHERE run_id = $1 AND epoch = $2 AND state = 'open' RETURNING undoes),
     forgotten AS (${forgetVainImages('$1')} AND EXISTS (SELECT FROM closed))
     UPDATE carryover.runs r SET state = 'undone' FROM closed WHERE r.run_id = closed.undoes`,
    [run, epoch, verdict],
  );
  return {
    verdict,
    ...balance,
    inserted: number('inserted'),
    updated: number('updated'),
    unchanged: number('unchanged'),
    findings: number('found'),
  };
}
