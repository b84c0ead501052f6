/**
 * Resolves references set-based: one answer table per reference, with every distinct legacy reference of the batch, the
 * rows that hold it, and what the lookup table answers.
 */
import { converterOf, isSelfReference, referencesOf, targetKey } from '../../mappings/mapping';
import type { Mapping, Reference } from '../../mappings/mapping';
import type { LookupResult, StagedBatchRef } from '../../shared/messages';
import type { Attempt } from '../ledger/attempts';
import { stagedReference } from './expressions';
import { quotePg, quotePgTable } from './quote';
import { analyze, requireStage, sealTable } from './stage';
import type { StageTables } from './stage';

/** Writes the answer tables of one role; a later attempt replaces those of an earlier one. */
export async function resolveReferences(
  attempt: Attempt,
  mapping: Mapping,
  role: 'case' | 'actor',
  ref: StagedBatchRef,
): Promise<LookupResult> {
  const tables = await requireStage(attempt, ref);
  return attempt.fenced('references', async () => {
    let resolved = 0;
    let missing = 0;
    for (const [position, { role: owner, reference }] of referencesOf(mapping).entries()) {
      if (owner !== role) continue;
      const table = tables.reference(position);
      await attempt.session.query('references.drop', `DROP TABLE IF EXISTS ${table}`);
      await attempt.session.query('references.answer', await answerTable(attempt, mapping, reference, tables, table));
      await analyze(attempt, table);
      const counted = await attempt.session.query<{ resolved: string; missing: string; answers: string }>(
        'references.count',
        `SELECT coalesce(sum(rows) FILTER (WHERE answers = 1), 0) AS resolved,
                coalesce(sum(rows) FILTER (WHERE answers IS DISTINCT FROM 1), 0) AS missing,
                count(*) AS answers FROM ${table}`,
      );
      await sealTable(attempt, table, Number(counted.rows[0]!.answers));
      resolved += Number(counted.rows[0]!.resolved);
      missing += Number(counted.rows[0]!.missing);
    }
    return { resolved, missing };
  });
}

async function answerTable(
  attempt: Attempt,
  mapping: Mapping,
  reference: Reference,
  tables: StageTables,
  table: string,
): Promise<string> {
  const key = stagedReference(mapping, reference.source);
  const lookup = quotePgTable(mapping.target.schema, reference.lookup.table);
  const lookupKey = `l.${quotePg(reference.lookup.key)}`;
  const lookupValue = `l.${quotePg(reference.lookup.value)}`;
  const probed = await isProbedByIndex(attempt, mapping, reference);
  const bounds = probed ? '' : await integerBounds(attempt, mapping, reference, key, tables);
  const known = probed
    ? // OFFSET 0 keeps the probe a probe: flattened, it may become a hash of the whole table again.
      `SELECT w.key, p.value FROM (SELECT key FROM wanted ORDER BY key) w CROSS JOIN LATERAL (` +
      `SELECT ${lookupValue} AS value FROM ${lookup} l WHERE ${lookupKey} = w.key AND ${lookupValue} IS NOT NULL OFFSET 0) p`
    : `SELECT ${lookupKey} AS key, ${lookupValue} AS value FROM ${lookup} l ` +
      `WHERE ${lookupKey} IN (SELECT key FROM wanted) ${bounds.replaceAll('$key', lookupKey)} AND ${lookupValue} IS NOT NULL`;
  // A row of the same batch is an answer too: its id follows from its key alone.
  const own = isSelfReference(mapping, reference) ? ` UNION ALL ${ownRows(mapping, reference, tables)}` : '';
  return `CREATE UNLOGGED TABLE ${table} AS
    WITH wanted AS MATERIALIZED (SELECT ${key} AS key, count(*) AS rows FROM ${tables.rows} r GROUP BY 1),
    known AS (
      SELECT key, (array_agg(value))[1] AS value, count(*) AS answers, bool_and(staged) AS staged
      FROM (SELECT key, value, bool_and(staged) AS staged
            FROM (SELECT key, value, false AS staged FROM (${known}) k${own}) a GROUP BY 1, 2) d
      GROUP BY 1)
    SELECT w.key, w.rows, k.value, k.answers, coalesce(k.staged, false) AS staged FROM wanted w LEFT JOIN known k USING (key)`;
}

/** Lookup rows per staged row from which probing the index for each key is cheaper than reading the table once. */
const PROBE_FROM = 8;

/**
 * True where the lookup is far larger than the batch and has an index on its key. Reading it whole for every batch would
 * make a run's time grow with batches times lookup rows, and the planner's usual costs prefer that for too long.
 */
async function isProbedByIndex(attempt: Attempt, mapping: Mapping, reference: Reference): Promise<boolean> {
  const found = await attempt.session.query<{ rows: number; indexed: boolean }>(
    'references.probe',
    `SELECT c.reltuples AS rows, EXISTS (
       SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
       WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL AND a.attname = $2) AS indexed
     FROM pg_class c WHERE c.oid = $1::regclass`,
    [quotePgTable(mapping.target.schema, reference.lookup.table), reference.lookup.key],
  );
  const { rows, indexed } = found.rows[0]!;
  return indexed && rows > PROBE_FROM * (attempt.batch.staged ?? 0);
}

function ownRows(mapping: Mapping, reference: Reference, tables: StageTables): string {
  const column = mapping.source.key[targetKey(mapping).indexOf(reference.lookup.key)]!;
  const key = stagedReference(mapping, column);
  return `SELECT ${key}, r.id, true FROM ${tables.rows} r WHERE ${key} IN (SELECT key FROM wanted)`;
}

/**
 * Literal bounds of an integer reference: with them the planner can read a range of the lookup's index where the keys of a
 * batch lie together. `$key` stands for the lookup's key column.
 */
async function integerBounds(
  attempt: Attempt,
  mapping: Mapping,
  reference: Reference,
  key: string,
  tables: StageTables,
): Promise<string> {
  if (converterOf(mapping, reference.source).kind !== 'integer') return '';
  const found = await attempt.session.query<{ low: string | null; high: string | null }>(
    'references.bounds',
    `SELECT min(${key}) AS low, max(${key}) AS high FROM ${tables.rows} r`,
  );
  const { low, high } = found.rows[0]!;
  return low === null || high === null ? '' : `AND $key BETWEEN ${BigInt(low)} AND ${BigInt(high)}`;
}
