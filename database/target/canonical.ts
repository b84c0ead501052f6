/** Canonical text on PostgreSQL, alike on every side: `length:value` for each value, with its length in bytes; `N` for NULL. */
import type { Sql } from '../converters/converter';

export const lengthPrefixed = (text: Sql): Sql => `coalesce(octet_length(${text}) || ':' || ${text}, 'N')`;

export function sha256Hex(text: Sql): Sql {
  return `encode(sha256(convert_to(${text}, 'UTF8')), 'hex')`;
}
