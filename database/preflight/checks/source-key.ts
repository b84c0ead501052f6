import type { Context } from '../context';
import { findSourceColumn } from '../source-facts';

const lower = (names: readonly string[]): string[] => names.map((name) => name.toLowerCase());

/** Batches are ranges of the key: it must be unique, never NULL, and have an index in its order. */
export async function sourceKey(context: Context): Promise<string[]> {
  const { table, key } = context.mapping.source;
  const columns = await context.sourceColumns();
  // A missing column is said by its own check.
  if (key.some((name) => findSourceColumn(columns, name) === undefined)) return [];
  const keys = (await context.sourceIndexes()).filter((index) => index.isKey);
  const wanted = lower(key);
  if (keys.some((index) => lower(index.columns).join('\0') === wanted.join('\0'))) return [];
  const found = keys.map((index) => `${index.name} (${index.columns.join(', ')})`).join('; ');
  const remedy =
    keys.length === 0
      ? `add one to the source: ALTER TABLE \`${table}\` ADD PRIMARY KEY (${key.map((name) => `\`${name}\``).join(', ')})`
      : 'write the columns of one of them, in its order, as source.key';
  return [
    `source.key of the mapping ${context.mapping.name} is (${key.join(', ')}), which is no primary key and no unique index over NOT NULL columns of "${table}" (${found === '' ? 'it has none' : `it has ${found}`}); ${remedy}.`,
  ];
}
