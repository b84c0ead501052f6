/** Asks Temporal about the owners of open runs, for as long as a person at `status` would wait. */
import type { Config } from '../config';
import type { RunStatus } from '../database/ledger/read-status';
import type { Progress } from '../shared/messages';
import { STATUS_QUERY } from '../shared/names';
import { askOwner } from './owner';
import type { OwnerState } from './owner';
import type { Temporal } from './temporal';
import { hasWorker, withTemporal } from './temporal';

/** Milliseconds, from the first attempt to connect: the ledger's word must not wait for Temporal's. */
const PATIENCE_MS = 2_000;

export interface OwnerReport {
  readonly state: OwnerState['state'] | 'unknown';
  /** How it ended, where it is gone; why it is not known. */
  readonly words: string | null;
  /** Whether a worker polls its task queue; null where nobody asked, or nobody answered. */
  readonly worker: boolean | null;
  readonly taskQueue: string | null;
  /** The server that the run waits for, by its own word; null where none is away, or it does not answer. */
  readonly outage: string | null;
}

/** @returns what is known of each open run's owner, by run; a run that is over has none */
export async function askOwners(config: Config, runs: readonly RunStatus[]): Promise<ReadonlyMap<string, OwnerReport>> {
  const open = runs.filter((run) => run.state === 'open');
  if (open.length === 0) return new Map();
  const deadline = Date.now() + PATIENCE_MS;
  try {
    return await withTemporal(
      config,
      async (temporal) => new Map(await Promise.all(open.map((run) => ask(config, temporal, run, deadline)))),
      PATIENCE_MS,
    );
  } catch {
    return new Map(open.map((run) => [run.run, unknown(config)]));
  }
}

const unknown = (config: Config): OwnerReport => ({
  state: 'unknown',
  words: `Temporal at ${config.temporal.address} does not answer`,
  worker: null,
  taskQueue: null,
  outage: null,
});

async function ask(
  config: Config,
  temporal: Temporal,
  run: RunStatus,
  deadline: number,
): Promise<[run: string, report: OwnerReport]> {
  try {
    const owner = await askOwner(temporal, run.owner, deadline);
    const report = { ...unknown(config), state: owner.state, words: owner.state === 'gone' ? owner.how : null };
    if (owner.state !== 'alive') return [run.run, report];
    const { taskQueue } = owner;
    const worker = await hasWorker(temporal, taskQueue, deadline).catch(() => null);
    const outage = worker === true ? await askOutage(temporal, run, deadline) : null;
    return [run.run, { ...report, taskQueue, worker, outage }];
  } catch {
    return [run.run, unknown(config)];
  }
}

async function askOutage({ connection, client }: Temporal, run: RunStatus, deadline: number): Promise<string | null> {
  const handle = client.workflow.getHandle(run.owner.workflow);
  try {
    return (await connection.withDeadline(deadline, () => handle.query<Progress>(STATUS_QUERY))).outage;
  } catch {
    return null;
  }
}
