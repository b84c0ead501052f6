import type { TargetQueries } from './session';

/** Asks the target for a sign of life. */
export async function reachTarget(target: TargetQueries): Promise<void> {
  await target.query('target.reach', 'SELECT 1');
}
