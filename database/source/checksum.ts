/** What the source says of a range when it is read again: its count, and sums and hashes of its rows. */
import type { Writable } from 'node:stream';
import type { Mapping } from '../../mappings/mapping';
import { CopyLines } from './copy-lines';
import { canonicalRow, moved, ofBatch, sourceText } from './expressions';
import type { BatchKeys } from './expressions';
import type { Source } from './open-source';
import { quoteMy } from './quote';
import { pour } from './session';
import type { SourceQueries } from './session';

export interface RangeSum {
  readonly rows: number;
  /** Sum of the first 60 bits of each row's SHA-256, as decimal text. */
  readonly sum: string;
}

/** SHA-256 in hex of a row's canonical text. SHA2 and not MD5: MySQL 9.6 and later have no MD5. */
export const rowHash = (mapping: Mapping): string => `SHA2(${canonicalRow(mapping)}, 256)`;

/** The first 60 bits of a hex hash: sums of them do not overflow, and both servers can compute them. */
export const hashSlice = (hex: string): string => `CAST(CONV(SUBSTRING(${hex}, 1, 15), 16, 10) AS UNSIGNED)`;

/** Counts and sums the rows of a batch that the mapping moves. */
export async function sumSource(
  source: SourceQueries,
  mapping: Mapping,
  keys: BatchKeys,
  signal: AbortSignal,
): Promise<RangeSum> {
  const where = ofBatch(mapping, keys);
  const slice = hashSlice(rowHash(mapping));
  const rows = await source.query(
    'source.sum',
    `SELECT COUNT(*), COALESCE(SUM(${slice}), 0) FROM ${quoteMy(mapping.source.table)} ` +
      `WHERE ${where.sql} AND ${moved(mapping)}`,
    where.values,
    signal,
  );
  return { rows: Number(rows[0]![0]), sum: rows[0]![1]! };
}

/** Streams key columns and hash of each row of a batch as COPY lines into a sink, which is ended. */
export async function streamHashes(
  source: Source,
  mapping: Mapping,
  keys: BatchKeys,
  open: () => Writable,
  signal: AbortSignal,
): Promise<void> {
  const where = ofBatch(mapping, keys);
  const parts = mapping.source.key.map((column) => sourceText(mapping, column));
  const sql =
    `SELECT ${parts.join(', ')}, ${rowHash(mapping)} FROM ${quoteMy(mapping.source.table)} ` +
    `WHERE ${where.sql} AND ${moved(mapping)}`;
  const session = await source.dedicated(signal);
  try {
    await pour(session.stream('source.hashes', sql, where.values, new CopyLines()), open(), signal);
  } finally {
    session.destroy();
  }
}
