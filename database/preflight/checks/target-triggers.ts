import type { Context } from '../context';

/** A user's triggers run inside the load: they may change what we write, refuse it, or make it slow. */
export async function targetTriggers(context: Context): Promise<string[]> {
  const { schema, table } = context.mapping.target;
  const triggers = (await context.targetTable(table))?.triggers ?? [];
  if (triggers.length === 0) return [];
  return [
    `The target's table ${schema}.${table} has triggers that run for every row of the load (${triggers.join(', ')}); make sure that they do not change the columns of the mapping, or disable them for the time of the run.`,
  ];
}
