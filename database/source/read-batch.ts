/** Streams the rows of a batch from the source, one by one, in one snapshot in which the server also counts it. */
import type { Writable } from 'node:stream';
import { namedColumns } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import { CarryoverError } from '../../shared/errors';
import { keyOrder, moved, ofBatch, sourceText } from './expressions';
import type { BatchKeys } from './expressions';
import type { Source } from './open-source';
import { quoteMy } from './quote';
import { RowEncoder } from './row-encoder';
import { pour } from './session';

export interface BatchCounts {
  /** Rows of the batch, as the source server counted them in the snapshot of the read. */
  readonly source: number;
  /** Of these, rows that the mapping's `where` leaves out. */
  readonly excluded: number;
  /** Rows that were read. */
  readonly read: number;
}

/**
 * Reads a batch into a sink of COPY text.
 *
 * @param others columns of the table that the mapping does not name
 * @param open opens the sink, which takes COPY lines as {@link RowEncoder} writes them; ended by this call
 * @param signal aborts the read, here and on the server
 * @throws whatever the sink failed with, as it is; CarryoverError `SourceUnavailable` where the connection is lost, `DatabaseError` where the rows that came are
 *   not the rows that were counted
 */
export async function readBatch(
  source: Source,
  mapping: Mapping,
  keys: BatchKeys,
  others: readonly string[],
  open: () => Writable,
  signal: AbortSignal,
): Promise<BatchCounts> {
  const session = await source.dedicated(signal);
  try {
    await session.query('source.isolation', 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    await session.query('source.snapshot', 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
    const table = quoteMy(mapping.source.table);
    const where = ofBatch(mapping, keys);
    const counted = await session.query(
      'source.count',
      `SELECT COUNT(*), COALESCE(SUM(CASE WHEN ${moved(mapping)} THEN 0 ELSE 1 END), 0) FROM ${table} WHERE ${where.sql}`,
      where.values,
    );
    const [total, excluded] = counted[0]!.map((value) => Number(value));
    const columns = [...namedColumns(mapping).map((name) => sourceText(mapping, name)), ...others.map(quoteMy)];
    const sql =
      `SELECT ${columns.join(', ')} FROM ${table} WHERE ${where.sql} AND ${moved(mapping)} ` +
      `ORDER BY ${keyOrder(mapping)}`;
    const encoder = new RowEncoder(mapping, others);
    await pour(session.stream('source.read', sql, where.values, encoder), open(), signal);
    if (encoder.rowCount !== total! - excluded!) {
      throw new CarryoverError(
        'DatabaseError',
        `the source counted ${total! - excluded!} rows of ${mapping.source.table} in the batch, but sent ` +
          `${encoder.rowCount} in the same snapshot`,
      );
    }
    return { source: total!, excluded: excluded!, read: encoder.rowCount };
  } finally {
    session.destroy();
  }
}
