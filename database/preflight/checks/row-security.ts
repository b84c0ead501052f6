import { referencesOf } from '../../../mappings/mapping';
import type { Context } from '../context';

/** Row security hides rows without an error: a hidden lookup would read as a missing case. */
export async function rowSecurity(context: Context): Promise<string[]> {
  const { schema, table } = context.mapping.target;
  const user = await context.targetUser();
  const names = new Set([table, ...referencesOf(context.mapping).map(({ reference }) => reference.lookup.table)]);
  const problems: string[] = [];
  for (const name of names) {
    if ((await context.targetTable(name))?.rowSecurity !== true) continue;
    problems.push(
      `Row level security is active on ${schema}.${name} for ${user}: rows would be hidden or refused; ALTER ROLE ${user} BYPASSRLS;`,
    );
  }
  return problems;
}
