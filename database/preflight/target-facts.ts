/** Reads the target's catalogue (`pg_catalog` is open to every role). */
import type { Context } from './context';

export interface TargetTable {
  readonly kind: string;
  /** True where row level security would hide or refuse rows for the current role. */
  readonly rowSecurity: boolean;
  readonly hasRules: boolean;
  readonly triggers: readonly string[];
}

export interface TargetColumn {
  readonly name: string;
  /** As the table's definition writes it: `character varying(120)`. */
  readonly type: string;
  /** Name in `pg_type`, of the base type where the column has a domain: `int8`, `varchar`. */
  readonly baseType: string;
  /** Oid of the column's type, as text. */
  readonly typeOid: string;
  /** Length, precision or scale as `pg_attribute` packs it; -1 without. */
  readonly modifier: number;
  readonly notNull: boolean;
  /** Filled by a default or an identity where the load names no value. */
  readonly hasDefault: boolean;
  /** GENERATED ALWAYS, as identity or by expression: the load cannot write it. */
  readonly generated: boolean;
}

type Reader = Pick<Context, 'target' | 'mapping'>;

export async function readTargetTable(context: Reader, table: string): Promise<TargetTable | undefined> {
  const named = [context.mapping.target.schema, table];
  const [row] = await context.target(
    'preflight.targetTable',
    // Of rules on DELETE only who deletes knows.
    `SELECT c.relkind::text AS kind, row_security_active(c.oid)::text AS "rowSecurity", -- relhasrules stays set until a VACUUM after the last rule is gone
            EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type IN ('2', '3'${context.mapping.gone?.policy === 'delete' ? ", '4'" : ''}))::text AS rules
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`,
    named,
  );
  if (row === undefined) return undefined;
  const triggers = await context.target(
    'preflight.targetTriggers',
    `SELECT t.tgname::text AS name
       FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = $2 AND NOT t.tgisinternal AND t.tgenabled <> 'D'
      ORDER BY 1`,
    named,
  );
  return {
    kind: row.kind!,
    rowSecurity: row.rowSecurity === 'true',
    hasRules: row.rules === 'true',
    triggers: triggers.map(({ name }) => name!),
  };
}

export async function readTargetColumns(context: Reader, table: string): Promise<TargetColumn[]> {
  const rows = await context.target(
    'preflight.targetColumns',
    `SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type,
            coalesce(b.typname, t.typname)::text AS base, a.atttypid::text AS oid,
            (CASE WHEN b.oid IS NULL THEN a.atttypmod ELSE t.typtypmod END)::text AS modifier,
            (a.attnotnull OR t.typnotnull)::text AS "notNull",
            (a.atthasdef AND a.attgenerated = '' OR a.attidentity <> '' OR t.typdefault IS NOT NULL)::text AS filled,
            (a.attgenerated <> '' OR a.attidentity = 'a')::text AS generated
       FROM pg_attribute a
       JOIN pg_class c ON c.oid = a.attrelid
       JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_type t ON t.oid = a.atttypid
       LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
      WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND a.attnum > 0 AND NOT a.attisdropped
      ORDER BY a.attnum`,
    [context.mapping.target.schema, table],
  );
  return rows.map((row) => ({
    name: row.name!,
    type: row.type!,
    baseType: row.base!,
    typeOid: row.oid!,
    modifier: Number(row.modifier),
    notNull: row.notNull === 'true',
    hasDefault: row.filled === 'true',
    generated: row.generated === 'true',
  }));
}
