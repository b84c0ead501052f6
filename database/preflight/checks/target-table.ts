import { quotePgTable } from '../../target/quote';
import type { Context } from '../context';

export async function targetTable(context: Context): Promise<string[]> {
  const { schema, table } = context.mapping.target;
  const found = await context.targetTable(table);
  if (found === undefined) {
    return [
      `The target (${context.targetName}) has no table ${schema}.${table}; create it, or correct target in the mapping ${context.mapping.name}.`,
    ];
  }
  const problems: string[] = [];
  if (found.kind !== 'r' && found.kind !== 'p') {
    problems.push(`The target's ${schema}.${table} is no table but a view or a foreign table; name the table itself.`);
  }
  if (found.hasRules) {
    problems.push(
      `The target's table ${schema}.${table} has rules, with which PostgreSQL refuses an upsert, and an undo; DROP RULE … ON ${quotePgTable(schema, table)}, or replace it by a trigger.`,
    );
  }
  return problems;
}
