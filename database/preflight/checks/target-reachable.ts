import { connectionProblem } from '../connection-problem';
import type { Context } from '../context';
import { within } from '../within';

export async function targetReachable(context: Context): Promise<string[]> {
  try {
    await within(context.target('preflight.targetReachable', 'SELECT 1'));
    return [];
  } catch (error) {
    return [connectionProblem('target', context.targetName, error)];
  }
}
