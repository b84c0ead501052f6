import type { Context } from '../context';

const OLDEST = 130000;

export async function targetVersion(context: Context): Promise<string[]> {
  const [row] = await context.target(
    'preflight.targetVersion',
    `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version,
            current_setting('server_encoding') AS encoding`,
  );
  const problems: string[] = [];
  if (Number(row!.number) < OLDEST) {
    problems.push(`The target is PostgreSQL ${row!.version}; Carryover needs 13 or newer: upgrade the server.`);
  }
  if (row!.encoding !== 'UTF8') {
    problems.push(
      `The target database has the encoding ${row!.encoding}, which cannot hold every text; CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and name that one in CARRYOVER_TARGET_URL.`,
    );
  }
  return problems;
}
