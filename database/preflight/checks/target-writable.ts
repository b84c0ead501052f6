import type { Context } from '../context';

/** A standby answers every query and refuses the first write, hours later. */
export async function targetWritable(context: Context): Promise<string[]> {
  const [row] = await context.target(
    'preflight.targetWritable',
    `SELECT pg_is_in_recovery()::text AS standby, current_setting('default_transaction_read_only') AS "readOnly"`,
  );
  const problems: string[] = [];
  if (row!.standby === 'true') {
    problems.push(`The target (${context.targetName}) is a standby; name the primary in CARRYOVER_TARGET_URL.`);
  }
  if (row!.readOnly === 'on') {
    problems.push(
      `default_transaction_read_only is on for the target's role; ALTER ROLE ${await context.targetUser()} SET default_transaction_read_only = off.`,
    );
  }
  return problems;
}
