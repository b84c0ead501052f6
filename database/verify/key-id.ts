/** The id that a row's legacy key gives, computed here, where a source has no SHA-1 to compute it with. */
import { createHash } from 'node:crypto';
import type { Mapping } from '../../mappings/mapping';

/** @param parts canonical texts of the key's parts, as bytes; the id is hex without dashes */
export function idOfKey(mapping: Mapping, parts: readonly Buffer[]): string {
  const digest = createHash('sha1').update(Buffer.from(mapping.id.namespace.replaceAll('-', ''), 'hex'));
  for (const part of parts) digest.update(`${part.length}:`).update(part);
  const bytes = digest.digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex');
}

const PREFIX = 'base64:';

/** The parts of a key as the target and the ledger write it: the value itself, or a JSON array of several. */
export function partsOfKey(mapping: Mapping, key: string): Buffer[] {
  const parts = mapping.source.key.length === 1 ? [key] : (JSON.parse(key) as string[]);
  // Bytes that are no text are written so.
  return parts.map((part) =>
    part.startsWith(PREFIX) ? Buffer.from(part.slice(PREFIX.length), 'base64') : Buffer.from(part),
  );
}
