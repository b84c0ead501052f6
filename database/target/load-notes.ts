/** What a load notes in the ledger of the rows that it writes. A forecast writes the same rows, for a moment, and notes nothing. */
import type { TimedMapping } from '../converters/converter';
import type { Attempt } from '../ledger/attempts';
import { keepDeleted, loadedBefore } from './deleted';
import { stagedKey } from './expressions';
import type { StageTables } from './stage';
import { within } from './write-rows';
import type { Part } from './write-rows';

/** Target rows `t` that are to be changed, joined to `changes` `c`. */
export interface ChangedRows {
  /** The target's table, quoted. */
  readonly target: string;
  /** Joins the two by the legacy key. */
  readonly sameKey: string;
  /** True for rows that are as we wrote them, and so may be changed. */
  readonly ours: string;
  readonly legacyKey: string;
}

export interface LoadNotes {
  /** Lines of `inserted_keys` of earlier runs that may hold keys of the batch. */
  readonly loadedBefore: { readonly sql: string; readonly values: readonly unknown[] };
  /** A part was inserted where the target held nothing of the batch. */
  freshKeys(part: Part): Promise<void>;
  /** Takes rows out of `changes` that earlier runs loaded and that are nowhere. */
  keepDeleted(): Promise<void>;
  /** Rows that are ours are about to be changed. */
  beforeImages(rows: ChangedRows): Promise<void>;
  /** Rows that another writer changed are kept. */
  kept(rows: ChangedRows): Promise<void>;
  /** What of `changes` did not exist was inserted. */
  insertedKeys(): Promise<void>;
}

/** The notes of a run. */
export function ledgerNotes(attempt: Attempt, mapping: TimedMapping, tables: StageTables): LoadNotes {
  const { session, ref } = attempt;
  const batch = [ref.run, ref.batch];
  return {
    loadedBefore: { sql: loadedBefore(), values: batch },
    freshKeys: async (part) => {
      await session.query(
        'load.recordFresh',
        `INSERT INTO carryover.inserted_keys (run_id, batch, legacy_keys)
         SELECT $1, $2, array_agg(${stagedKey(mapping)} ORDER BY r.n) FROM ${tables.rows} r
         WHERE NOT EXISTS (SELECT FROM ${tables.unfit} u WHERE u.n = r.n)${within(part)}
         ON CONFLICT (run_id, batch) DO UPDATE SET legacy_keys = inserted_keys.legacy_keys || excluded.legacy_keys`,
        batch,
      );
    },
    keepDeleted: () => keepDeleted(attempt, mapping, tables),
    beforeImages: async ({ target, sameKey, ours, legacyKey }) => {
      await session.query(
        'load.beforeImages',
        `INSERT INTO carryover.before_images (run_id, batch, legacy_key, target_row)
         SELECT $1, $2, ${legacyKey}, to_jsonb(t) FROM ${target} t JOIN changes c ON ${sameKey} WHERE c.existed AND ${ours}
         ON CONFLICT DO NOTHING`,
        batch,
      );
    },
    // A row that is not as we wrote it was changed by somebody else: it is kept, and told of.
    kept: async ({ target, sameKey, ours, legacyKey }) => {
      await session.query(
        'load.kept',
        `INSERT INTO carryover.findings (run_id, batch, kind, legacy_key)
         SELECT $1, $2, 'changed_in_target', ${legacyKey} FROM ${target} t JOIN changes c ON ${sameKey}
         WHERE c.existed AND NOT ${ours}`,
        batch,
      );
    },
    insertedKeys: async () => {
      await session.query(
        'load.recordKeys',
        `INSERT INTO carryover.inserted_keys (run_id, batch, legacy_keys)
         SELECT $1, $2, keys FROM (SELECT array_agg(${stagedKey(mapping)} ORDER BY r.n) AS keys
           FROM changes c JOIN ${tables.rows} r ON r.n = c.staged_row WHERE NOT c.existed) k WHERE keys IS NOT NULL
         ON CONFLICT (run_id, batch) DO UPDATE SET legacy_keys = inserted_keys.legacy_keys || excluded.legacy_keys`,
        batch,
      );
    },
  };
}
