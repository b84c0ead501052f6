/**
 * Plans a forecast: cuts the batches as a run would cut them. Their bounds are keys, and keys are no matter of Temporal's; a
 * forecast has no lines in the ledger, so it keeps them in a stage table of its own, the only thing that it commits.
 */
import { createHash } from 'node:crypto';
import { isSelfReference, referencesOf, targetKey } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import { CarryoverError } from '../../shared/errors';
import type { ForecastPlan, FullForecastInput } from '../../shared/forecast';
import type { Hands } from '../ledger/attempts';
import { cutKey, readBounds } from '../source/keys';
import type { LegacyKey } from '../source/expressions';
import type { Source } from '../source/open-source';
import { quotePgTable } from '../target/quote';
import type { Target, TargetQueries } from '../target/session';

/** The stage of a forecast, whose name comes from a workflow. */
export function stageOf(forecast: string): string {
  if (!/^[0-9a-f]{32}$/.test(forecast))
    throw new CarryoverError('InputRefused', 'a forecast is named by 32 hex digits');
  return quotePgTable('carryover_stage', `f_${forecast}_batches`);
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** What a forecast was planned with: a worker with another mapping, or another source, must not go on with it. */
export const basisOf = ({ fingerprint, sourceIdentity }: Hands): string =>
  hashOf(`${fingerprint} ${JSON.stringify(Object.entries(sourceIdentity).sort())}`);

/** A batch as it was cut; null keys of the line that is none. */
interface Line {
  readonly batch: number;
  readonly to_key: LegacyKey | null;
  readonly is_last: boolean;
}

/**
 * Cuts all batches; what an earlier attempt of the same run of the workflow has cut stays.
 *
 * @param workflowRun run of the workflow that asks: it names the stage, so that whoever asks again finds it
 */
export async function planForecast(
  target: Target,
  source: Source,
  mapping: Mapping,
  input: FullForecastInput,
  workflowRun: string,
  hands: Hands,
  signal: AbortSignal,
): Promise<ForecastPlan> {
  const forecast = hashOf(workflowRun);
  const stage = stageOf(forecast);
  // Logged, unlike other stages: it is small, and a crash of the database must not end a forecast of hours. With its first
  // line, which is no batch, it has an age from the beginning: a sweep must not take it for an old one, nor leave it for ever.
  await target.query(
    'forecast.createStage',
    `CREATE TABLE IF NOT EXISTS ${stage} (batch integer PRIMARY KEY, after_key jsonb, from_key jsonb, to_key jsonb,
       rows bigint NOT NULL, is_last boolean NOT NULL, looked_at timestamptz NOT NULL DEFAULT now());
     INSERT INTO ${stage} (batch, rows, is_last) VALUES (0, 0, false) ON CONFLICT DO NOTHING`,
  );
  await cutAll(target, source, mapping, stage, input.batchRows, signal);
  const found = await target.query<{ batches: number; rows: number }>(
    'forecast.planned',
    `SELECT max(batch) AS batches, sum(rows)::float8 AS rows FROM ${stage}`,
  );
  const { batches, rows } = found.rows[0]!;
  const table = quotePgTable(mapping.target.schema, mapping.target.table);
  const [otherUnique, triggers, earlierRate] = await Promise.all([
    readOtherUnique(target, mapping, table),
    readTriggers(target, table),
    readEarlierRate(target, mapping.name),
  ]);
  const together = referencesOf(mapping).some(({ reference }) => isSelfReference(mapping, reference));
  return {
    forecast,
    migration: mapping.name,
    batches,
    rows,
    batchRows: input.batchRows,
    // Two batches that try the same unique value would wait for each other.
    concurrency: together || otherUnique.length > 0 ? 1 : input.concurrency,
    together,
    basis: basisOf(hands),
    otherUnique,
    triggers,
    earlierRate,
  };
}

async function cutAll(
  target: Target,
  source: Source,
  mapping: Mapping,
  stage: string,
  batchRows: number,
  signal: AbortSignal,
): Promise<void> {
  const { lower, upper } = await readBounds(source, mapping);
  if (lower === null || upper === null) return;
  for (;;) {
    signal.throwIfAborted();
    const found = await target.query<Line>(
      'forecast.lastBatch',
      `SELECT batch, to_key, is_last FROM ${stage} ORDER BY batch DESC LIMIT 1`,
    );
    const { batch, to_key: after, is_last: isLast } = found.rows[0]!;
    if (isLast) return;
    const cut = await cutKey(source, mapping, { after, from: lower, upper }, batchRows);
    const keys = [after && JSON.stringify(after), JSON.stringify(lower), JSON.stringify(cut.to)];
    await target.query(
      'forecast.cut',
      `INSERT INTO ${stage} (batch, after_key, from_key, to_key, rows, is_last) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT DO NOTHING`,
      [batch + 1, ...keys, cut.rows, cut.last],
    );
  }
}

/** What may refuse a row for another's sake, beside the id and the legacy key, which no two rows of a source share. */
async function readOtherUnique(target: TargetQueries, mapping: Mapping, table: string): Promise<string[]> {
  const found = await target.query<{ name: string }>(
    'forecast.unique',
    `SELECT c.relname::text AS name
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     CROSS JOIN LATERAL (
       SELECT ARRAY(SELECT a.attname::text FROM pg_attribute a
         WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1])) AS names) k
     WHERE i.indrelid = $1::regclass AND (i.indisunique OR i.indisexclusion) AND i.indisvalid
       AND NOT (i.indisunique AND (k.names @> $2::text[] OR k.names @> $3::text[]))
     ORDER BY 1`,
    [table, [mapping.id.target], targetKey(mapping)],
  );
  return found.rows.map(({ name }) => name);
}

async function readTriggers(target: TargetQueries, table: string): Promise<string[]> {
  const found = await target.query<{ name: string }>(
    'forecast.triggers',
    `SELECT tgname::text AS name FROM pg_trigger
     WHERE tgrelid = $1::regclass AND NOT tgisinternal AND tgenabled <> 'D' ORDER BY 1`,
    [table],
  );
  return found.rows.map(({ name }) => name);
}

async function readEarlierRate(target: TargetQueries, migration: string): Promise<number | null> {
  const found = await target.query<{ rate: number }>(
    'forecast.earlier',
    `SELECT (b.source / extract(epoch FROM r.finished_at - r.started_at))::float8 AS rate
     FROM carryover.runs r JOIN carryover.run_balance b USING (run_id)
     WHERE r.migration = $1 AND r.mode = 'full' AND r.state = 'finished' AND b.source > 0 AND r.finished_at > r.started_at
     ORDER BY r.run_id DESC LIMIT 1`,
    [migration],
  );
  return found.rows[0]?.rate ?? null;
}
