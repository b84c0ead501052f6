/** Rows that other rows refer to by a foreign key: nothing takes them away, so that no cascade ever fires. */
import type { Sql } from '../converters/converter';
import type { TargetQueries } from './session';

interface ForeignKey {
  readonly child: string;
  /** `c.parent_id = t.id AND …`, of the child's columns and those that they point to. */
  readonly same: string;
  /** Whether the table refers to itself, and by columns alone that are about to be written. */
  readonly of_itself: boolean;
  readonly rewritten: boolean;
}

/** Rows that let go of what they refer to: those that go as well, and those of which some columns are about to be written. */
export interface Letting {
  readonly leaving: Sql;
  readonly rewritten: Sql;
  readonly columns: readonly string[];
}

/**
 * Conditions, one for each foreign key, that a row of the table is referred to. A row that refers to itself is not.
 *
 * @param table the quoted name of the table
 * @param alias alias of its rows
 * @param letting rows of the same table that do not count, as queries of `part` and `place`
 */
export async function referrersOf(
  session: TargetQueries,
  table: Sql,
  alias: string,
  letting?: Letting,
): Promise<Sql[]> {
  // Policies would hide rows from us that a cascade does see: better to be refused.
  await session.query('gone.rowSecurity', 'SET LOCAL row_security = off');
  const found = await session.query<ForeignKey>(
    'gone.referrers',
    `SELECT format('%I.%I', n.nspname, c.relname) AS child, f.conrelid = f.confrelid AS of_itself,
       k.same, k.rewritten
     FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     CROSS JOIN LATERAL (
       SELECT string_agg(format('c.%I = ${alias}.%I', ca.attname, pa.attname), ' AND ') AS same,
         bool_and(ca.attname = ANY ($2)) AS rewritten
       FROM unnest(f.conkey, f.confkey) AS k (child, parent)
       JOIN pg_attribute ca ON ca.attrelid = f.conrelid AND ca.attnum = k.child
       JOIN pg_attribute pa ON pa.attrelid = f.confrelid AND pa.attnum = k.parent) k
     WHERE f.contype = 'f' AND f.confrelid = $1::regclass
       -- Of a key between partitioned tables, one for each pair of partitions stands beside that of the whole.
       AND NOT EXISTS (SELECT FROM pg_constraint p WHERE p.oid = f.conparentid AND p.confrelid = f.confrelid)`,
    [table, letting?.columns ?? []],
  );
  return found.rows.map(({ child, same, of_itself: ofItself, rewritten }) => {
    const others = ofItself ? [`(c.tableoid, c.ctid) <> (${alias}.tableoid, ${alias}.ctid)`] : [];
    if (ofItself && letting !== undefined) {
      const free = rewritten ? [letting.leaving, letting.rewritten] : [letting.leaving];
      others.push(...free.map((rows) => `(c.tableoid, c.ctid) NOT IN (${rows})`));
    }
    return `EXISTS (SELECT FROM ${child} c WHERE ${[same, ...others].join(' AND ')})`;
  });
}
