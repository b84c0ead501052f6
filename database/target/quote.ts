/** Quoting for PostgreSQL text that cannot be bound: names from the catalogue, constants from a mapping. */
import { escapeLiteral } from 'pg';

/** Quotes an identifier. */
export const quotePg = (name: string): string => '"' + name.replaceAll('"', '""') + '"';

/** Quotes a qualified table name. */
export const quotePgTable = (schema: string, table: string): string => `${quotePg(schema)}.${quotePg(table)}`;

/** A text constant of a mapping, as a literal: utility statements take no bound values. Never for row values. */
export const literalPg = (text: string): string => escapeLiteral(text);
