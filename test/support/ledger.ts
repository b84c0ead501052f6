/** Statements by which a test puts the ledger into a state that the product would take a run to reach. */

/** A statement past the table of legal transitions, as one text for a simple query; it takes a superuser. */
export const pastTransitions = (sql: string): string =>
  `BEGIN; SET LOCAL session_replication_role = replica; ${sql}; COMMIT`;
