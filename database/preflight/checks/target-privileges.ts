import { isSelfReference, referencesOf } from '../../../mappings/mapping';
import { quotePg, quotePgTable } from '../../target/quote';
import type { Context } from '../context';

/** May the worker's role read the lookups and write the target table? DELETE only where the mapping has rows deleted that are gone. */
export async function targetPrivileges(context: Context): Promise<string[]> {
  const { mapping } = context;
  const { schema, table } = mapping.target;
  const user = await context.targetUser();
  const [usage] = await context.target(
    'preflight.targetSchema',
    'SELECT has_schema_privilege(oid, $2)::text AS may FROM pg_namespace WHERE nspname = $1',
    [schema, 'USAGE'],
  );
  if (usage?.may !== 'true') {
    return [`${user} may not use the schema ${schema}; GRANT USAGE ON SCHEMA ${quotePg(schema)} TO ${user};`];
  }
  const needs = new Map<string, string[]>([
    [table, ['SELECT', 'INSERT', 'UPDATE', ...(mapping.gone?.policy === 'delete' ? ['DELETE'] : [])]],
  ]);
  for (const { reference } of referencesOf(mapping)) {
    if (!isSelfReference(mapping, reference)) needs.set(reference.lookup.table, ['SELECT']);
  }
  const missing = await unreadableParents(context);
  const problems: string[] = missing.map(
    (parent) =>
      `${user} lacks SELECT on ${parent}, to which a foreign key of ${schema}.${table} points; GRANT SELECT ON ${parent} TO ${user};`,
  );
  const [temporary] = await context.target(
    'preflight.targetTemporary',
    `SELECT has_database_privilege(current_database(), 'TEMPORARY')::text AS may`,
  );
  if (temporary?.may !== 'true') {
    problems.push(
      `${user} may not create temporary tables, which a load uses; GRANT TEMPORARY ON DATABASE … TO ${user};`,
    );
  }
  for (const [name, rights] of needs) {
    if ((await context.targetTable(name)) === undefined) continue;
    const lacking: string[] = [];
    for (const right of rights) {
      const [row] = await context.target('preflight.targetRight', `SELECT has_table_privilege($1, $2)::text AS may`, [
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

/** Tables, other than the lookups, that the target's foreign keys point to: the check for orphans reads them. */
async function unreadableParents(context: Context): Promise<string[]> {
  const { mapping } = context;
  const references = referencesOf(mapping).map(({ reference }) => reference);
  const rows = await context.target(
    'preflight.targetParents',
    `SELECT DISTINCT format('%I.%I', n.nspname, c.relname)::text AS parent
     FROM pg_constraint f
     JOIN pg_class t ON t.oid = f.conrelid JOIN pg_namespace s ON s.oid = t.relnamespace
     JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
     JOIN pg_class c ON c.oid = f.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE f.contype = 'f' AND cardinality(f.conkey) = 1 AND s.nspname = $1 AND t.relname = $2 AND a.attname = ANY ($3)
       AND f.confrelid <> f.conrelid AND NOT (n.nspname = $1 AND c.relname = ANY ($4))
       AND NOT (has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')) ORDER BY 1`,
    [
      mapping.target.schema,
      mapping.target.table,
      references.map((reference) => reference.target),
      references.map((reference) => reference.lookup.table),
    ],
  );
  return rows.map((row) => row.parent!);
}
