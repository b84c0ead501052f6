import type { Context } from '../context';

export async function timeZone(context: Context): Promise<string[]> {
  const { name, time } = context.mapping;
  const rows = await context.target(
    'preflight.timeZone',
    'SELECT 1::text AS known FROM pg_timezone_names WHERE name = $1',
    [time.zone],
  );
  if (rows.length > 0) return [];
  return [
    `The mapping ${name} states the time zone "${time.zone}", which the target server does not know; write it as in the IANA list, e.g. "Europe/Berlin" (SELECT name FROM pg_timezone_names).`,
  ];
}
