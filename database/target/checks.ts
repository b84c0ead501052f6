/** What no batch can see: quality checks over the whole target table of a migration, by set-based SQL. */
import { LINEAGE_HASHES, referencesOf, targetKey } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import type { CheckResult } from '../../shared/verdict';
import { quarantineCheck, referenceCheck } from './check-lookups';
import { sumOf } from './check';
import type { Check } from './check';
import { MOVED } from './compare';
import { literalPg, quotePg, quotePgTable } from './quote';
import type { TargetQueries } from './session';

const NO_DEFECT = `(${MOVED.map(literalPg).join(', ')})`;

/** Checks that run at once: each reads whole tables, and the server has other work. */
const AT_ONCE = 2;

/** Runs every check; one that errors ends the whole, since a proof that could not look is none. */
export async function runChecks(target: TargetQueries, mapping: Mapping, run: string): Promise<CheckResult[]> {
  const parents = await parentKeys(target, mapping);
  const checks = [...ledgerChecks(mapping, run), ...tableChecks(mapping, parents)];
  const results: CheckResult[] = [];
  const left = [...checks.entries()];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [position, check] = next;
      results[position] = await runCheck(target, check);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}

async function runCheck(target: TargetQueries, check: Check): Promise<CheckResult> {
  const answer = await target.query<{ compared: string; found: string }>('checks.run', check.sql, check.values);
  const { compared, found } = answer.rows[0]!;
  return { name: check.name, compared: Number(compared), found: Number(found) };
}

function ledgerChecks(mapping: Mapping, run: string): Check[] {
  return [
    {
      name: 'checksum',
      sql: `SELECT coalesce(sum(compared), 0) AS compared,
              (SELECT count(*) FROM carryover.findings WHERE run_id = $1 AND kind NOT IN ${NO_DEFECT}) AS found
            FROM carryover.batches WHERE run_id = $1`,
      values: [run],
    },
    {
      name: 'batches',
      sql: `SELECT count(*) AS compared, count(*) FILTER (WHERE state NOT IN ('validated', 'skipped')) AS found
            FROM carryover.batches WHERE run_id = $1`,
      values: [run],
    },
    quarantineCheck(mapping, run),
  ];
}

function tableChecks(mapping: Mapping, parents: ReadonlyMap<string, string>): Check[] {
  const target = quotePgTable(mapping.target.schema, mapping.target.table);
  const key = targetKey(mapping)
    .map((column) => `t.${quotePg(column)}`)
    .join(', ');
  const names = [
    ...mapping.lineage.values.map((value) => value.name),
    ...Object.keys(mapping.lineage.constants),
    ...Object.values(LINEAGE_HASHES),
  ];
  const lineage = `t.${quotePg(mapping.lineage.target)}`;
  const constants = Object.entries(mapping.lineage.constants).map(
    ([name, value]) => `${lineage} ->> ${literalPg(name)} IS DISTINCT FROM ${literalPg(value)}`,
  );
  const order = orderCheck(mapping, target, key);
  return [
    {
      name: 'duplicates',
      sql: `SELECT count(*) AS compared, count((${key})) - count(DISTINCT (${key})) AS found FROM ${target} t`,
    },
    orphanCheck(mapping, target, parents),
    referenceCheck(mapping, target),
    {
      name: 'metadata',
      sql: `SELECT count(*) AS compared, count(*) FILTER (WHERE NOT (${lineage} ?& ARRAY[${names.map(literalPg).join(', ')}])
              ${constants.map((test) => `OR ${test}`).join(' ')}) AS found FROM ${target} t`,
    },
    ...(order === null ? [] : [order]),
  ];
}

/** References of the target that point to no row of the table that their foreign key, or else their lookup, names. */
export function orphanCheck(mapping: Mapping, target: string, parents: ReadonlyMap<string, string>): Check {
  const parts = referencesOf(mapping).map(({ reference }) => {
    const value = `t.${quotePg(reference.target)}`;
    const { table, value: answer } = reference.lookup;
    const known =
      parents.get(reference.target) ??
      `SELECT DISTINCT ${quotePg(answer)} AS key FROM ${quotePgTable(mapping.target.schema, table)}`;
    // As a join and not as NOT IN: the server may share a join among several processes.
    return `SELECT (SELECT count(*) FROM ${target} t WHERE ${value} IS NOT NULL) AS compared, (
        SELECT count(*) FROM ${target} t LEFT JOIN (${known}) p ON p.key = ${value}
        WHERE ${value} IS NOT NULL AND p.key IS NULL) AS found`;
  });
  return { name: 'orphans', sql: sumOf(parts) };
}

/** For each target column under a foreign key of its own: a query that yields the keys of the parent table. */
export async function parentKeys(target: TargetQueries, mapping: Mapping): Promise<Map<string, string>> {
  const found = await target.query<{ column: string; keys: string }>(
    'checks.parents',
    `SELECT a.attname AS column, format('SELECT %I AS key FROM %I.%I', p.attname, n.nspname, c.relname) AS keys
       FROM pg_constraint f
       JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
       JOIN pg_class c ON c.oid = f.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute p ON p.attrelid = f.confrelid AND p.attnum = f.confkey[1]
       WHERE f.contype = 'f' AND cardinality(f.conkey) = 1 AND f.conrelid = $1::regclass`,
    [quotePgTable(mapping.target.schema, mapping.target.table)],
  );
  return new Map(found.rows.map((row) => [row.column, row.keys]));
}

/** Within a case, rows in the order of their instants must be in the order of their wall clocks. */
export function orderCheck(mapping: Mapping, target: string, key: string): Check | null {
  const { case: group, time } = mapping.report;
  if (group === undefined || time === undefined) return null;
  const wall = `(t.${quotePg(time)} AT TIME ZONE ${literalPg(mapping.time.zone)})`;
  return {
    name: 'order',
    sql: `SELECT count(*) AS compared, count(*) FILTER (WHERE earlier > wall) AS found FROM (
            SELECT ${wall} AS wall, lag(${wall}) OVER (PARTITION BY t.${quotePg(group)} ORDER BY t.${quotePg(time)}, ${key}) AS earlier
            FROM ${target} t) o`,
  };
}
