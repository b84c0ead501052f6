/** Closes an open run that nobody goes on with. */
import { CarryoverError } from '../../shared/errors';
import type { AbandonInput } from '../../shared/messages';
import type { Target } from '../target/session';
import { withTransaction } from '../target/transaction';
import { recordDecision } from './audit';
import { lockAgainstLoads } from './backends';
import { requireDeadOwner } from './owner';
import type { IsAlive, Owner, OwnerRow } from './owner';
import { closeRun } from './run-row';

interface Standing extends OwnerRow {
  readonly state: string;
  readonly epoch: string;
  readonly unfinished: string;
  readonly pending: string;
}

const READ = `
SELECT r.*, b.pending,
  (SELECT count(*) FROM carryover.batches x WHERE x.run_id = r.run_id AND x.state NOT IN ('validated', 'skipped')) AS unfinished
FROM carryover.runs r JOIN carryover.run_balance b USING (run_id) WHERE r.run_id = $1`;

/**
 * @param owner the workflow that carries the decision; its cluster and namespace must be those of the run's owner
 * @returns what was done, in words
 * @throws CarryoverError `InputRefused` where there is no such open run, `AlreadyRunning` where its owner lives or cannot
 *   be asked about
 */
export async function abandonRun(
  target: Target,
  input: AbandonInput,
  owner: Owner,
  who: string,
  isAlive: IsAlive,
): Promise<string> {
  return withTransaction(target, 'abandon', async (session) => {
    const found = await session.query<Standing>('abandon.read', READ, [input.run]);
    const open = found.rows[0];
    if (open === undefined) {
      throw new CarryoverError(
        'InputRefused',
        `the ledger knows no run ${input.run}; \`carryover status\` lists the latest`,
      );
    }
    const entry = { verb: 'abandon', who, by: input.by, reason: input.reason, migration: open.migration };
    const decision = `abandon ${owner.firstRun}`;
    const said =
      `run ${input.run} of ${open.migration} is abandoned: ${open.unfinished} batches were not finished, ${open.pending} ` +
      `rows counted so far stay pending; a new start begins a new run`;
    const isNew = await recordDecision(session, { ...entry, run: input.run, workflow: owner.workflow, decision });
    if (!isNew) return said;
    if (open.state !== 'open') {
      throw new CarryoverError(
        'InputRefused',
        `run ${input.run} is ${open.state} already; only an open run can be abandoned`,
      );
    }
    await requireDeadOwner(owner, open, isAlive, undefined);
    // A start that took the run over in between has raised its epoch, and is found here.
    await lockAgainstLoads(session, input.run);
    const now = await session.query<Standing>('abandon.readAgain', READ, [input.run]);
    if (now.rows[0]!.epoch !== open.epoch) await requireDeadOwner(owner, now.rows[0]!, isAlive, undefined);
    await closeRun(session, input.run, 'abandoned');
    return said;
  });
}
