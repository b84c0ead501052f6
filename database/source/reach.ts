import type { SourceQueries } from './session';

/** Asks the source for a sign of life. */
export async function reachSource(source: SourceQueries): Promise<void> {
  await source.query('source.reach', 'SELECT 1');
}
