import { connectionProblem } from '../connection-problem';
import type { Context } from '../context';
import { within } from '../within';

/** Can we log in, and does the URL name a database? */
export async function sourceReachable(context: Context): Promise<string[]> {
  try {
    const rows = await within(context.source('preflight.sourceReachable', 'SELECT DATABASE()'));
    if (rows[0]?.[0] != null) return [];
    return [
      `The source (${context.sourceName}) is reachable, but its URL names no database; end CARRYOVER_SOURCE_URL with "/" and the database's name.`,
    ];
  } catch (error) {
    return [connectionProblem('source', context.sourceName, error)];
  }
}
