import type { ConverterSpec } from '../../../mappings/converter-spec';
import { targetMisfit } from '../carried-types';
import type { Context } from '../context';
import type { TargetColumn } from '../target-facts';
import type { WrittenColumn } from '../written-columns';
import { writtenColumns } from '../written-columns';

const FIXED = { id: ['uuid', 'uuid'], flag: ['bool', 'boolean'], lineage: ['jsonb', 'jsonb'] } as const;

/** The type of every column that the load writes takes all that its converter lets pass. */
export async function targetTypes(context: Context): Promise<string[]> {
  const { table } = context.mapping.target;
  const columns = await context.targetColumns(table);
  const problems = await Promise.all(
    writtenColumns(context.mapping).map(async (written) => {
      const column = columns.find((candidate) => candidate.name === written.name);
      // A missing column is said by its own check.
      if (column === undefined) return [];
      const misfits = await misfitsOf(context, written, column);
      return misfits.map((misfit) => `The target's column "${table}.${column.name}" is ${column.type}: ${misfit}.`);
    }),
  );
  return problems.flat();
}

async function misfitsOf(context: Context, written: WrittenColumn, column: TargetColumn): Promise<string[]> {
  switch (written.from) {
    case 'rule':
      if (written.convert.kind === 'code') return codeMisfits(context, written.convert, column);
      return [targetMisfit(column, written.convert)].filter((misfit) => misfit !== undefined);
    case 'reference': {
      const { table, value } = written.reference.lookup;
      const answer = (await context.targetColumns(table)).find((candidate) => candidate.name === value);
      if (answer === undefined || answer.typeOid === column.typeOid) return [];
      return [`the lookup answers with ${table}.${value}, which is ${answer.type}; give both the same type`];
    }
    case 'id':
    case 'flag':
    case 'lineage': {
      const [base, shown] = FIXED[written.from];
      return column.baseType === base ? [] : [`Carryover writes ${shown} into it (${written.from} of the mapping)`];
    }
  }
}

async function codeMisfits(
  context: Context,
  spec: Extract<ConverterSpec, { kind: 'code' }>,
  column: TargetColumn,
): Promise<string[]> {
  // The name is looked up as the load will look it up: through the role's search_path.
  const labels = await context.target(
    'preflight.enumLabels',
    `SELECT t.oid::text AS oid, e.enumlabel::text AS label
       FROM pg_type t LEFT JOIN pg_enum e ON e.enumtypid = t.oid
      WHERE t.oid = to_regtype(quote_ident($1))::oid AND t.typtype = 'e'`,
    [spec.type],
  );
  if (labels.length === 0) {
    return [`the mapping names the enum type "${spec.type}", which does not exist in the search_path of the login`];
  }
  const used = [...Object.values(spec.codes), ...(spec.unknown === 'quarantine' ? [] : [spec.unknown.value])];
  const missing = [...new Set(used)].filter((label) => !labels.some((row) => row.label === label));
  return [
    ...(labels[0]!.oid === column.typeOid ? [] : [`the mapping writes the enum type "${spec.type}" into it`]),
    ...missing.map(
      (label) => `the enum type "${spec.type}" lacks the label '${label}' of the mapping; ALTER TYPE … ADD VALUE`,
    ),
  ];
}
