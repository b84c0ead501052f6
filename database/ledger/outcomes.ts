/** What a load writes into the ledger beside its batch's line: quarantine, its occurrences, outcomes of lookups. */
import { namedColumns, referencesOf } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import type { BatchRef } from '../../shared/messages';
import { isDismissed } from '../quarantine/left-out';
import { staged, stagedKey, stagedReference } from '../target/expressions';
import { literalPg } from '../target/quote';
import type { TargetQueries } from '../target/session';
import type { StageTables } from '../target/stage';

/** The whole source row as jsonb: named columns as text, then what the stage's text columns could not hold. */
function sourceRow(mapping: Mapping): string {
  const pairs = namedColumns(mapping).map((column) => `${literalPg(column)}, ${staged(mapping, column)}`);
  return `(jsonb_build_object(${pairs.join(', ')}) || coalesce(r.extra::jsonb, '{}'))`;
}

/**
 * Puts the batch's unfit rows into quarantine, one row per migration and key, and notes their occurrence.
 *
 * @returns the number of rows that this batch quarantined
 */
export async function recordQuarantine(
  session: TargetQueries,
  mapping: Mapping,
  ref: BatchRef,
  tables: StageTables,
): Promise<number> {
  const key = stagedKey(mapping);
  await session.query(
    'load.quarantine',
    `INSERT INTO carryover.quarantine AS q (migration, legacy_key, reason, reasons, columns, source_row,
       source_row_sha256, target_id, first_run, first_batch, last_run, last_batch)
     SELECT $1, ${key}, u.reasons[1], u.reasons, u.columns, ${sourceRow(mapping)}, r.sha256, r.id, $2, $3, $2, $3
     FROM ${tables.unfit} u JOIN ${tables.rows} r ON r.n = u.n WHERE NOT ${isDismissed('u')} ORDER BY ${key}
     ON CONFLICT (migration, legacy_key) DO UPDATE SET
       reason = excluded.reason, reasons = excluded.reasons, columns = excluded.columns, state = 'open', dismissal = NULL,
       source_row = excluded.source_row, source_row_sha256 = excluded.source_row_sha256,
       target_id = excluded.target_id,
       last_run = excluded.last_run, last_batch = excluded.last_batch, last_seen = now(), attempts = q.attempts + 1`,
    [mapping.name, ref.run, ref.batch],
  );
  const occurrences = await session.query(
    'load.occurrences',
    `INSERT INTO carryover.quarantine_occurrences (run_id, batch, migration, legacy_key, reason)
     SELECT $2, $3, $1, ${key}, u.reasons[1] FROM ${tables.unfit} u JOIN ${tables.rows} r ON r.n = u.n
     WHERE NOT ${isDismissed('u')}`,
    [mapping.name, ref.run, ref.batch],
  );
  return occurrences.rowCount ?? 0;
}

/** Rows that were in quarantine and are fit now have come over; so have dismissed ones whose source is another since. */
export async function settleReplayed(
  session: TargetQueries,
  ref: BatchRef,
  key: string,
  tables: StageTables,
): Promise<void> {
  await session.query(
    'load.replayed',
    `UPDATE carryover.quarantine q SET state = 'replayed', dismissal = NULL, last_run = $2, last_batch = $3, last_seen = now()
     FROM (SELECT ${key} AS legacy_key FROM ${tables.rows} r
           WHERE NOT EXISTS (SELECT FROM ${tables.unfit} u WHERE u.n = r.n)) fit
     WHERE q.migration = $1 AND q.state IN ('open', 'dismissed') AND q.legacy_key = fit.legacy_key`,
    [ref.migration, ref.run, ref.batch],
  );
}

/** Rows by outcome of each lookup: all rows of the batch for cases, the loaded ones for actors. */
export async function recordLookups(
  session: TargetQueries,
  mapping: Mapping,
  ref: BatchRef,
  tables: StageTables,
): Promise<void> {
  for (const [position, { role, reference }] of referencesOf(mapping).entries()) {
    await session.query(
      'load.lookups',
      `INSERT INTO carryover.lookups (run_id, batch, reference, role, outcome, rows)
       SELECT $1, $2, $3, $4, outcome, rows FROM (${lookupOutcomes(mapping, tables, position)}) o`,
      [ref.run, ref.batch, reference.name, role],
    );
  }
}

/** Query of the rows by outcome of the lookup of the reference at a position of `referencesOf`. */
export function lookupOutcomes(mapping: Mapping, tables: StageTables, position: number): string {
  const { role, reference } = referencesOf(mapping)[position]!;
  const answers = tables.reference(position);
  const key = stagedReference(mapping, reference.source);
  const outcome = (text: string): string =>
    `CASE WHEN a.answers = 1 THEN 'resolved' WHEN a.answers > 1 THEN 'ambiguous' WHEN ${text} THEN 'absent' ELSE 'unmapped' END`;
  // The answer table counts rows by reference already; what an actor's count leaves out are the few unfit rows.
  const unfit =
    role === 'case'
      ? ''
      : `UNION ALL SELECT ${outcome(`${key} IS NULL`)}, -1
         FROM ${tables.unfit} u JOIN ${tables.rows} r ON r.n = u.n LEFT JOIN ${answers} a ON a.key = ${key}`;
  return `SELECT outcome, sum(rows) AS rows
    FROM (SELECT ${outcome('a.key IS NULL')} AS outcome, a.rows FROM ${answers} a ${unfit}) o
    GROUP BY outcome HAVING sum(rows) > 0`;
}
