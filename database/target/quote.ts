/** Quoting for PostgreSQL text that cannot be bound: names from the catalogue, constants from a mapping. */
/** Quotes an identifier. */
export const quotePg = (name: string): string => '"' + name.replaceAll('"', '""') + '"';

/** Quotes a qualified table name. */
export const quotePgTable = (schema: string, table: string): string => `${quotePg(schema)}.${quotePg(table)}`;

/** A text constant of a mapping, as a literal: utility statements take no bound values. Never for row values. */
export function literalPg(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  // With E a backslash means the same whatever the session's settings; the blank keeps E from joining a word before it.
  return text.includes('\\') ? ` E${quoted}` : quoted;
}
