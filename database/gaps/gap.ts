/** What a look for gaps can find: rows of the source that nobody has brought over, and may have missed. */

export type Gap = Unmapped | NeverMigrated | Emptied | Pending | Lagging;

interface OfTable {
  /** Table of the source. */
  readonly table: string;
  /** Rows of it that are concerned; null where counting them takes too long: at least one. */
  readonly rows: number | null;
}

interface OfMigration extends OfTable {
  readonly migration: string;
  /** Table of the target, with its schema. */
  readonly target: string;
}

/** No mapping and no line of the baseline names the table. */
export interface Unmapped extends OfTable {
  readonly kind: 'unmapped' | 'unreadable';
}

/** No run has taken the table. */
export interface NeverMigrated extends OfMigration {
  readonly kind: 'never_migrated';
  readonly targetHolds: 'no table' | 'nothing' | 'rows';
}

/** The ledger counts loaded rows, and the target holds none. */
export interface Emptied extends OfMigration {
  readonly kind: 'emptied';
  readonly targetHolds: 'no table' | 'nothing';
  readonly run: string;
}

/** The latest run is closed, and had rows left. */
export interface Pending extends OfMigration {
  readonly kind: 'pending';
  readonly run: string;
}

/** The source holds more rows than the ledger counts. */
export interface Lagging extends OfMigration {
  readonly kind: 'lagging';
  readonly run: string;
}

/** What was looked at. */
export interface Looked {
  /** Tables of the source; of these, tables of mappings, of the baseline, and others that are empty. */
  readonly tables: number;
  readonly mapped: number;
  readonly baseline: number;
  readonly empty: number;
}

export interface FoundGaps {
  readonly looked: Looked;
  readonly gaps: readonly Gap[];
}
