/** A check of a whole table or of the ledger: one statement that counts what it looked at and what it found. */
export interface Check {
  readonly name: string;
  /** Yields one row: `compared`, `found`. */
  readonly sql: string;
  readonly values?: readonly unknown[];
}

/** Adds up the rows of statements that each yield `compared` and `found`. */
export function sumOf(parts: readonly string[]): string {
  if (parts.length === 0) return 'SELECT 0 AS compared, 0 AS found';
  return `SELECT sum(compared) AS compared, sum(found) AS found FROM (${parts.join(' UNION ALL ')}) p`;
}
