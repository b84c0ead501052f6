/** A person's decision that something may be as it is: an exception from then on, as long as both sides are as they were. */
import { CarryoverError, listProblems } from '../../shared/errors';
import { DEFECTS } from '../../shared/findings';
import type { AcceptInput } from '../../shared/accept-input';
import type { Target, TargetQueries } from '../target/session';
import { withTransaction } from '../target/transaction';

export interface Decider {
  readonly workflow: string;
  /** Run of the workflow: a decision that is delivered twice takes effect once. */
  readonly workflowRun: string;
  /** Identity as Temporal recorded it. */
  readonly who: string;
}

interface Wanted {
  readonly finding_id: string;
  readonly kind: string;
  readonly evidence: string | null;
}

/**
 * Accepts findings of a verification that is over.
 *
 * @returns what was done, in words
 * @throws CarryoverError `InputRefused` where any of them cannot be accepted: then none is
 */
export async function acceptFindings(target: Target, input: AcceptInput, decider: Decider): Promise<string> {
  const { migration, verification, reason, by } = input;
  return withTransaction(target, 'accept', async (session) => {
    await requireFinished(session, input);
    const wanted = await readWanted(session, input);
    const problems = problemsOf(input, wanted);
    if (problems.length > 0) throw new CarryoverError('InputRefused', listProblems('Nothing was accepted:', problems));
    await session.query(
      'accept.record',
      `INSERT INTO carryover.accepted_findings
         (migration, kind, legacy_key, evidence, reason, who, claimed_by, workflow, workflow_run)
       SELECT DISTINCT $1, kind, legacy_key, evidence, $3, $4, $5::text, $6, $7 FROM carryover.findings
       WHERE finding_id = ANY ($2::bigint[])
       ON CONFLICT DO NOTHING`,
      [
        migration,
        wanted.map(({ finding_id: finding }) => finding),
        reason,
        decider.who,
        by ?? null,
        decider.workflow,
        decider.workflowRun,
      ],
    );
    const counted = await session.query<{ accepted: string }>(
      'accept.count',
      'SELECT count(*) AS accepted FROM carryover.accepted_findings WHERE workflow_run = $1',
      [decider.workflowRun],
    );
    const accepted = Number(counted.rows[0]!.accepted);
    const before = wanted.length - accepted;
    return (
      `${accepted} of verification ${verification} ${accepted === 1 ? 'is' : 'are'} accepted` +
      `${before > 0 ? `, ${before} had been before` : ''}: exceptions from the next verification on, as long as both ` +
      `sides are as they were`
    );
  });
}

async function requireFinished(session: TargetQueries, { migration, verification }: AcceptInput): Promise<void> {
  const found = await session.query<{ migration: string; state: string }>(
    'accept.verification',
    'SELECT migration, state FROM carryover.verifications WHERE verification_id = $1',
    [verification],
  );
  const [line] = found.rows;
  if (line?.migration === migration && line.state === 'finished') return;
  const why =
    line?.migration === migration
      ? 'has not ended: what it will find nobody knows yet'
      : `is none of ${migration}; \`carryover findings ${migration}\` names the latest`;
  throw new CarryoverError('InputRefused', `Nothing was accepted: verification ${verification} ${why}.`);
}

async function readWanted(session: TargetQueries, { verification, kinds, findings }: AcceptInput): Promise<Wanted[]> {
  const found = await session.query<Wanted>(
    'accept.wanted',
    `SELECT finding_id, kind, evidence FROM carryover.findings
     WHERE verification_id = $1 AND (kind = ANY ($2::text[]) OR finding_id = ANY ($3::bigint[]))
     ORDER BY finding_id`,
    [verification, kinds ?? [], findings ?? []],
  );
  return found.rows;
}

function problemsOf({ verification, kinds, findings }: AcceptInput, wanted: readonly Wanted[]): string[] {
  const known = new Set(wanted.map(({ finding_id: finding }) => finding));
  const unknown = (findings ?? []).filter((finding) => !known.has(finding));
  const moved = wanted.filter(({ kind }) => !DEFECTS.some((defect) => defect === kind));
  const list = (numbers: readonly string[]): string => numbers.slice(0, 20).join(', ');
  return [
    ...(unknown.length > 0 ? [`verification ${verification} has no finding ${list(unknown)}`] : []),
    ...(moved.length > 0
      ? [
          `${list(moved.map(({ finding_id: finding }) => finding))}: what has moved is no defect, and needs no acceptance`,
        ]
      : []),
    ...(kinds !== undefined && wanted.length === 0 ? [`verification ${verification} found nothing of that kind`] : []),
  ];
}
