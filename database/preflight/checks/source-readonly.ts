import type { Context } from '../context';

/** Rights that do not change anything and that a reader may well have. */
const HARMLESS = [
  'USAGE',
  'SELECT',
  'SHOW VIEW',
  'SHOW DATABASES',
  'PROCESS',
  'REPLICATION CLIENT',
  'BINLOG MONITOR',
  'LOCK TABLES',
  'PROXY',
  'SLAVE MONITOR',
  'REPLICA MONITOR',
];

/** Carryover only reads; an account that could write makes that a promise instead of a fact. */
export async function sourceReadonly(context: Context): Promise<string[]> {
  const [database] = (await context.source('preflight.sourceDatabase', 'SELECT DATABASE()'))[0]!;
  const grants = await context.source('preflight.sourceGrants', 'SHOW GRANTS');
  const found = writingRights(
    grants.map(([grant]) => grant ?? ''),
    database ?? '',
    context.mapping.source.table,
  );
  if (found.length === 0) return [];
  const user = await context.sourceUser();
  return [
    `${user} may do more than read "${context.mapping.source.table}" (${found.join(', ')}); use an account with SELECT only (docs/privileges.md).`,
  ];
}

/**
 * Rights beyond reading that apply to a table.
 *
 * @param grants lines of SHOW GRANTS; those of roles count as far as the server lists them
 */
export function writingRights(grants: readonly string[], database: string, table: string): string[] {
  const found = new Set<string>();
  for (const grant of grants) {
    const match = /^GRANT (.+?) ON (?:TABLE )?(\S+?)\.(\S+) TO /.exec(grant);
    if (match === null || !covers(match[2]!, database) || !covers(match[3]!, table)) continue;
    // A list of columns in parentheses may hold commas of its own.
    for (const right of match[1]!.replaceAll(/ ?\([^)]*\)/g, '').split(', ')) {
      if (!HARMLESS.includes(right)) found.add(right);
    }
  }
  return [...found];
}

/** In a GRANT on a whole database, `_` and `%` of its name are wildcards unless escaped. */
function covers(scope: string, name: string): boolean {
  if (scope === '*') return true;
  const bare = scope.replaceAll('`', '').toLowerCase();
  const pattern = bare.replaceAll(/\\?[_%]|[.*+?^${}()|[\]\\]/g, (part) =>
    part === '_' ? '.' : part === '%' ? '.*' : part.length === 2 ? part.slice(1) : `\\${part}`,
  );
  return new RegExp(`^${pattern}$`).test(name.toLowerCase());
}
