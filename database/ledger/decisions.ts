/** Takes a person's decision about a running run: audited, and what of it is the ledger's done, in one transaction. */
import { CarryoverError } from '../../shared/errors';
import type { Decision, Hold } from '../../shared/messages';
import { listBatches } from '../../shared/verb-requests';
import type { Verb } from '../../shared/names';
import type { Target, TargetQueries } from '../target/session';
import { withTransaction } from '../target/transaction';
import { recordDecision } from './audit';
import { requireEpoch } from './epoch';

export interface Sender {
  /** Identity as Temporal recorded it. */
  readonly who: string;
  readonly workflow: string;
}

/**
 * Takes a decision; one that was taken already changes nothing.
 *
 * @throws CarryoverError `Superseded` where the run has another owner, `InputRefused` where the ledger stands otherwise
 */
export async function takeDecision(target: Target, decision: Decision, sender: Sender): Promise<void> {
  const { run, migration, epoch, verb, update, batches, reason, by } = decision;
  await withTransaction(target, 'decide', async (session) => {
    await lockOpenRun(session, run, epoch, verb);
    const details = {
      ...(decision.concurrency === undefined ? {} : { concurrency: decision.concurrency }),
      ...(decision.maxParked === undefined ? {} : { maxParked: decision.maxParked }),
      ...(decision.maxQuarantine === undefined ? {} : { maxQuarantine: decision.maxQuarantine }),
      ...(decision.maxDeletes === undefined ? {} : { maxDeletes: decision.maxDeletes }),
    };
    const entry = { verb, by, reason, migration, run, batches, details, ...sender, decision: update };
    if (await recordDecision(session, entry)) await EFFECTS[verb](session, decision);
  });
}

/** Pauses a run by itself. */
export async function holdRun(target: Target, { run, epoch, cause }: Hold): Promise<void> {
  await withTransaction(target, 'hold', async (session) => {
    await lockOpenRun(session, run, epoch);
    await session.query(
      'hold.record',
      `UPDATE carryover.runs SET pause_cause = $2::text, paused_at = CASE WHEN $2 IS NOT NULL THEN now() END
       WHERE run_id = $1`,
      [run, cause],
    );
  });
}

/** @throws CarryoverError where the run is not this owner's, or closed */
async function lockOpenRun(session: TargetQueries, run: string, epoch: number, verb?: Verb): Promise<void> {
  const found = await session.query<{ epoch: string; state: string }>(
    'decide.lock',
    // Not FOR UPDATE: a decision need not wait for the loads that are under way.
    'SELECT epoch, state FROM carryover.runs WHERE run_id = $1 FOR NO KEY UPDATE',
    [run],
  );
  requireEpoch(run, epoch, found.rows[0]?.epoch);
  const { state } = found.rows[0]!;
  // A run whose report failed waits for `resume`, and is finished.
  if (state !== 'open' && !(state === 'finished' && verb === 'resume'))
    throw new CarryoverError('InputRefused', `run ${run} is ${state}: nothing of it can be changed`);
}

/** All of a decision, or nothing of it. */
function requireAll(batches: readonly number[], done: readonly { readonly batch: string }[], otherwise: string): void {
  const there = new Set(done.map(({ batch }) => Number(batch)));
  const not = batches.filter((batch) => !there.has(batch));
  if (not.length > 0) throw new CarryoverError('InputRefused', `${otherwise}: ${listBatches(not)}`);
}

type Effect = (session: TargetQueries, decision: Decision) => Promise<void>;

const EFFECTS: Readonly<Record<Decision['verb'], Effect>> = {
  retryBatch: async (session, { run, batches = [] }) => {
    await session.query(
      'decide.takeBack',
      `UPDATE carryover.batches
       SET state = 'parked', cause = 'no longer skipped', pending = pending + excluded_by_decision,
           excluded = excluded - excluded_by_decision, excluded_by_decision = 0
       WHERE run_id = $1 AND batch = ANY ($2) AND state = 'skipped'`,
      [run, batches],
    );
    // Its old stage is forgotten: what was staged before the cause was mended must not be loaded after.
    const begun = await session.query<{ batch: string }>(
      'decide.rerun',
      `UPDATE carryover.batches SET state = 'running', cause = NULL, extract_token = NULL
       WHERE run_id = $1 AND batch = ANY ($2) AND state = 'parked' RETURNING batch`,
      [run, batches],
    );
    requireAll(batches, begun.rows, 'nothing begins again: in the ledger, they are neither parked nor skipped');
  },
  skipBatch: async (session, { run, batches = [] }) => {
    const skipped = await session.query<{ batch: string }>(
      'decide.skip',
      `UPDATE carryover.batches
       SET state = 'skipped', cause = NULL, excluded = excluded + pending, excluded_by_decision = pending, pending = 0
       WHERE run_id = $1 AND batch = ANY ($2) AND state = 'parked' AND NOT ever_loaded RETURNING batch`,
      [run, batches],
    );
    requireAll(batches, skipped.rows, 'nothing was skipped: in the ledger, they are not parked, or have been loaded');
  },
  pause: async (session, { run, reason }) => {
    await session.query(
      'decide.pause',
      'UPDATE carryover.runs SET paused_at = now(), pause_cause = $2 WHERE run_id = $1',
      [run, reason ?? 'paused by an operator'],
    );
  },
  resume: async (session, { run, maxParked, maxQuarantine, maxDeletes }) => {
    await session.query(
      'decide.resume',
      `UPDATE carryover.runs SET paused_at = NULL, pause_cause = NULL, max_parked = coalesce($2, max_parked),
         max_quarantine = coalesce($3, max_quarantine), max_deletes = coalesce($4, max_deletes) WHERE run_id = $1`,
      [run, maxParked ?? null, maxQuarantine ?? null, maxDeletes ?? null],
    );
  },
  setConcurrency: async (session, { run, concurrency }) => {
    await session.query('decide.concurrency', 'UPDATE carryover.runs SET concurrency = $2 WHERE run_id = $1', [
      run,
      concurrency,
    ]);
  },
  // Its effect is Temporal's: the workflow ends, and the run stays open.
  cancel: () => Promise.resolve(),
};
