/** Drops the stage of a forecast that is over, and those of forecasts that nobody ended. */
import { CarryoverError } from '../../shared/errors';
import type { Target } from '../target/session';
import { withTransaction } from '../target/transaction';
import { stageOf } from './plan';

export async function endForecast(target: Target, forecast: string): Promise<void> {
  await target.query('forecast.drop', `DROP TABLE IF EXISTS ${stageOf(forecast)}`);
}

const LEFTOVERS = `
SELECT format('%I.%I', n.nspname, c.relname) AS table
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'carryover_stage' AND c.relkind = 'r' AND c.relname ~ '^f_[0-9a-f]{32}_batches$'`;

/**
 * Drops stages that nobody has looked at for a day: their workflow was terminated, or reset. One that is in use is looked at
 * by each batch, and no batch takes half as long; a worker that was away for longer begins its forecast anew.
 */
export async function sweepForecasts(target: Target): Promise<void> {
  const found = await target.query<{ table: string }>('forecast.leftovers', LEFTOVERS);
  for (const { table } of found.rows) {
    try {
      await dropUnused(target, table);
    } catch (error) {
      // Held by whoever uses it, or dropped meanwhile by another sweep.
      const passes = error instanceof CarryoverError && (error.type === 'Contention' || error.code === '42P01');
      if (!passes) throw error;
    }
  }
}

async function dropUnused(target: Target, table: string): Promise<void> {
  await withTransaction(target, 'forecast.sweep', async (session) => {
    await session.query('forecast.patience', `SET LOCAL lock_timeout = '2s'`);
    await session.query('forecast.lockStage', `LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
    // Asked under the lock: whoever was about to take its batches has done so by now, or finds it gone.
    const found = await session.query<{ unused: boolean | null }>(
      'forecast.lastUse',
      `SELECT max(looked_at) < now() - interval '1 day' AS unused FROM ${table}`,
    );
    if (found.rows[0]!.unused === true) await session.query('forecast.dropUnused', `DROP TABLE ${table}`);
  });
}
