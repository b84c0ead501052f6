/** Closes an open run that nobody goes on with. */
import { CarryoverError } from '../../shared/errors';
import type { AbandonInput } from '../../shared/messages';
import type { Target } from '../target/session';
import { withTransaction } from '../target/transaction';
import { recordDecision } from './audit';
import { requireDeadOwner } from './owner';
import type { Advice, IsAlive, Owner, OwnerRow } from './owner';
import { closeRun, lockStarts } from './run-row';

interface Standing extends OwnerRow {
  readonly state: string;
  readonly base_run: string | null;
  readonly unfinished: string;
  readonly pending: string;
}

const READ = `
SELECT r.*, b.pending,
  (SELECT count(*) FROM carryover.batches x WHERE x.run_id = r.run_id AND x.state NOT IN ('validated', 'skipped')) AS unfinished
FROM carryover.runs r JOIN carryover.run_balance b USING (run_id) WHERE r.run_id = $1`;

const ADVICE: Advice = {
  alive: 'Wait for it, or send it the update cancel; a run can be abandoned once nobody works on it.',
  foreign:
    'Abandon it there; or, where nothing of it runs any more, start it here with "takeOver": "<why>", cancel ' +
    'that and abandon the run then.',
};

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
    const migration = await session.query<{ migration: string }>(
      'abandon.find',
      'SELECT migration FROM carryover.runs WHERE run_id = $1',
      [input.run],
    );
    // No start of the migration takes the run over while it is looked at.
    if (migration.rows.length > 0) await lockStarts(session, migration.rows[0]!.migration);
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
    const left =
      open.base_run === null
        ? `${open.pending} rows counted so far stay pending; a new start begins a new run`
        : `${open.pending} rows that it had not taken count as they did; \`carryover verify ${open.migration}\` says what is left`;
    const said = `run ${input.run} of ${open.migration} is abandoned: ${sayUnfinished(Number(open.unfinished))}, ${left}`;
    const isNew = await recordDecision(session, { ...entry, run: input.run, workflow: owner.workflow, decision });
    if (!isNew) return said;
    if (open.state !== 'open') {
      throw new CarryoverError(
        'InputRefused',
        `run ${input.run} is ${open.state} already; only an open run can be abandoned`,
      );
    }
    await requireDeadOwner(owner, open, isAlive, undefined, ADVICE);
    await closeRun(session, input.run, 'abandoned');
    return said;
  });
}

const sayUnfinished = (batches: number): string =>
  batches === 1 ? 'one batch was not finished' : `${batches} batches were not finished`;
