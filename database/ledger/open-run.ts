/**
 * Opens a run, or goes on with the one that is open: who owns a migration's run is decided here, under a lock, by the
 * ledger and by what Temporal says of the owner.
 */
import { CarryoverError } from '../../shared/errors';
import type { RunPlan } from '../../shared/messages';
import type { LegacyKey } from '../source/expressions';
import type { Target, TargetQueries } from '../target/session';
import { withTransaction } from '../target/transaction';

/** A workflow chain: its id and the first run of it, in a namespace of a cluster. */
export interface Owner {
  readonly cluster: string;
  readonly namespace: string;
  readonly workflow: string;
  readonly firstRun: string;
  readonly currentRun: string;
}

/** What a new run is to be; bounds are null where the source table is empty. */
export interface NewRun {
  readonly migration: string;
  readonly fingerprint: string;
  readonly input: unknown;
  readonly batchRows: number;
  readonly concurrency: number;
  readonly lower: LegacyKey | null;
  readonly upper: LegacyKey | null;
  readonly estimatedRows: number;
  readonly targetRowsBefore: number;
  readonly sourceIdentity: unknown;
  readonly targetIdentity: unknown;
}

interface OpenRun {
  readonly run_id: string;
  readonly fingerprint: string;
  readonly batch_rows: string;
  readonly concurrency: string;
  readonly estimated_rows: string;
  readonly epoch: string;
  readonly owner_cluster: string;
  readonly owner_namespace: string;
  readonly owner_workflow: string;
  readonly owner_first_run: string;
  readonly owner_current_run: string;
  readonly source_identity: unknown;
  readonly target_identity: unknown;
}

/** The open run of a migration, if there is one. */
export async function findOpenRun(target: TargetQueries, migration: string): Promise<OpenRun | null> {
  const found = await target.query<OpenRun>(
    'run.find',
    `SELECT * FROM carryover.runs WHERE migration = $1 AND state = 'open'`,
    [migration],
  );
  return found.rows[0] ?? null;
}

/**
 * @param isAlive asks Temporal whether a workflow chain of this cluster and namespace still runs
 * @param describe makes the new run's facts; called only where none is open
 * @throws CarryoverError `AlreadyRunning` where the open run's owner lives or cannot be asked about, `MappingChanged`
 *   where the mapping or one of the servers is not the one that the open run began with
 */
export async function openRun(
  target: Target,
  owner: Owner,
  run: Pick<NewRun, 'migration' | 'fingerprint' | 'sourceIdentity' | 'targetIdentity'>,
  isAlive: (workflow: string, firstRun: string) => Promise<boolean>,
  describe: () => Promise<NewRun>,
): Promise<RunPlan> {
  // Described before the lock is taken: the source is asked to count, and no transaction should wait for that.
  const described = (await findOpenRun(target, run.migration)) === null ? await describe() : null;
  return withTransaction(target, 'run.open', async (session) => {
    // One start at a time: two that arrive together must not both find nothing.
    await session.query('run.lock', 'SELECT pg_advisory_xact_lock(hashtextextended($1, 7))', [
      `carryover run ${run.migration}`,
    ]);
    const open = await findOpenRun(session, run.migration);
    return open === null
      ? insertRun(session, owner, described ?? (await describe()))
      : goOn(session, owner, run, open, isAlive);
  });
}

async function insertRun(session: TargetQueries, owner: Owner, run: NewRun): Promise<RunPlan> {
  const inserted = await session.query<{ run_id: string }>(
    'run.insert',
    `INSERT INTO carryover.runs (migration, mode, fingerprint, input, lower_key, upper_key, batch_rows, concurrency,
       estimated_rows, target_rows_before, cut_to_end, source_identity, target_identity, owner_cluster,
       owner_namespace, owner_workflow, owner_first_run, owner_current_run)
     VALUES ($1, 'full', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) RETURNING run_id`,
    [
      run.migration, run.fingerprint, JSON.stringify(run.input), run.lower && JSON.stringify(run.lower),
      run.upper && JSON.stringify(run.upper), run.batchRows, run.concurrency, run.estimatedRows, run.targetRowsBefore,
      run.upper === null, JSON.stringify(run.sourceIdentity), JSON.stringify(run.targetIdentity), owner.cluster,
      owner.namespace, owner.workflow, owner.firstRun, owner.currentRun,
    ], // prettier-ignore
  );
  return {
    run: inserted.rows[0]!.run_id,
    migration: run.migration,
    epoch: 1,
    batchRows: run.batchRows,
    concurrency: run.concurrency,
    estimatedRows: run.estimatedRows,
    resumed: false,
  };
}

async function goOn(
  session: TargetQueries,
  owner: Owner,
  run: Pick<NewRun, 'migration' | 'fingerprint' | 'sourceIdentity' | 'targetIdentity'>,
  open: OpenRun,
  isAlive: (workflow: string, firstRun: string) => Promise<boolean>,
): Promise<RunPlan> {
  const sameChain =
    open.owner_cluster === owner.cluster &&
    open.owner_namespace === owner.namespace &&
    open.owner_workflow === owner.workflow &&
    open.owner_first_run === owner.firstRun;
  if (!sameChain) await requireDeadOwner(owner, open, run.migration, isAlive);
  requireUnchanged(open, run);
  let epoch = Number(open.epoch);
  if (open.owner_current_run !== owner.currentRun) {
    epoch += 1;
    await session.query(
      'run.own',
      `UPDATE carryover.runs SET epoch = $2, owner_cluster = $3, owner_namespace = $4, owner_workflow = $5,
         owner_first_run = $6, owner_current_run = $7 WHERE run_id = $1`,
      [open.run_id, epoch, owner.cluster, owner.namespace, owner.workflow, owner.firstRun, owner.currentRun],
    );
  }
  return {
    run: open.run_id,
    migration: run.migration,
    epoch,
    batchRows: Number(open.batch_rows),
    concurrency: Number(open.concurrency),
    estimatedRows: Number(open.estimated_rows),
    resumed: true,
  };
}

async function requireDeadOwner(
  owner: Owner,
  open: OpenRun,
  migration: string,
  isAlive: (workflow: string, firstRun: string) => Promise<boolean>,
): Promise<void> {
  const named = `run ${open.run_id} of ${migration} is open, owned by workflow ${open.owner_workflow}`;
  if (open.owner_cluster !== owner.cluster || open.owner_namespace !== owner.namespace) {
    throw new CarryoverError(
      'AlreadyRunning',
      `${named} in namespace ${open.owner_namespace} of another Temporal cluster, which cannot be asked whether it ` +
        `still runs. Start it there, or finish that run first.`,
    );
  }
  if (await isAlive(open.owner_workflow, open.owner_first_run)) {
    throw new CarryoverError('AlreadyRunning', `${named}, which is running. Wait for it, or end it, then start again.`);
  }
}

function requireUnchanged(
  open: OpenRun,
  run: Pick<NewRun, 'migration' | 'fingerprint' | 'sourceIdentity' | 'targetIdentity'>,
): void {
  const sort = (value: unknown): string => JSON.stringify(Object.entries(value as object).sort());
  const changed = [
    open.fingerprint !== run.fingerprint && 'the mapping',
    sort(open.source_identity) !== sort(run.sourceIdentity) && 'the source server or schema',
    sort(open.target_identity) !== sort(run.targetIdentity) && 'the target server or database',
  ].filter(Boolean);
  if (changed.length > 0) {
    throw new CarryoverError(
      'MappingChanged',
      `run ${open.run_id} of ${run.migration} is open, and since it began ${changed.join(' and ')} changed. Bring ` +
        `back what it began with, and start again to finish it.`,
    );
  }
}
