import { referencesOf } from '../../../mappings/mapping';
import { quotePg, quotePgTable } from '../../target/quote';
import type { Context } from '../context';

/** Without an index every batch reads the whole lookup table. */
export async function lookupIndex(context: Context): Promise<string[]> {
  const { mapping } = context;
  const { schema } = mapping.target;
  const warnings = await Promise.all(
    referencesOf(mapping).map(async ({ reference }) => {
      const { table, key } = reference.lookup;
      const columns = await context.targetColumns(table);
      if (!columns.some((column) => column.name === key)) return [];
      const found = await context.target(
        'preflight.lookupIndex',
        `SELECT 1::text AS found
           FROM pg_index i
           JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
           JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
          WHERE n.nspname = $1 AND c.relname = $2 AND a.attname = $3 AND i.indisvalid AND i.indpred IS NULL`,
        [schema, table, key],
      );
      if (found.length > 0) return [];
      return [
        `The lookup "${table}.${key}" has no index, so that every batch reads the whole table; CREATE INDEX ON ${quotePgTable(schema, table)} (${quotePg(key)});`,
      ];
    }),
  );
  return [...new Set(warnings.flat())];
}
