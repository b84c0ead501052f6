import { quoteMy } from '../../source/quote';
import { errorCode } from '../connection-problem';
import type { Context } from '../context';

/** The predicate of the mapping is SQL that this server understands. */
export async function sourceWhere(context: Context): Promise<string[]> {
  const { table, where } = context.mapping.source;
  if (where === undefined) return [];
  try {
    await context.source('preflight.sourceWhere', `EXPLAIN SELECT 1 FROM ${quoteMy(table)} WHERE (${where})`);
    return [];
  } catch (error) {
    return [
      `source.where of the mapping ${context.mapping.name} is refused by the source (${errorCode(error) ?? 'no error code'}); correct the predicate in the mapping.`,
    ];
  }
}
