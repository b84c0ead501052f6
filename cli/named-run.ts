/** Which run a command means: by its number, or the latest of a migration. */
import type { RunStatus } from '../database/ledger/read-status';
import { readLatestRuns, readRun } from '../database/ledger/read-status';
import type { TargetQueries } from '../database/target/session';
import type { Catalog } from '../mappings/catalog';
import { EXIT } from './exit-codes';
import { isRunId } from './input';
import { requireMigration } from './require-migration';
import { UserError } from './user-error';

export type RunName = { readonly run: string } | { readonly migration: string };

/** @throws UserError where it is neither a number nor a known migration */
export function runName(catalog: Catalog, text: string): RunName {
  return isRunId(text) ? { run: text } : { migration: requireMigration(catalog, text) };
}

/** An open run is always its migration's latest. @throws UserError where the ledger holds no such run */
export async function findRun(target: TargetQueries, name: RunName): Promise<RunStatus> {
  if ('run' in name) {
    const found = await readRun(target, name.run);
    if (found !== undefined) return found;
    throw new UserError(`The ledger holds no run ${name.run}; \`carryover status\` lists the latest.`, EXIT.refused);
  }
  const [latest] = await readLatestRuns(target, name.migration);
  if (latest !== undefined) return latest;
  throw new UserError(`The ledger holds no run of ${name.migration}: it has never run.`, EXIT.refused);
}
