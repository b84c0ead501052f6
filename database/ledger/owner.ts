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

function isSameCluster(open: OwnerRow, owner: Owner): boolean {
  return open.owner_cluster === owner.cluster && open.owner_namespace === owner.namespace;
}

/**
 * Makes sure that nobody works on an open run.
 *
 * @param takeOver why a run is taken over whose owner cannot be asked
 * @throws CarryoverError `AlreadyRunning`, naming the owner and what to do
 */
export async function requireDeadOwner(
  owner: Owner,
  open: OwnerRow,
  isAlive: IsAlive,
  takeOver: string | undefined,
): Promise<void> {
  const named = `run ${open.run_id} of ${open.migration} is open, owned by workflow ${open.owner_workflow}`;
  if (!isSameCluster(open, owner)) {
    if (takeOver !== undefined) return;
    throw new CarryoverError(
      'AlreadyRunning',
      `${named} in namespace ${open.owner_namespace} of another Temporal cluster, which cannot be asked whether it ` +
        `still runs. Start it there; or, where nothing of it runs any more, start here with "takeOver": "<why>".`,
    );
  }
  if (await isAlive(open.owner_workflow, open.owner_first_run)) {
    throw new CarryoverError(
      'AlreadyRunning',
      `${named}, which is running. Wait for it, or send it the update cancel, then start again.`,
    );
  }
}
