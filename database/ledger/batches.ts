/** A run's batches in the ledger: cut one by one, immutable once cut; what is left to do is asked here. */
import type { Mapping } from '../../mappings/mapping';
import type { CarryoverError } from '../../shared/errors';
import type { BatchRef, CutResult, LoadResult, Remaining, UnfinishedBatch } from '../../shared/messages';
import type { LegacyKey } from '../source/expressions';
import { requireSameHands } from './attempts';
import { behind, requireEpoch } from './epoch';
import type { Hands } from './attempts';
import { cutKey } from '../source/keys';
import type { Source } from '../source/open-source';
import type { Target, TargetQueries } from '../target/session';
import { withTransaction } from '../target/transaction';

interface CutState {
  readonly epoch: string;
  readonly fingerprint: string;
  readonly source_identity: object;
  readonly cut_to_end: boolean;
  readonly batch_rows: string;
  readonly lower_key: LegacyKey | null;
  readonly upper_key: LegacyKey | null;
  /** Rows of the batch, where it is cut already. */
  readonly there: string | null;
  /** Last key of the batch before it. */
  readonly previous: LegacyKey | null;
}

const READ_CUT = `
SELECT r.epoch, r.fingerprint, r.source_identity, r.cut_to_end, r.batch_rows, r.lower_key, r.upper_key,
  (SELECT source FROM carryover.batches b WHERE b.run_id = r.run_id AND b.batch = $2) AS there,
  (SELECT to_key FROM carryover.batches b WHERE b.run_id = r.run_id AND b.batch = $2 - 1) AS previous
FROM carryover.runs r WHERE r.run_id = $1`;

const RECORD_CUT = `
WITH cut AS (
  INSERT INTO carryover.batches (run_id, batch, after_key, to_key, source, pending)
  SELECT run_id, $2, $3, $4, $5, $5 FROM carryover.runs WHERE run_id = $1 AND epoch = $6
    -- The ledger may have gone back while the source was asked.
    AND ($3::jsonb IS NULL OR EXISTS (
      SELECT FROM carryover.batches b WHERE b.run_id = $1 AND b.batch = $2 - 1 AND b.to_key = $3))
  ON CONFLICT DO NOTHING RETURNING run_id)
UPDATE carryover.runs r SET cut_to_end = r.cut_to_end OR $7 FROM cut WHERE r.run_id = cut.run_id`;

/**
 * Cuts the batch with the given number behind the last one. A batch that is there already is returned as it is, so
 * that an answer that got lost cuts nothing twice. The source is asked outside of any transaction of the target.
 */
export async function cutBatch(
  target: TargetQueries,
  source: Source,
  mapping: Mapping,
  ref: BatchRef,
  hands: Hands,
): Promise<CutResult> {
  const read = async (): Promise<CutState> => {
    const found = await target.query<CutState>('cut.read', READ_CUT, [ref.run, ref.batch]);
    requireEpoch(ref.run, ref.epoch, found.rows[0]?.epoch);
    return found.rows[0]!;
  };
  const state = await read();
  requireSameHands(`run ${ref.run}`, state, hands);
  if (state.there !== null) return { end: false, rows: Number(state.there) };
  if (state.cut_to_end) return { end: true, rows: 0 };
  const isBehind = (): CarryoverError => behind(`the ledger knows no batch ${ref.batch - 1} of run ${ref.run}`);
  // Without the batch before it, it would begin at the lower bound again, over rows that others hold.
  if (state.previous === null && ref.batch > 1) throw isBehind();
  const bounds = { after: state.previous, from: state.lower_key!, upper: state.upper_key! };
  const cut = await cutKey(source, mapping, bounds, Number(state.batch_rows));
  const after = bounds.after && JSON.stringify(bounds.after);
  const line = [ref.run, ref.batch, after, JSON.stringify(cut.to), cut.rows, ref.epoch, cut.last];
  await target.query('cut.record', RECORD_CUT, line);
  // What stands in the ledger counts, also where another attempt was first.
  const { there } = await read();
  if (there === null) throw isBehind();
  return { end: false, rows: Number(there) };
}

/** What the ledger holds as not validated, lowest numbers first, and the totals of what is done. */
export async function readRemaining(
  target: TargetQueries,
  run: string,
  epoch: number,
  limit: number,
): Promise<Remaining> {
  const found = await target.query<
    { epoch: string; cut_to_end: boolean; next: string; skipped: string[] | null } & Record<keyof LoadResult, string>
  >(
    'run.totals',
    `SELECT r.epoch, r.cut_to_end, coalesce(max(b.batch), 0) + 1 AS next,
         coalesce(sum(b.source) FILTER (WHERE done), 0) AS source,
         coalesce(sum(b.inserted), 0) AS inserted, coalesce(sum(b.updated), 0) AS updated,
         coalesce(sum(b.unchanged), 0) AS unchanged, coalesce(sum(b.quarantined), 0) AS quarantined,
         coalesce(sum(b.excluded) FILTER (WHERE done), 0) AS excluded,
         coalesce(sum(b.taken_away) FILTER (WHERE done), 0) AS "takenAway",
         array_agg(b.batch ORDER BY b.batch) FILTER (WHERE b.state = 'skipped') AS skipped
       FROM carryover.runs r
       LEFT JOIN (SELECT *, loaded_at IS NOT NULL OR state = 'skipped' AS done FROM carryover.batches) b USING (run_id)
       WHERE run_id = $1 GROUP BY run_id`,
    [run],
  );
  const totals = found.rows[0];
  requireEpoch(run, epoch, totals?.epoch);
  const batches = await target.query<{
    batch: string;
    state: UnfinishedBatch['state'];
    source: string;
    cause: string | null;
    loaded: boolean;
  }>(
    'run.unfinished',
    `SELECT batch, state, source, cause, ever_loaded AS loaded FROM carryover.batches
       WHERE run_id = $1 AND state NOT IN ('validated', 'skipped') ORDER BY state = 'parked', batch LIMIT $2`,
    [run, limit],
  );
  const number = (name: keyof LoadResult): number => Number(totals![name]);
  return {
    batches: batches.rows.map((row) => ({
      batch: Number(row.batch),
      state: row.state,
      rows: Number(row.source),
      cause: row.cause,
      loaded: row.loaded,
    })),
    nextBatch: Number(totals!.next),
    cutToEnd: totals!.cut_to_end,
    skipped: (totals!.skipped ?? []).map(Number),
    done: {
      source: number('source'),
      inserted: number('inserted'),
      updated: number('updated'),
      unchanged: number('unchanged'),
      quarantined: number('quarantined'),
      excluded: number('excluded'),
      ...(number('takenAway') === 0 ? {} : { takenAway: number('takenAway') }),
    },
  };
}

/** Parks a batch with its cause; what it has loaded stays loaded. One that is validated, or skipped, stays so. */
export async function parkBatch(target: Target, ref: BatchRef, cause: string): Promise<void> {
  await withTransaction(target, 'park', async (session) => {
    const owned = await session.query<{ epoch: string }>(
      'park.lock',
      'SELECT epoch FROM carryover.runs WHERE run_id = $1 FOR KEY SHARE',
      [ref.run],
    );
    requireEpoch(ref.run, ref.epoch, owned.rows[0]?.epoch);
    const parked = await session.query(
      'park.record',
      `UPDATE carryover.batches SET state = CASE WHEN state IN ('validated', 'skipped') THEN state ELSE 'parked' END,
         cause = CASE WHEN state IN ('validated', 'skipped') THEN cause ELSE $3 END
       WHERE run_id = $1 AND batch = $2`,
      [ref.run, ref.batch, cause],
    );
    if (parked.rowCount !== 1) throw behind(`the ledger knows no batch ${ref.batch} of run ${ref.run}`);
  });
}
