import type { Reference } from '../../../mappings/mapping';
import { referencesOf } from '../../../mappings/mapping';
import type { Context } from '../context';

const KEY_TYPES: Readonly<Record<Reference['convert']['kind'], readonly string[]>> = {
  integer: ['int2', 'int4', 'int8', 'numeric'],
  text: ['text', 'varchar'],
};

/** Every lookup names a table with both columns, and the key's type is that of the legacy reference. */
export async function lookupColumns(context: Context): Promise<string[]> {
  const { mapping } = context;
  const problems = await Promise.all(
    referencesOf(mapping).map(async ({ role, reference }) => {
      const { table, key, value } = reference.lookup;
      const by = `that the ${role} reference "${reference.name}" of the mapping ${mapping.name} looks up`;
      if ((await context.targetTable(table)) === undefined) {
        return [`The target has no table ${mapping.target.schema}.${table} ${by}; create it, or correct the mapping.`];
      }
      const columns = await context.targetColumns(table);
      const absent = [key, value].filter((name) => !columns.some((column) => column.name === name));
      const found = columns.find((column) => column.name === key);
      const types = KEY_TYPES[reference.convert.kind];
      return [
        ...absent.map((name) => `The target's table "${table}" has no column "${name}" ${by}; correct the mapping.`),
        ...(found === undefined || types.includes(found.baseType)
          ? []
          : [
              `The target's column "${table}.${key}" is ${found.type}, but the reference "${reference.name}" reads ${reference.convert.kind}; correct "convert" in the mapping ${mapping.name}.`,
            ]),
      ];
    }),
  );
  return [...new Set(problems.flat())];
}
