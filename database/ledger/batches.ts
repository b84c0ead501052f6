/** A run's batches in the ledger: cut one by one, immutable once cut; what is left to do is asked here. */
import type pg from 'pg';
import type { Mapping } from '../../mappings/mapping';
import { CarryoverError } from '../../shared/errors';
import type { BatchRef, CutResult, LoadResult, Remaining, UnfinishedBatch } from '../../shared/messages';
import { classified } from '../sql-errors';
import type { LegacyKey } from '../source/expressions';
import { cutKey } from '../source/keys';
import type { Source } from '../source/open-source';

/** Raised where the run has another owner by now. */
export function requireEpoch(run: string, expected: number, found: number | undefined): void {
  if (found !== expected) {
    throw new CarryoverError('Superseded', `run ${run} has another owner by now; this one stands back`);
  }
}

/**
 * Cuts the batch with the given number behind the last one. A batch that is there already is returned as it is, so
 * that an answer that got lost cuts nothing twice.
 */
export async function cutBatch(pool: pg.Pool, source: Source, mapping: Mapping, ref: BatchRef): Promise<CutResult> {
  const client = await classified('target', pool.connect());
  try {
    await client.query('BEGIN');
    const result = await cutLocked(client, source, mapping, ref);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

async function cutLocked(client: pg.ClientBase, source: Source, mapping: Mapping, ref: BatchRef): Promise<CutResult> {
  const run = await classified(
    'target',
    client.query<{
      epoch: string;
      cut_to_end: boolean;
      batch_rows: string;
      lower_key: LegacyKey | null;
      upper_key: LegacyKey | null;
    }>('SELECT epoch, cut_to_end, batch_rows, lower_key, upper_key FROM carryover.runs WHERE run_id = $1 FOR UPDATE', [
      ref.run,
    ]),
  );
  const row = run.rows[0];
  requireEpoch(ref.run, ref.epoch, row === undefined ? undefined : Number(row.epoch));
  const there = await client.query<{ batch: string; to_key: LegacyKey; source: string }>(
    'SELECT batch, to_key, source FROM carryover.batches WHERE run_id = $1 AND batch >= $2 - 1 ORDER BY batch',
    [ref.run, ref.batch],
  );
  const same = there.rows.find((batch) => Number(batch.batch) === ref.batch);
  if (same !== undefined) return { end: false, rows: Number(same.source) };
  if (row!.cut_to_end) return { end: true, rows: 0 };
  const previous = there.rows.find((batch) => Number(batch.batch) === ref.batch - 1);
  const after = previous === undefined ? null : previous.to_key;
  const from = row!.lower_key!;
  const upper = row!.upper_key!;
  const cut = await cutKey(source, mapping, { after, from, upper }, Number(row!.batch_rows));
  await client.query(
    `INSERT INTO carryover.batches (run_id, batch, after_key, to_key, source, pending) VALUES ($1, $2, $3, $4, $5, $5)`,
    [ref.run, ref.batch, after && JSON.stringify(after), JSON.stringify(cut.to), cut.rows],
  );
  if (cut.last) await client.query('UPDATE carryover.runs SET cut_to_end = true WHERE run_id = $1', [ref.run]);
  return { end: false, rows: cut.rows };
}

/** What the ledger holds as not validated, lowest numbers first, and the totals of what is done. */
export async function readRemaining(pool: pg.Pool, run: string, epoch: number, limit: number): Promise<Remaining> {
  const found = await classified(
    'target',
    pool.query<{ epoch: string; cut_to_end: boolean; next: string } & Record<keyof LoadResult, string>>(
      `SELECT r.epoch, r.cut_to_end, coalesce(max(b.batch), 0) + 1 AS next,
         coalesce(sum(b.source) FILTER (WHERE done), 0) AS source,
         coalesce(sum(b.inserted), 0) AS inserted, coalesce(sum(b.updated), 0) AS updated,
         coalesce(sum(b.unchanged), 0) AS unchanged, coalesce(sum(b.quarantined), 0) AS quarantined,
         coalesce(sum(b.excluded) FILTER (WHERE done), 0) AS excluded
       FROM carryover.runs r
       LEFT JOIN (SELECT *, loaded_at IS NOT NULL AS done FROM carryover.batches) b USING (run_id)
       WHERE run_id = $1 GROUP BY run_id`,
      [run],
    ),
  );
  const totals = found.rows[0];
  requireEpoch(run, epoch, totals === undefined ? undefined : Number(totals.epoch));
  const batches = await classified(
    'target',
    pool.query<{ batch: string; state: UnfinishedBatch['state']; source: string; cause: string | null }>(
      `SELECT batch, state, source, cause FROM carryover.batches
       WHERE run_id = $1 AND state <> 'validated' ORDER BY batch LIMIT $2`,
      [run, limit],
    ),
  );
  const number = (name: keyof LoadResult): number => Number(totals![name]);
  return {
    batches: batches.rows.map((row) => ({
      batch: Number(row.batch),
      state: row.state,
      rows: Number(row.source),
      cause: row.cause,
    })),
    nextBatch: Number(totals!.next),
    cutToEnd: totals!.cut_to_end,
    done: {
      source: number('source'),
      inserted: number('inserted'),
      updated: number('updated'),
      unchanged: number('unchanged'),
      quarantined: number('quarantined'),
      excluded: number('excluded'),
    },
  };
}

/** Parks a batch with its cause; what it has loaded stays loaded. */
export async function parkBatch(pool: pg.Pool, ref: BatchRef, cause: string): Promise<void> {
  await classified(
    'target',
    pool.query(
      `UPDATE carryover.batches b SET state = 'parked', cause = $4 FROM carryover.runs r
       WHERE r.run_id = b.run_id AND b.run_id = $1 AND b.batch = $2 AND r.epoch = $3 AND b.state <> 'validated'`,
      [ref.run, ref.batch, ref.epoch, cause],
    ),
  );
}
