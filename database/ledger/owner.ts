/** Who owns an open run, and whether somebody else may take it over: the ledger's word, and Temporal's of the owner. */
import { CarryoverError } from '../../shared/errors';

/** A workflow chain: its id and the first run of it, in a namespace of a cluster. */
export interface Owner {
  readonly cluster: string;
  readonly namespace: string;
  readonly workflow: string;
  readonly firstRun: string;
  readonly currentRun: string;
  /** The schedule that started it; null where none did. */
  readonly schedule: string | null;
}

/** What the ledger holds of an open run's owner. */
export interface OwnerRow {
  readonly run_id: string;
  readonly migration: string;
  readonly owner_cluster: string;
  readonly owner_namespace: string;
  readonly owner_workflow: string;
  readonly owner_first_run: string;
  readonly owner_current_run: string;
}

/** Asks Temporal whether a workflow chain of this cluster and namespace still runs. */
export type IsAlive = (workflow: string, firstRun: string) => Promise<boolean>;

export function isSameChain(open: OwnerRow, owner: Owner): boolean {
  return (
    isSameCluster(open, owner) && open.owner_workflow === owner.workflow && open.owner_first_run === owner.firstRun
  );
}

export function isSameCluster(open: OwnerRow, owner: Owner): boolean {
  return open.owner_cluster === owner.cluster && open.owner_namespace === owner.namespace;
}

/** What a person is to do who finds the owner alive, or in another cluster: as the caller's own purpose has it. */
export interface Advice {
  readonly alive: string;
  readonly foreign: string;
}

/** The open run's owner was asked about, and runs. */
export class OwnerAlive extends CarryoverError {
  constructor(message: string) {
    super('AlreadyRunning', message);
  }
}

/**
 * Makes sure that nobody works on an open run.
 *
 * @param takeOver why a run is taken over whose owner cannot be asked
 * @throws OwnerAlive naming the owner and what to do
 * @throws CarryoverError `AlreadyRunning` where the owner cannot be asked about
 */
export async function requireDeadOwner(
  owner: Owner,
  open: OwnerRow,
  isAlive: IsAlive,
  takeOver: string | undefined,
  advice: Advice,
): Promise<void> {
  const named = `run ${open.run_id} of ${open.migration} is open, owned by workflow ${open.owner_workflow}`;
  if (!isSameCluster(open, owner)) {
    if (takeOver !== undefined) return;
    const where = open.owner_cluster === owner.cluster ? 'of this Temporal cluster' : 'of another Temporal cluster';
    throw new CarryoverError(
      'AlreadyRunning',
      `${named} in namespace ${open.owner_namespace} ${where}; from here nobody can ask whether it still runs. ` +
        advice.foreign,
    );
  }
  if (await isAlive(open.owner_workflow, open.owner_first_run)) {
    throw new OwnerAlive(`${named}, which is running. ${advice.alive}`);
  }
}
