import type { Context } from '../context';
import { LATEST_SCHEMA } from '../../schema/install';

/** The ledger's tables are made by an operator's command, never by a run that happens to come first. */
export async function ledgerSchema(context: Context): Promise<string[]> {
  const [table] = await context.target(
    'preflight.ledger',
    `SELECT has_schema_privilege(n.oid, 'USAGE')::text AS usable,
            (c.oid IS NOT NULL)::text AS exists,
            coalesce(has_table_privilege(c.oid, 'SELECT'), false)::text AS readable
       FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'schema_changes'
      WHERE n.nspname = 'carryover'`,
  );
  if (table === undefined || table.exists !== 'true') {
    return [`The target has no schema "carryover" with the ledger; run \`carryover setup\`.`];
  }
  const user = await context.targetUser();
  if (table.usable !== 'true') return [`${user} may not use the ledger; GRANT USAGE ON SCHEMA carryover TO ${user};`];
  if (table.readable !== 'true') {
    return [`${user} may not read carryover.schema_changes; GRANT SELECT ON carryover.schema_changes TO ${user};`];
  }
  const applied = await context.target(
    'preflight.ledgerVersion',
    'SELECT name::text FROM carryover.schema_changes ORDER BY id',
  );
  if (applied.some((row) => row.name === LATEST_SCHEMA)) {
    const last = applied[applied.length - 1]!.name!;
    // Numbers start the names, so that text order is order of age.
    if (last <= LATEST_SCHEMA) return [];
    return [`The ledger's schema is at ${last}, newer than this version knows (${LATEST_SCHEMA}); upgrade Carryover.`];
  }
  const at = applied.length === 0 ? 'empty' : `at ${applied[applied.length - 1]!.name}`;
  return [`The ledger's schema is ${at}, older than this version needs (${LATEST_SCHEMA}); run \`carryover setup\`.`];
}
