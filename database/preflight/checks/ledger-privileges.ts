import type { Context } from '../context';

/** May the worker's role write the ledger and make stage tables? */
export async function ledgerPrivileges(context: Context): Promise<string[]> {
  const user = await context.targetUser();
  const tables = await context.target(
    'preflight.ledgerTables',
    `SELECT string_agg(DISTINCT c.relname::text, ', ') AS names
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = 'carryover' AND c.relkind IN ('r', 'v') AND c.relname NOT LIKE 'schema\\_changes%'
        AND NOT (has_table_privilege(c.oid, 'SELECT')
                 AND (c.relkind = 'v'
                      OR has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
                         AND has_table_privilege(c.oid, 'DELETE')))`,
  );
  const sequences = await context.target(
    'preflight.ledgerSequences',
    `SELECT string_agg(c.relname::text, ', ') AS names
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = 'carryover' AND c.relname = 'attempt_token' AND NOT has_sequence_privilege(c.oid, 'USAGE')`,
  );
  const [stage] = await context.target(
    'preflight.ledgerStage',
    `SELECT bool_or(has_schema_privilege(n.oid, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE'))::text AS usable
       FROM pg_namespace n WHERE n.nspname = 'carryover_stage'`,
  );
  const problems: string[] = [];
  if (tables[0]?.names) {
    problems.push(
      `${user} may not read and write the ledger (${tables[0].names}); GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA carryover TO ${user};`,
    );
  }
  if (sequences[0]?.names) {
    problems.push(
      `${user} may not draw attempt tokens; GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA carryover TO ${user};`,
    );
  }
  if (stage?.usable == null) {
    problems.push('The target has no schema "carryover_stage"; run `carryover setup`.');
  } else if (stage.usable !== 'true') {
    problems.push(`${user} may not create stage tables; GRANT USAGE, CREATE ON SCHEMA carryover_stage TO ${user};`);
  }
  return problems;
}
