/** A run's line in the ledger: how it is written when it opens, and read when somebody goes on with it. */
import { CarryoverError } from '../../shared/errors';
import { DEFAULT_MAX_DELETES } from '../../shared/brakes';
import type { FullRunInput, RunPlan } from '../../shared/messages';
import type { LegacyKey } from '../source/expressions';
import type { TargetQueries } from '../target/session';
import { lockAgainstLoads } from './backends';
import type { Footing, RecordedFooting } from './changes';
import { isSameChain } from './owner';
import type { SomeRows } from './some-rows';
import type { Owner, OwnerRow } from './owner';

/** What a new run is to be; bounds are null where the source table is empty. */
export interface NewRun extends Footing {
  readonly input: FullRunInput;
  readonly concurrencyLimit: number;
  readonly lower: LegacyKey | null;
  readonly upper: LegacyKey | null;
  readonly estimatedRows: number;
  readonly targetRowsBefore: number;
}

export interface OpenRun extends OwnerRow, RecordedFooting {
  readonly mode: string;
  readonly batch_rows: string;
  readonly concurrency: string;
  readonly concurrency_limit: string;
  readonly max_parked: string;
  readonly max_quarantine: string;
  readonly max_deletes: string;
  readonly estimated_rows: string;
  readonly epoch: string;
  readonly overwrites: boolean;
  readonly cut_to_end: boolean;
  readonly undoes: string | null;
  readonly held: string;
  readonly input: Partial<FullRunInput>;
}

/** One start, or abandonment, of a migration at a time: two that arrive together must not both find the same. */
export async function lockStarts(session: TargetQueries, migration: string): Promise<void> {
  await session.query('run.lock', 'SELECT pg_advisory_xact_lock(hashtextextended($1, 7))', [
    `carryover run ${migration}`,
  ]);
}

/** The open run of a migration, if there is one. */
export async function findOpenRun(session: TargetQueries, migration: string): Promise<OpenRun | null> {
  const found = await session.query<OpenRun>(
    'run.find',
    `SELECT * FROM carryover.runs WHERE migration = $1 AND state = 'open'`,
    [migration],
  );
  return found.rows[0] ?? null;
}

/** @param some what the run takes again; null where it takes every row */
export async function insertRun(
  session: TargetQueries,
  owner: Owner,
  run: NewRun,
  some: SomeRows | null,
): Promise<RunPlan> {
  const { input, mapping } = run;
  const concurrency = Math.min(input.concurrency, run.concurrencyLimit);
  const inserted = await session.query<{ run_id: string }>(
    'run.insert',
    `INSERT INTO carryover.runs (migration, fingerprint, mapping, source_columns, input, lower_key, upper_key,
       batch_rows, concurrency, concurrency_limit, max_parked, max_quarantine, estimated_rows, target_rows_before,
       cut_to_end, source_identity, target_identity, owner_cluster, owner_namespace, owner_workflow, owner_first_run,
       owner_current_run, mode, base_run, kept, overwrites, gone_policy, max_deletes,
       undoes, held)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
       $23, $24, $25, $26, $27, $28, $29, $30)
     RETURNING run_id`,
    [
      mapping.name, run.fingerprint, JSON.stringify(mapping), JSON.stringify(run.sourceColumns), JSON.stringify(input),
      run.lower && JSON.stringify(run.lower), run.upper && JSON.stringify(run.upper), input.batchRows, concurrency,
      run.concurrencyLimit, input.maxParked, input.maxQuarantine, run.estimatedRows, run.targetRowsBefore,
      // What a comparison finds is cut after it; all else that takes but some rows is cut when it opens.
      some === null ? run.upper === null : some.mode !== 'changed', JSON.stringify(run.sourceIdentity), JSON.stringify(run.targetIdentity), owner.cluster,
      owner.namespace, owner.workflow, owner.firstRun, owner.currentRun,
      some?.mode ?? 'full', some && some.base, JSON.stringify(some?.kept ?? {}),
      input.overwrite !== undefined, mapping.gone?.policy ?? 'report', input.maxDeletes ?? DEFAULT_MAX_DELETES,
      some?.undoes ?? null, some?.held ?? 0,
    ], // prettier-ignore
  );
  return {
    run: inserted.rows[0]!.run_id,
    migration: mapping.name,
    epoch: 1,
    batchRows: input.batchRows,
    concurrency,
    concurrencyLimit: run.concurrencyLimit,
    maxParked: input.maxParked,
    maxQuarantine: input.maxQuarantine,
    estimatedRows: run.estimatedRows,
    resumed: false,
    differing: [],
    ...(some?.mode === 'replay' ? { held: some.held ?? 0 } : {}),
    ...(some?.undoes === undefined ? {} : { undoes: some.undoes }),
    ...(some?.mode === 'changed' ? { compares: true } : {}),
  };
}

/** The plan of a run that is gone on with: what it began with counts, and where the input differs is told. */
export function planOf(open: OpenRun, epoch: number, input: FullRunInput, given: readonly string[]): RunPlan {
  const own = {
    batchRows: Number(open.batch_rows),
    concurrency: Number(open.concurrency),
    maxParked: Number(open.max_parked),
    maxQuarantine: Number(open.max_quarantine),
  };
  const differing = (Object.keys(own) as (keyof typeof own)[])
    .filter((name) => given.includes(name) && own[name] !== input[name])
    .map((name) => `${name}: ${own[name]}, as the run has it, and not ${input[name]}${howToChange(name, open)}`);
  if (given.includes('maxDeletes') && Number(open.max_deletes) !== input.maxDeletes) {
    differing.push(
      `maxDeletes: ${open.max_deletes}, as the run has it, and not ${input.maxDeletes}; resume changes it where the run is paused`,
    );
  }
  if (given.includes('reasons') && String(open.input.reasons) !== String(input.reasons)) {
    differing.push(`reasons: the run takes ${open.input.reasons?.join(', ') ?? 'rows of all reasons'}, as it began`);
  }
  if (given.includes('overwrite') && !open.overwrites) {
    differing.push(
      'overwrite: the run keeps what another writer did, as it began; repair with it once the run is over',
    );
  }
  return {
    run: open.run_id,
    migration: open.migration,
    epoch,
    ...own,
    concurrencyLimit: Number(open.concurrency_limit),
    estimatedRows: Number(open.estimated_rows),
    resumed: true,
    differing,
    ...(open.undoes === null ? {} : { undoes: open.undoes }),
    ...(open.mode === 'replay' ? { held: Number(open.held) } : {}),
    ...(open.mode === 'changed' && open.cut_to_end ? { held: Number(open.held) } : {}),
    ...(open.mode === 'changed' && !open.cut_to_end ? { compares: true } : {}),
  };
}

function howToChange(name: 'batchRows' | 'concurrency' | 'maxParked' | 'maxQuarantine', open: OpenRun): string {
  if (name === 'batchRows') return '';
  if (name !== 'concurrency') return '; resume changes it where the run is paused';
  return Number(open.concurrency_limit) === 1
    ? ': rows of this mapping point to one another, so its batches run one at a time'
    : '; setConcurrency changes it';
}

/**
 * Makes a workflow chain the owner of an open run; another execution than before raises the epoch.
 *
 * @returns the epoch from now on
 * @throws CarryoverError `Contention` where the run was closed a moment ago: the next try finds that
 */
export async function ownRun(session: TargetQueries, owner: Owner, open: OpenRun): Promise<number> {
  const isOther = open.owner_current_run !== owner.currentRun || !isSameChain(open, owner);
  const epoch = Number(open.epoch) + (isOther ? 1 : 0);
  if (isOther) await lockAgainstLoads(session, open.run_id);
  // A start says "go on": whatever paused the run before is over.
  const owned = await session.query(
    'run.own',
    `UPDATE carryover.runs SET epoch = $2, owner_cluster = $3, owner_namespace = $4, owner_workflow = $5,
       owner_first_run = $6, owner_current_run = $7, paused_at = NULL, pause_cause = NULL
     WHERE run_id = $1 AND state = 'open'`,
    [open.run_id, epoch, owner.cluster, owner.namespace, owner.workflow, owner.firstRun, owner.currentRun],
  );
  if (owned.rowCount !== 1) {
    throw new CarryoverError(
      'Contention',
      `run ${open.run_id} was closed while ${owner.workflow} wanted to go on with it`,
    );
  }
  return epoch;
}

/** Closes an open run without a verdict: what it had not done stays pending, and whoever still works on it is superseded. */
export async function closeRun(session: TargetQueries, run: string, state: 'abandoned' | 'superseded'): Promise<void> {
  await lockAgainstLoads(session, run);
  const closed = await session.query(
    'run.close',
    `UPDATE carryover.runs SET state = $2, finished_at = now(), epoch = epoch + 1, paused_at = NULL, pause_cause = NULL
     WHERE run_id = $1 AND state = 'open'`,
    [run, state],
  );
  if (closed.rowCount !== 1) throw new CarryoverError('InputRefused', `run ${run} is not open`);
}
