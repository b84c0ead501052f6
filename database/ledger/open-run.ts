/**
 * Opens a run, or goes on with the one that is open: who owns a migration's run is decided here, under a lock, by the
 * ledger and by what Temporal says of the owner.
 */
import { CarryoverError } from '../../shared/errors';
import type { FullRunInput, NothingToDo, Planned, RunMode, RunPlan } from '../../shared/messages';
import type { Target, TargetQueries } from '../target/session';
import { withTransaction } from '../target/transaction';
import { recordDecision } from './audit';
import { changedServers, changedShape } from './changes';
import type { Footing } from './changes';
import { OwnerAlive, isSameChain, isSameCluster, requireDeadOwner } from './owner';
import type { Advice, IsAlive, Owner } from './owner';
import { readRepair } from './repair';
import { nothingToDo, readReplay } from './replay';
import { readResync } from './resync';
import { cutUndone, readUndo } from './undo';
import { cutSkipped } from './skipped';
import { cutLists } from './some-rows';
import type { SomeRows } from './some-rows';
import { closeRun, findOpenRun, insertRun, lockStarts, ownRun, planOf } from './run-row';
import type { NewRun, OpenRun } from './run-row';
import { recordStart, requireUnspent } from './starts';

export interface Start {
  readonly mode: RunMode;
  /** Of a repair: the verification whose findings are repaired, by its number; null for the latest. */
  readonly verification: string | null;
  /** Of a replay: the reasons whose rows are taken; null for all. */
  readonly reasons: readonly string[] | null;
  readonly owner: Owner;
  readonly input: FullRunInput;
  /** Fields that whoever started it gave, as opposed to defaults. */
  readonly given: readonly string[];
  readonly footing: Footing;
  readonly isAlive: IsAlive;
  /** Identity of whoever started the workflow, as Temporal recorded it; asked for decisions alone. */
  readonly who: () => Promise<string>;
  /** Makes the new run's facts; called only where one is opened. */
  readonly describe: () => Promise<NewRun>;
}

const ADVICE: Advice = {
  alive: 'Wait for it, or send it the update cancel, then start again.',
  foreign: 'Start it there; or, where nothing of it runs any more, start here with "takeOver": "<why>".',
};

/** The workflow type that opens runs of a mode, where it has not its name. */
const TYPES: Readonly<Record<string, string>> = { full: 'migrate', changed: 'resync' };
const typeOf = (mode: string): string => TYPES[mode] ?? mode;

/**
 * @returns the run's plan; `missed` where a schedule's start met a living owner, `nothingToDo` where no row is to be replayed
 * @throws CarryoverError `AlreadyRunning` where the open run's owner lives or cannot be asked about, `MappingChanged`
 *   where it began with another mapping, schema or server, or was opened by another type of workflow, `Superseded` where
 *   an attempt comes after the end of the run that its start had
 */
export async function openRun(target: Target, start: Start): Promise<Planned> {
  const { owner } = start;
  const migration = start.footing.mapping.name;
  try {
    return await openOrGoOn(target, start);
  } catch (error) {
    if (!(error instanceof CarryoverError)) throw error;
    if (error.type !== 'AlreadyRunning' && error.type !== 'MappingChanged') throw error;
    // An owner that cannot be asked is no living one: a schedule that missed it for ever would tell nobody.
    const missed = error instanceof OwnerAlive && owner.schedule !== null;
    await recordStart(target, migration, owner, missed ? 'missed' : 'refused', null, error.message);
    if (missed) return { missed: error.message };
    throw error;
  }
}

async function openOrGoOn(target: Target, start: Start): Promise<Planned> {
  const { owner, footing, describe } = start;
  const migration = footing.mapping.name;
  // Described before the lock is taken: the source is asked to count, and no transaction should wait for that.
  const described = (await findOpenRun(target, migration)) === null ? await describe() : null;
  return withTransaction(target, 'run.open', async (session) => {
    await lockStarts(session, migration);
    const open = await findOpenRun(session, migration);
    if (open === null || !isSameChain(open, owner)) {
      const before = await requireUnspent(session, owner);
      if (before !== null) return nothingToDo(session, migration, before);
    }
    if (open !== null) {
      const planned = await goOn(session, start, open);
      if (planned !== null) return planned;
    }
    const planned = await openNew(session, start, described ?? (await describe()));
    if ('nothingToDo' in planned) {
      await recordStart(session, migration, owner, 'nothing_to_do', null, planned.nothingToDo);
      return planned;
    }
    await recordStart(session, migration, owner, open === null ? 'opened' : 'restarted', planned.run);
    return planned;
  });
}

function readSome(
  session: TargetQueries,
  { mode, footing, verification, reasons, input }: Start,
): Promise<SomeRows | NothingToDo> {
  const { name } = footing.mapping;
  if (mode === 'changed') return readResync(session, name, footing);
  return mode === 'replay'
    ? readReplay(session, name, reasons, input.takeSkipped !== undefined, footing)
    : readRepair(session, name, verification, input.overwrite !== undefined, footing);
}

async function openNew(session: TargetQueries, start: Start, run: NewRun): Promise<RunPlan | NothingToDo> {
  const { mapping } = start.footing;
  const { overwrite, takeSkipped } = start.input;
  const open = async (): Promise<RunPlan | NothingToDo> => {
    if (start.mode === 'full') return insertRun(session, start.owner, run, null);
    if (start.mode === 'undo') return openUndo(session, start, run);
    const some = await readSome(session, start);
    if ('nothingToDo' in some) return some;
    const plan = await insertRun(session, start.owner, { ...run, ...some.bounds, estimatedRows: some.keys }, some);
    if (some.takesSkipped === true) await cutSkipped(session, plan.run, some.base);
    else if (plan.compares !== true) await cutLists(session, plan.run, mapping, some, plan.batchRows);
    return plan;
  };
  const plan = await open();
  if (overwrite !== undefined && 'run' in plan) {
    await decideByStart(session, start, { run_id: plan.run, migration: mapping.name }, 'overwrite', overwrite);
  }
  if (takeSkipped !== undefined && 'run' in plan) {
    await decideByStart(session, start, { run_id: plan.run, migration: mapping.name }, 'takeSkipped', takeSkipped);
  }
  return plan;
}

async function openUndo(session: TargetQueries, start: Start, run: NewRun): Promise<RunPlan> {
  const { mapping } = start.footing;
  const undone = await readUndo(session, mapping.name, start.input.run!, start.footing);
  const { bounds, keys, undoes } = undone;
  const plan = await insertRun(session, start.owner, { ...run, ...bounds, estimatedRows: keys }, undone);
  await cutUndone(session, plan.run, undoes);
  const reason = start.input.reason ?? `run ${undoes} is undone`;
  await decideByStart(session, start, { run_id: plan.run, migration: mapping.name }, 'undo', reason, { run: undoes });
  return plan;
}

/** @returns null where the open run was closed, so that a new one may be opened */
async function goOn(session: TargetQueries, start: Start, open: OpenRun): Promise<Planned | null> {
  const { owner, input, footing } = start;
  const own = isSameChain(open, owner);
  if (!own) await requireDeadOwner(owner, open, start.isAlive, input.takeOver, ADVICE);
  if (open.mode !== start.mode) {
    const type = typeOf(open.mode);
    throw new CarryoverError(
      'MappingChanged',
      `run ${open.run_id} of ${open.migration} is open, and a workflow ${type} opened it, not ${typeOf(start.mode)}: ` +
        `start ${type} to go on with it, or abandon the run`,
    );
  }
  if (open.undoes !== null && open.undoes !== input.run) {
    throw new CarryoverError(
      'MappingChanged',
      `run ${open.run_id} of ${open.migration} is open, and takes back run ${open.undoes}, not ${input.run ?? 'another'}: ` +
        `undo ${open.undoes} to go on with it, or abandon the run`,
    );
  }
  requireSameRows(open, input);
  const shape = changedShape(open, footing);
  const servers = changedServers(open, footing);
  const restarts = shape.length > 0 && input.onChange === 'restart';
  const refusedServers = input.acceptServer === undefined ? servers : [];
  const refusedShape = restarts ? [] : shape;
  if (refusedShape.length + refusedServers.length > 0) throw changed(open, start.mode, refusedShape, refusedServers);

  const decide = (verb: string, reason: string | undefined): Promise<boolean> =>
    decideByStart(session, start, open, verb, reason);
  if (!isSameCluster(open, owner)) await decide('takeOver', input.takeOver);
  if (servers.length > 0) await decide('acceptServer', input.acceptServer);
  if (restarts) {
    await decide('restart', `changed: ${shape.join(', ')}`);
    await closeRun(session, open.run_id, 'superseded');
    return null;
  }
  if (servers.length > 0) {
    await session.query(
      'run.acceptServer',
      'UPDATE carryover.runs SET source_identity = $2, target_identity = $3 WHERE run_id = $1',
      [open.run_id, JSON.stringify(footing.sourceIdentity), JSON.stringify(footing.targetIdentity)],
    );
  }
  const epoch = await ownRun(session, owner, open);
  if (epoch !== Number(open.epoch)) {
    await recordStart(session, open.migration, owner, own ? 'resumed' : 'took_over', open.run_id);
  }
  return planOf(open, epoch, input, start.given);
}

/** A replay of skipped batches and one of rows in quarantine are two runs: whoever wants the one must not get the other. */
function requireSameRows(open: OpenRun, input: FullRunInput): void {
  if (open.mode !== 'replay' || (open.input.takeSkipped === undefined) === (input.takeSkipped === undefined)) return;
  const [takes, not, how] =
    open.input.takeSkipped === undefined
      ? ['tries rows in quarantine again', 'takes no skipped batches', 'without "takeSkipped"']
      : ['takes skipped batches back', 'tries none of the rows in quarantine', 'with "takeSkipped"'];
  throw new CarryoverError(
    'MappingChanged',
    `run ${open.run_id} of ${open.migration} is open, ${takes} and ${not}: start replay ${how} to go on with it, or abandon the run`,
  );
}

/** Writes down what whoever started the workflow decided by its input. */
async function decideByStart(
  session: TargetQueries,
  { owner, input, who }: Start,
  open: Pick<OpenRun, 'run_id' | 'migration'>,
  verb: string,
  reason: string | undefined,
  details: Readonly<Record<string, string>> = {},
): Promise<boolean> {
  return recordDecision(session, {
    details,
    verb,
    who: await who(),
    by: input.by,
    reason,
    migration: open.migration,
    run: open.run_id,
    workflow: owner.workflow,
    decision: `${verb} ${owner.currentRun}`,
  });
}

function changed(open: OpenRun, mode: RunMode, shape: readonly string[], servers: readonly string[]): CarryoverError {
  const anew = mode === 'full' ? 'begin anew with "onChange": "restart"' : `abandon it and start ${mode} again`;
  const ways = [
    ...(shape.length > 0 ? [anew] : []),
    ...(servers.length > 0 ? ['accept the other server with "acceptServer": "<why>"'] : []),
  ];
  return new CarryoverError(
    'MappingChanged',
    `run ${open.run_id} of ${open.migration} is open, and since it began ${[...shape, ...servers].join(' and ')} ` +
      `changed. Bring back what it began with and start again to finish it; or ${ways.join(', and ')}.`,
  );
}
