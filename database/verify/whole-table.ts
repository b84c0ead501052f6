/** Checks of a whole target table as SQL that counts what it looked at and what it found: `compared`, `found`. */
import { LINEAGE_HASHES, referencesOf, targetKey } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import type { Sql } from '../converters/converter';
import { literalPg, quotePg, quotePgTable } from '../target/quote';
import type { TargetQueries } from '../target/session';

export const targetTable = (mapping: Mapping): Sql => quotePgTable(mapping.target.schema, mapping.target.table);

const keyOf = (mapping: Mapping): Sql =>
  targetKey(mapping)
    .map((column) => `t.${quotePg(column)}`)
    .join(', ');

/** Rows that are too many for their key. */
export const duplicatesOf = (mapping: Mapping): Sql =>
  `SELECT count(*) AS compared, count((${keyOf(mapping)})) - count(DISTINCT (${keyOf(mapping)})) AS found
   FROM ${targetTable(mapping)} t`;

/** Rows whose lineage lacks something, or has another constant than the mapping's. */
export function incompleteLineage(mapping: Mapping): Sql {
  const lineage = `t.${quotePg(mapping.lineage.target)}`;
  const names = [
    ...mapping.lineage.values.map((value) => value.name),
    ...Object.keys(mapping.lineage.constants),
    ...Object.values(LINEAGE_HASHES),
  ];
  const faults = [
    `(${lineage} ?& ARRAY[${names.map(literalPg).join(', ')}]) IS NOT TRUE`,
    ...Object.entries(mapping.lineage.constants).map(
      ([name, value]) => `${lineage} ->> ${literalPg(name)} IS DISTINCT FROM ${literalPg(value)}`,
    ),
  ];
  return `SELECT count(*) AS compared, count(*) FILTER (WHERE ${faults.join(' OR ')}) AS found FROM ${targetTable(mapping)} t`;
}

/** References that point to no row of the table that their foreign key, or else their lookup, names. */
export async function orphansOf(mapping: Mapping, target: TargetQueries): Promise<Sql> {
  const parents = await parentKeys(target, mapping);
  const table = targetTable(mapping);
  const parts = referencesOf(mapping).map(({ reference }) => {
    const value = `t.${quotePg(reference.target)}`;
    const { table: lookup, value: answer } = reference.lookup;
    const known =
      parents.get(reference.target) ??
      `SELECT DISTINCT ${quotePg(answer)} AS key FROM ${quotePgTable(mapping.target.schema, lookup)}`;
    // As a join and not as NOT IN: the server may share a join among several processes.
    return `SELECT (SELECT count(*) FROM ${table} t WHERE ${value} IS NOT NULL) AS compared, (
        SELECT count(*) FROM ${table} t LEFT JOIN (${known}) p ON p.key = ${value}
        WHERE ${value} IS NOT NULL AND p.key IS NULL) AS found`;
  });
  return `SELECT coalesce(sum(compared), 0) AS compared, coalesce(sum(found), 0) AS found
    FROM (${['SELECT 0 AS compared, 0 AS found', ...parts].join(' UNION ALL ')}) p`;
}

/** For each target column under a foreign key of its own: a query that yields the keys of the parent table. */
export async function parentKeys(target: TargetQueries, mapping: Mapping): Promise<Map<string, string>> {
  const found = await target.query<{ column: string; keys: string }>(
    'verify.parents',
    `SELECT a.attname AS column, format('SELECT %I AS key FROM %I.%I', p.attname, n.nspname, c.relname) AS keys
       FROM pg_constraint f
       JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
       JOIN pg_class c ON c.oid = f.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute p ON p.attrelid = f.confrelid AND p.attnum = f.confkey[1]
       WHERE f.contype = 'f' AND cardinality(f.conkey) = 1 AND f.conrelid = $1::regclass`,
    [targetTable(mapping)],
  );
  return new Map(found.rows.map((row) => [row.column, row.keys]));
}

/** Within a case, rows in the order of their instants must be in the order of their wall clocks. Null where it names none. */
export function disorderOf(mapping: Mapping): Sql | null {
  const { case: group, time } = mapping.report;
  if (group === undefined || time === undefined) return null;
  const wall = `(t.${quotePg(time)} AT TIME ZONE ${literalPg(mapping.time.zone)})`;
  return `SELECT count(*) AS compared, count(*) FILTER (WHERE earlier > wall) AS found FROM (
            SELECT ${wall} AS wall,
              lag(${wall}) OVER (PARTITION BY t.${quotePg(group)} ORDER BY t.${quotePg(time)}, ${keyOf(mapping)}) AS earlier
            FROM ${targetTable(mapping)} t) o`;
}
