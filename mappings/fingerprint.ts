import { createHash } from 'node:crypto';
import type { Mapping } from './mapping';

/** JSON with sorted keys and without absent fields: one text per meaning. Lists keep their order, it has a meaning. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`);
  return `{${fields.join(',')}}`;
}

/** Whether two pieces of a mapping mean the same, whatever the order of their fields. */
export const sameMeaning = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);

/**
 * Names what a mapping says, so that a run notices when it changes: SHA-256 over its canonical JSON.
 *
 * @returns 64 hexadecimal digits; the same for any order of the fields within an object
 */
export const fingerprint = (mapping: Mapping): string => createHash('sha256').update(canonical(mapping)).digest('hex');
