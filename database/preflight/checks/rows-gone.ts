import { markColumn } from '../../../mappings/mapping';
import { quotePg, quotePgTable } from '../../target/quote';
import type { Context } from '../context';

/** Can rows that are gone from the source be marked, or deleted, as the mapping has it? */
export async function rowsGone(context: Context): Promise<string[]> {
  const { gone } = context.mapping;
  if (gone === undefined || gone.policy === 'report') return [];
  return gone.policy === 'mark' ? markProblems(context) : unreadableReferrers(context);
}

async function markProblems(context: Context): Promise<string[]> {
  const { mapping } = context;
  const { schema, table } = mapping.target;
  const name = markColumn(mapping)!;
  const column = (await context.targetColumns(table)).find((candidate) => candidate.name === name);
  if (column === undefined) {
    const add = `ALTER TABLE ${quotePgTable(schema, table)} ADD ${quotePg(name)} timestamptz;`;
    return [
      `The target's table "${table}" has no column "${name}", in which the mapping ${mapping.name} marks rows that are gone; ${add}`,
    ];
  }
  const wrong = [
    ...(column.baseType === 'timestamptz' ? [] : [`is ${column.type}: it needs timestamp with time zone`]),
    ...(column.notNull ? ['is NOT NULL, but a row that the source has is not marked: DROP NOT NULL'] : []),
    ...(column.hasDefault ? ['has a default, but a row begins without a mark: DROP DEFAULT'] : []),
  ];
  return wrong.map((words) => `The target's column "${table}.${name}" ${words}.`);
}

/** What other rows refer to is not deleted: who may not look cannot tell. */
async function unreadableReferrers(context: Context): Promise<string[]> {
  const { schema, table } = context.mapping.target;
  const user = await context.targetUser();
  const rows = await context.target(
    'preflight.targetReferrers',
    `SELECT DISTINCT format('%I.%I', n.nspname, c.relname)::text AS child
     FROM pg_constraint f
     JOIN pg_class t ON t.oid = f.confrelid JOIN pg_namespace s ON s.oid = t.relnamespace
     JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE f.contype = 'f' AND s.nspname = $1 AND t.relname = $2
       AND NOT (has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')) ORDER BY 1`,
    [schema, table],
  );
  return rows.map(
    ({ child }) =>
      `${user} lacks SELECT on ${child!}, whose rows refer to ${schema}.${table}: what they refer to is not deleted, so it must be seen; GRANT SELECT ON ${child!} TO ${user};`,
  );
}
