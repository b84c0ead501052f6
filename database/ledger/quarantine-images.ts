/** Lines of quarantine as they were before a load touched them: what an undo gives back. */
import type { Mapping } from '../../mappings/mapping';
import type { BatchRef } from '../../shared/messages';
import { stagedKey } from '../target/expressions';
import { quotePg } from '../target/quote';
import type { TargetQueries } from '../target/session';
import type { StageTables } from '../target/stage';

/** Of a batch that is loaded twice the first image stays: it is that of before. */
export async function keepQuarantine(
  session: TargetQueries,
  mapping: Mapping,
  ref: BatchRef,
  tables: StageTables,
): Promise<void> {
  await session.query(
    'load.quarantineImages',
    `INSERT INTO carryover.quarantine_images (run_id, batch, legacy_key, line)
     SELECT $2, $3, q.legacy_key, to_jsonb(q) FROM carryover.quarantine q
     JOIN (SELECT ${stagedKey(mapping)} AS key, EXISTS (SELECT FROM ${tables.unfit} u WHERE u.n = r.n) AS is_unfit
           FROM ${tables.rows} r) s ON s.key = q.legacy_key
     WHERE q.migration = $1 AND (s.is_unfit OR q.state IN ('open', 'dismissed')) ON CONFLICT DO NOTHING`,
    [mapping.name, ref.run, ref.batch],
  );
}

/** The batch of the undone run that a batch undoes, as `run_id` and `batch`. */
const UNDONE = `
  SELECT r.undoes AS run_id, b.undoes AS batch FROM carryover.batches b JOIN carryover.runs r USING (run_id)
  WHERE b.run_id = $2 AND b.batch = $3`;

const NOT_KEPT = `NOT EXISTS (SELECT FROM undone_rows r WHERE r.key = q.legacy_key AND r.kept IS NOT NULL)`;

/**
 * Gives lines their former contents back, but of rows that are kept in the target; a line that the undone batch made is `undone`.
 */
export async function restoreQuarantine(session: TargetQueries, mapping: Mapping, ref: BatchRef): Promise<void> {
  const found = await session.query<{ name: string }>(
    'undo.quarantineColumns',
    `SELECT attname AS name FROM pg_attribute
     WHERE attrelid = 'carryover.quarantine'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = ''
       AND attname NOT IN ('migration', 'legacy_key') ORDER BY attnum`,
  );
  const columns = found.rows.map(({ name }) => quotePg(name));
  const bound = [mapping.name, ref.run, ref.batch];
  await session.query(
    'undo.quarantine',
    `UPDATE carryover.quarantine q SET ${columns.map((column) => `${column} = i.${column}`).join(', ')}
     FROM (${UNDONE}) u JOIN carryover.quarantine_images m USING (run_id, batch)
     CROSS JOIN LATERAL jsonb_populate_record(NULL::carryover.quarantine, m.line) i
     WHERE q.migration = $1 AND q.legacy_key = m.legacy_key AND ${NOT_KEPT}
       -- Nobody takes a decision back by the way.
       AND (q.state <> 'dismissed' OR i.state = 'dismissed')`,
    bound,
  );
  await session.query(
    'undo.quarantined',
    `UPDATE carryover.quarantine q SET state = 'undone', last_run = $2, last_batch = $3, last_seen = now()
     FROM (${UNDONE}) u JOIN carryover.quarantine_occurrences o USING (run_id, batch)
     WHERE q.migration = $1 AND q.legacy_key = o.legacy_key AND ${NOT_KEPT} AND q.state <> 'dismissed' AND NOT EXISTS (
       SELECT FROM carryover.quarantine_images m WHERE m.run_id = u.run_id AND m.batch = u.batch AND m.legacy_key = q.legacy_key)`,
    bound,
  );
}
