import { targetKey as targetKeyOf } from '../../../mappings/mapping';
import { quotePg, quotePgTable } from '../../target/quote';
import type { Context } from '../context';

/** The upsert needs a unique index over the legacy key; the id needs one so that it is an id. */
export async function targetKey(context: Context): Promise<string[]> {
  const { schema, table } = context.mapping.target;
  const columns = await context.targetColumns(table);
  const indexes = await context.target(
    'preflight.targetIndexes',
    `SELECT string_agg(a.attname::text, ',' ORDER BY a.attname::text COLLATE "C") AS columns
       FROM pg_index i
       JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1])
      WHERE n.nspname = $1 AND c.relname = $2
        AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
      GROUP BY i.indexrelid`,
    [schema, table],
  );
  const missing = (wanted: readonly string[]): boolean =>
    // A missing column is said by its own check.
    wanted.every((name) => columns.some((column) => column.name === name)) &&
    !indexes.some((index) => index.columns === [...wanted].sort().join(','));
  const add = (wanted: readonly string[]): string =>
    `ALTER TABLE ${quotePgTable(schema, table)} ADD UNIQUE (${wanted.map(quotePg).join(', ')});`;

  const problems: string[] = [];
  const key = targetKeyOf(context.mapping);
  if (missing(key)) {
    problems.push(
      `The target's table ${schema}.${table} has no unique index over the legacy key (${key.join(', ')}), whole, immediate and without a predicate; ${add(key)}`,
    );
  }
  const id = [context.mapping.id.target];
  if (missing(id)) {
    problems.push(`The target's table ${schema}.${table} has no primary key or unique index over ${id[0]}; ${add(id)}`);
  }
  return problems;
}
