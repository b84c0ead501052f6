/** Rows that other rows refer to by a foreign key: nothing takes them away, so that no cascade ever fires. */
import type { Sql } from '../converters/converter';
import type { TargetQueries } from './session';

interface ForeignKey {
  readonly child: string;
  /** `c.parent_id = t.id AND …`, of the child's columns and those that they point to. */
  readonly same: string;
}

/**
 * Conditions, one for each foreign key, that a row of the table is referred to. A row that refers to itself is not.
 *
 * @param table the quoted name of the table
 * @param alias alias of its rows
 * @param leaving a table of rows of the same table, by their `place`, that go as well: they do not count
 */
export async function referrersOf(session: TargetQueries, table: Sql, alias: string, leaving?: Sql): Promise<Sql[]> {
  // Policies would hide rows from us that a cascade does see: better to be refused.
  await session.query('gone.rowSecurity', 'SET LOCAL row_security = off');
  const found = await session.query<ForeignKey>(
    'gone.referrers',
    `SELECT format('%I.%I', n.nspname, c.relname) AS child,
       (SELECT string_agg(format('c.%I = ${alias}.%I', ca.attname, pa.attname), ' AND ')
        FROM unnest(f.conkey, f.confkey) AS k (child, parent)
        JOIN pg_attribute ca ON ca.attrelid = f.conrelid AND ca.attnum = k.child
        JOIN pg_attribute pa ON pa.attrelid = f.confrelid AND pa.attnum = k.parent)
       || CASE WHEN f.conrelid = f.confrelid THEN ' AND (c.tableoid, c.ctid) <> (${alias}.tableoid, ${alias}.ctid)${
         leaving === undefined ? '' : ` AND (c.tableoid, c.ctid) NOT IN (SELECT part, place FROM ${leaving})`
       }' ELSE '' END AS same
     FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE f.contype = 'f' AND f.confrelid = $1::regclass
       -- Of a key between partitioned tables, one for each pair of partitions stands beside that of the whole.
       AND NOT EXISTS (SELECT FROM pg_constraint p WHERE p.oid = f.conparentid AND p.confrelid = f.confrelid)`,
    [table],
  );
  return found.rows.map(({ child, same }) => `EXISTS (SELECT FROM ${child} c WHERE ${same})`);
}
