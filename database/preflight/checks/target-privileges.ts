import { isSelfReference, referencesOf } from '../../../mappings/mapping';
import { quotePg, quotePgTable } from '../../target/quote';
import type { Context } from '../context';

/** May the worker's role read the lookups and write the target table? Never DELETE: a load takes nothing away. */
export async function targetPrivileges(context: Context): Promise<string[]> {
  const { mapping } = context;
  const { schema, table } = mapping.target;
  const user = await context.targetUser();
  const [usage] = await context.target(
    'SELECT has_schema_privilege(oid, $2)::text AS may FROM pg_namespace WHERE nspname = $1',
    [schema, 'USAGE'],
  );
  if (usage?.may !== 'true') {
    return [`${user} may not use the schema ${schema}; GRANT USAGE ON SCHEMA ${quotePg(schema)} TO ${user};`];
  }
  const needs = new Map<string, string[]>([[table, ['SELECT', 'INSERT', 'UPDATE']]]);
  for (const { reference } of referencesOf(mapping)) {
    if (!isSelfReference(mapping, reference)) needs.set(reference.lookup.table, ['SELECT']);
  }
  const problems: string[] = [];
  for (const [name, rights] of needs) {
    if ((await context.targetTable(name)) === undefined) continue;
    const lacking: string[] = [];
    for (const right of rights) {
      const [row] = await context.target(`SELECT has_table_privilege($1, $2)::text AS may`, [
        quotePgTable(schema, name),
        right,
      ]);
      if (row?.may !== 'true') lacking.push(right);
    }
    if (lacking.length > 0) {
      problems.push(
        `${user} lacks ${lacking.join(', ')} on ${schema}.${name}; GRANT ${lacking.join(', ')} ON ${quotePgTable(schema, name)} TO ${user};`,
      );
    }
  }
  return problems;
}
