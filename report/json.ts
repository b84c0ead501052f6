import type { Report } from './model';
import schema from './report.schema.json';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly $ref?: string;
}

const definitions = schema.$defs as Readonly<Record<string, Schema>>;

const resolve = (part: Schema | undefined): Schema =>
  part?.$ref === undefined ? (part ?? {}) : (definitions[part.$ref.replace('#/$defs/', '')] ?? {});

/** Puts the keys of objects in the order of the schema; unknown ones follow. */
function arrange(value: unknown, part: Schema | undefined): unknown {
  const { properties = {}, items } = resolve(part);
  if (Array.isArray(value)) return value.map((entry) => arrange(entry, items));
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Readonly<Record<string, unknown>>;
  const keys = [...new Set([...Object.keys(properties), ...Object.keys(fields)])].filter((key) => key in fields);
  return Object.fromEntries(keys.map((key) => [key, arrange(fields[key], properties[key])]));
}

/**
 * The report as JSON with the documented order of keys, also where it comes back from the ledger: jsonb forgets the
 * order. Ends with a line break.
 */
export const toJson = (report: Report): string => `${JSON.stringify(arrange(report, schema as Schema), null, 2)}\n`;
