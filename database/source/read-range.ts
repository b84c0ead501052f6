/**
 * Streams a key range of the source, row by row, in one snapshot in which the server also counts it. A lost connection
 * is an error and not a hang: the driver tells a streaming query nothing, so the stream is ended by hand.
 */
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Readable, Writable } from 'node:stream';
import type { Connection, RowDataPacket } from 'mysql2';
import { namedColumns } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import { CarryoverError } from '../../shared/errors';
import { toCarryoverError } from '../sql-errors';
import { inRange, keyOrder, moved, sourceText } from './expressions';
import type { KeyRange } from './expressions';
import type { Source, SourceValue } from './open-source';
import { quoteMy } from './quote';
import { RowEncoder } from './row-encoder';
import type { WireRow } from './row-encoder';

export interface RangeCounts {
  /** Rows of the range, as the source server counted them in the snapshot of the read. */
  readonly source: number;
  /** Of these, rows that the mapping's `where` leaves out. */
  readonly excluded: number;
  /** Rows that were read. */
  readonly read: number;
}

/**
 * Reads a range into a sink of COPY text.
 *
 * @param others columns of the table that the mapping does not name
 * @param sink takes COPY lines as {@link RowEncoder} writes them; ended by this call
 * @param signal aborts the read: the connection is dropped, so that the server stops
 * @throws whatever the sink failed with, as it is; CarryoverError `SourceUnavailable` where the connection is lost, `DatabaseError` where the rows that came are
 *   not the rows that were counted
 */
export async function readRange(
  source: Source,
  mapping: Mapping,
  range: KeyRange,
  others: readonly string[],
  sink: Writable,
  signal: AbortSignal,
): Promise<RangeCounts> {
  const connection = await source.dedicated();
  // Each side's failure takes the other stream along with the same error: the first to fail is to blame.
  let failed: 'source' | 'sink' | undefined;
  sink.once('error', () => (failed ??= 'sink'));
  try {
    await run(connection, 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
    await run(connection, 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
    const table = quoteMy(mapping.source.table);
    const where = inRange(mapping, range);
    const counted = await run(
      connection,
      `SELECT COUNT(*), COALESCE(SUM(CASE WHEN ${moved(mapping)} THEN 0 ELSE 1 END), 0) FROM ${table} WHERE ${where.sql}`,
      where.values,
    );
    const [total, excluded] = counted[0]!.map((value) => Number(value));
    const columns = [...namedColumns(mapping).map((name) => sourceText(mapping, name)), ...others.map(quoteMy)];
    const sql =
      `SELECT ${columns.join(', ')} FROM ${table} WHERE ${where.sql} AND ${moved(mapping)} ` +
      `ORDER BY ${keyOrder(mapping)}`;
    const encoder = new RowEncoder(mapping, others);
    const rows = connection
      .query({ sql, values: [...where.values], rowsAsArray: true, typeCast: false })
      .stream({ highWaterMark: 512 });
    rows.once('error', () => (failed ??= 'source'));
    const lost = (error: unknown): void => void rows.destroy(error as Error);
    connection.on('error', lost);
    connection.on('end', () => lost(Object.assign(new Error('connection lost'), { code: 'PROTOCOL_CONNECTION_LOST' })));
    await pipeline(encode(rows, encoder), sink, { signal });
    if (encoder.rowCount !== total! - excluded!) {
      throw new CarryoverError(
        'DatabaseError',
        `the source counted ${total! - excluded!} rows of ${mapping.source.table} in the batch's range, but sent ` +
          `${encoder.rowCount} in the same snapshot`,
      );
    }
    return { source: total!, excluded: excluded!, read: encoder.rowCount };
  } catch (error) {
    throw failed === 'sink' ? error : toCarryoverError('source', error);
  } finally {
    // Ended, not returned: a stream that was left early would first be drained to its end.
    connection.destroy();
  }
}

/** Encodes rows as they come; chunks carry the backpressure. */
function encode(rows: Readable, encoder: RowEncoder): Readable {
  const out = new PassThrough({ highWaterMark: 256 * 1024 });
  rows.on('data', (row: WireRow) => {
    const chunk = encoder.add(row);
    if (chunk !== null && !out.write(chunk)) {
      rows.pause();
      out.once('drain', () => rows.resume());
    }
  });
  rows.on('end', () => {
    const rest = encoder.flush();
    if (rest !== null) out.write(rest);
    out.end();
  });
  rows.on('error', (error) => out.destroy(error));
  out.on('close', () => rows.destroy());
  return out;
}

function run(connection: Connection, sql: string, values: readonly SourceValue[] = []): Promise<(string | null)[][]> {
  return new Promise((resolve, reject) => {
    connection.query<RowDataPacket[][]>(
      { sql, values: [...values], rowsAsArray: true, typeCast: false },
      (error, result) => {
        if (error) reject(error);
        else if (!Array.isArray(result)) resolve([]);
        else
          resolve(
            (result as unknown as (Buffer | null)[][]).map((row) => row.map((value) => value?.toString() ?? null)),
          );
      },
    );
  });
}
