/**
 * What a run would do with some batches, done and undone: the steps of the run, up to the writes into the target, within one
 * transaction that is rolled back. There is no commit here.
 */
import { randomBytes } from 'node:crypto';
import { CarryoverError } from '../../shared/errors';
import { NO_COUNTS, addCounts } from '../../shared/forecast';
import type { ForecastCounts, ForecastRef } from '../../shared/forecast';
import type { TimedMapping } from '../converters/converter';
import type { Attempt, BatchRow, Hands } from '../ledger/attempts';
import type { LegacyKey } from '../source/expressions';
import type { Source } from '../source/open-source';
import type { BatchCounts } from '../source/read-batch';
import { withCancellable } from '../target/cancellable';
import { stageRows } from '../target/extract';
import { resolveReferences } from '../target/references';
import { literalPg } from '../target/quote';
import type { Target, TargetQueries, TargetSession } from '../target/session';
import { dropStage } from '../target/stage';
import { transformRows } from '../target/transform';
import { countBatch } from './count-batch';
import { createTold } from './notes';
import { basisOf, stageOf } from './plan';
import { writeBatch } from './write-batch';

interface Line {
  readonly batch: number;
  readonly after_key: LegacyKey | null;
  readonly from_key: LegacyKey;
  readonly to_key: LegacyKey;
}

/** No run has this number: the stage tables of a forecast's transaction are named by it. */
const NO_RUN = '0';

/**
 * Looks at batches in order, all within one transaction.
 *
 * @throws CarryoverError `StageLost` where the bounds of the batches are gone, `MappingUnknownHere` where this worker has
 *   another mapping or source than the forecast began with
 */
export function forecastBatches(
  target: Target,
  source: Source,
  mapping: TimedMapping,
  hands: Hands,
  ref: ForecastRef,
  signal: AbortSignal,
): Promise<ForecastCounts> {
  if (basisOf(hands) !== ref.basis) {
    throw new CarryoverError(
      'MappingUnknownHere',
      `this worker has another mapping or source than the forecast of ${ref.migration} began with: let another worker ` +
        `take it, or start the forecast anew`,
    );
  }
  return withCancellable(target, signal, async (session) => {
    const lines = await takeLines(session, ref);
    const name = sessionName(ref);
    await session.query('forecast.endOlder', END_OLDER, [name]);
    return rolledBack(session, async () => {
      await session.query('forecast.name', `SET LOCAL application_name = ${literalPg(name)}`);
      let counts = NO_COUNTS;
      await createTold(session);
      for (const line of lines) counts = addCounts(counts, await forecastBatch(session, source, mapping, line, signal));
      return counts;
    });
  });
}

/** By this name the sessions at these batches are known while they are: a forecast has no line that could hold their backend. */
const sessionName = ({ forecast, from, to }: ForecastRef): string => `carryover ${forecast} ${from}-${to}`;

/** Ends the backend of an attempt that did not end by itself: its worker died, or was stopped, and its rows are in the way. */
const END_OLDER = `
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = $1 AND datname = current_database() AND pid <> pg_backend_pid()`;

/** The bounds of the batches; that they are looked at keeps their stage from being swept. */
async function takeLines(session: TargetQueries, { forecast, migration, from, to }: ForecastRef): Promise<Line[]> {
  const stage = stageOf(forecast);
  const lost = new CarryoverError(
    'StageLost',
    `the stage of this forecast of ${migration} is gone: it was dropped, or not looked at for a day; start it anew`,
  );
  const known = await session.query<{ known: boolean }>(
    'forecast.known',
    'SELECT to_regclass($1) IS NOT NULL AS known',
    [stage],
  );
  if (!known.rows[0]!.known) throw lost;
  const found = await session.query<Line>(
    'forecast.take',
    `UPDATE ${stage} SET looked_at = now() WHERE batch BETWEEN $1 AND $2 RETURNING batch, after_key, from_key, to_key`,
    [from, to],
  );
  if (found.rows.length !== to - from + 1) throw lost;
  return found.rows.sort((a, b) => a.batch - b.batch);
}

/** Runs `work` in a transaction that ends with ROLLBACK, or with its connection, and never otherwise. */
async function rolledBack<T>(session: TargetSession, work: () => Promise<T>): Promise<T> {
  await session.query('forecast.begin', 'BEGIN');
  // Shorter than the second after which PostgreSQL looks for deadlocks: it is the forecast that gives way, and no run.
  await session.query('forecast.lockTimeout', `SET LOCAL lock_timeout = '500ms'`);
  await session.query('forecast.withoutHelpers', 'SET LOCAL max_parallel_workers_per_gather = 0');
  // After a failure the caller closes the connection, and the server rolls back by itself.
  const result = await work();
  await session.query('forecast.undo', 'ROLLBACK');
  return result;
}

async function forecastBatch(
  session: TargetSession,
  source: Source,
  mapping: TimedMapping,
  line: Line,
  signal: AbortSignal,
): Promise<ForecastCounts> {
  const empty = attemptOf(session, mapping, line);
  // The source counts a batch before it sends its first row; a transaction of one batch holds its own stage alone by then.
  await session.query('forecast.patient', `SET LOCAL idle_in_transaction_session_timeout = '10min'`);
  const { tables, counts } = await stageRows(empty, source, mapping, signal);
  const attempt = withStaged(empty, counts);
  const ref = { ...attempt.ref, stage: attempt.token };
  await resolveReferences(attempt, mapping, 'case', ref);
  await resolveReferences(attempt, mapping, 'actor', ref);
  await transformRows(attempt, mapping, ref);
  await session.query('forecast.brisk', `SET LOCAL idle_in_transaction_session_timeout = '1min'`);
  const written = await writeBatch(attempt, mapping, tables);
  const forecast =
    written instanceof CarryoverError
      ? parked(counts, written)
      : await countBatch(session, mapping, tables, counts, written);
  await dropStage(session, NO_RUN, line.batch);
  return forecast;
}

/** What the steps of a run take for an attempt at a batch: here nothing has to be fenced, as nothing is to stay. */
function attemptOf(session: TargetSession, mapping: TimedMapping, line: Line): Attempt {
  // Two forecasts must not make tables of one name: the second would wait for the first to be rolled back.
  const token = String(randomBytes(8).readBigUInt64BE() >> 2n);
  const batch: BatchRow = {
    state: 'running',
    afterKey: line.after_key,
    lowerKey: line.from_key,
    toKey: line.to_key,
    list: null,
    takesBack: false,
    gone: null,
    overwrites: false,
    extractToken: token,
    staged: null,
    source: 0,
    inserted: 0,
    updated: 0,
    unchanged: 0,
    quarantined: 0,
    excluded: 0,
    takenAway: 0,
    validated: null,
  };
  const ref = { run: NO_RUN, migration: mapping.name, epoch: 0, batch: line.batch };
  return { ref, token, session, batch, fenced: (_name, work) => work(batch) };
}

function withStaged(attempt: Attempt, { source, excluded, read }: BatchCounts): Attempt {
  const batch = { ...attempt.batch, source, excluded, staged: read };
  return { ...attempt, batch, fenced: (_name, work) => work(batch) };
}

const parked = ({ source, excluded, read }: BatchCounts, { message }: CarryoverError): ForecastCounts => ({
  ...NO_COUNTS,
  batches: 1,
  source,
  excluded,
  parked: read,
  parkedBatches: 1,
  causes: [message],
});
