import { quoteMy } from '../../source/quote';
import { errorCode } from '../connection-problem';
import type { Context } from '../context';

const DENIED = ['ER_TABLEACCESS_DENIED_ERROR', '1142', 'ER_COLUMNACCESS_DENIED_ERROR', '1143'];
const MISSING = ['ER_NO_SUCH_TABLE', '1146'];

/** Is the table there, and may the user read it? */
export async function sourceTable(context: Context): Promise<string[]> {
  const { table } = context.mapping.source;
  try {
    await context.source('preflight.sourceTable', `SELECT 1 FROM ${quoteMy(table)} LIMIT 1`);
    return [];
  } catch (error) {
    const code = errorCode(error) ?? '';
    const user = await context.sourceUser();
    if (MISSING.includes(code)) {
      return [
        `The source (${context.sourceName}) has no table "${table}"; correct source.table in the mapping ${context.mapping.name}, or the database in CARRYOVER_SOURCE_URL.`,
      ];
    }
    if (DENIED.includes(code)) {
      // The server gives the same answer for a table that does not exist to a user without rights in the database.
      return [
        `${user} may not read "${table}", or there is no such table; GRANT SELECT ON ${quoteMy(table)} TO ${user};`,
      ];
    }
    return [`The source's table "${table}" cannot be read (${code || 'no error code'}); look at the source's own log.`];
  }
}
