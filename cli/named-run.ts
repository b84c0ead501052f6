import { findNamedRun } from '../database/ledger/find-run';
import type { NamedRun } from '../database/ledger/find-run';
import type { TargetQueries } from '../database/target/session';
import type { CommandContext } from './context';
import { EXIT } from './exit-codes';
import { UserError } from './user-error';

/** How a run is named on the command line. */
export const RUN_ARGUMENT = 'number of the run, or name of its migration: the open run, else the latest';

/** @throws UserError where there is no such run */
export async function requireRun(context: CommandContext, target: TargetQueries, name: string): Promise<NamedRun> {
  const found = await findNamedRun(target, name);
  if (found !== null) return found;
  const known = context.catalog.names();
  const why = known.includes(name)
    ? `${name} was never run`
    : `the ledger holds no run ${JSON.stringify(name.slice(0, 60))}; name a run by its number, or one of ${known.join(', ')}`;
  throw new UserError(`There is nothing to do: ${why}. \`carryover status\` lists the latest runs.`, EXIT.refused);
}
