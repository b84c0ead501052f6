/** Removes stage tables that nobody will read again. The stage is expendable: what cannot be dropped now is later. */
import { CarryoverError } from '../../shared/errors';
import { endBackends } from '../ledger/backends';
import { requireOwnRun } from '../ledger/epoch';
import type { Target } from './session';
import { withTransaction } from './transaction';

/** Stage tables of runs that are closed or unknown. */
const ABANDONED = `
SELECT format('%I.%I', n.nspname, c.relname) AS table
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'carryover_stage' AND c.relkind = 'r' AND c.relname ~ '^b_[0-9]+_' AND NOT EXISTS (
  SELECT FROM carryover.runs r WHERE r.state = 'open' AND r.run_id::text = split_part(c.relname, '_', 2))`;

const OF_RUN = `
SELECT format('%I.%I', n.nspname, c.relname) AS table
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'carryover_stage' AND c.relkind = 'r' AND split_part(c.relname, '_', 2) = $1`;

/** Drops what closed runs left. */
export async function sweepAbandoned(target: Target): Promise<void> {
  const found = await target.query<{ table: string }>('sweep.abandoned', ABANDONED);
  await drop(target, found.rows);
}

/** Ends what a cancelled run still has at work, and drops its stage. @throws CarryoverError `Superseded` */
export async function releaseRun(target: Target, run: string, epoch: number): Promise<void> {
  await requireOwnRun(target, run, epoch);
  await endBackends(target, run);
  const found = await target.query<{ table: string }>('sweep.ofRun', OF_RUN, [run]);
  await drop(target, found.rows);
}

/** One by one, and without waiting for whoever still holds one. */
async function drop(target: Target, tables: readonly { readonly table: string }[]): Promise<void> {
  for (const { table } of tables) {
    try {
      await withTransaction(target, 'sweep', async (session) => {
        await session.query('sweep.patience', `SET LOCAL lock_timeout = '2s'`);
        await session.query('sweep.drop', `DROP TABLE IF EXISTS ${table}`);
      });
    } catch (error) {
      if (!(error instanceof CarryoverError) || error.type !== 'Contention') throw error;
    }
  }
}
