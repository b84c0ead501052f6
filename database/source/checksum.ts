/** What the source says of a range when it is read again: its count, and sums and hashes of its rows. */
import type { Writable } from 'node:stream';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RowDataPacket } from 'mysql2';
import type { Mapping } from '../../mappings/mapping';
import { toCarryoverError } from '../sql-errors';
import { canonicalRow, inRange, moved, sourceText } from './expressions';
import type { KeyRange } from './expressions';
import type { Source } from './open-source';
import { quoteMy } from './quote';
import { asKeyText } from './row-encoder';

export interface RangeSum {
  readonly rows: number;
  /** Sum of the first 60 bits of each row's SHA-256, as decimal text. */
  readonly sum: string;
}

/** SHA-256 in hex of a row's canonical text. SHA2 and not MD5: MySQL 9.6 and later have no MD5. */
const rowHash = (mapping: Mapping): string => `SHA2(${canonicalRow(mapping)}, 256)`;

/** Counts and sums the rows of a range that the mapping moves. */
export async function sumSource(source: Source, mapping: Mapping, range: KeyRange): Promise<RangeSum> {
  const where = inRange(mapping, range);
  const slice = `CAST(CONV(SUBSTRING(${rowHash(mapping)}, 1, 15), 16, 10) AS UNSIGNED)`;
  const rows = await source.query(
    `SELECT COUNT(*), COALESCE(SUM(${slice}), 0) FROM ${quoteMy(mapping.source.table)} ` +
      `WHERE ${where.sql} AND ${moved(mapping)}`,
    where.values,
  );
  return { rows: Number(rows[0]![0]), sum: rows[0]![1]! };
}

/** Streams key columns and hash of each row of a range as COPY lines into a sink, which is ended. */
export async function streamHashes(source: Source, mapping: Mapping, range: KeyRange, sink: Writable): Promise<void> {
  const where = inRange(mapping, range);
  const keys = mapping.source.key.map((column) => sourceText(mapping, column));
  const connection = await source.dedicated();
  // As in readRange: the first to fail is to blame.
  let failed: 'source' | 'sink' | undefined;
  sink.once('error', () => (failed ??= 'sink'));
  try {
    const rows = connection
      .query<RowDataPacket[][]>({
        sql:
          `SELECT ${keys.join(', ')}, ${rowHash(mapping)} FROM ${quoteMy(mapping.source.table)} ` +
          `WHERE ${where.sql} AND ${moved(mapping)}`,
        values: [...where.values],
        rowsAsArray: true,
        typeCast: false,
      })
      .stream({ highWaterMark: 512 });
    rows.once('error', () => (failed ??= 'source'));
    connection.on('error', (error: Error) => rows.destroy(error));
    connection.on('end', () =>
      rows.destroy(Object.assign(new Error('connection lost'), { code: 'PROTOCOL_CONNECTION_LOST' })),
    );
    await pipeline(Readable.from(lines(rows)), sink);
  } catch (error) {
    throw failed === 'sink' ? error : toCarryoverError('source', error);
  } finally {
    connection.destroy();
  }
}

async function* lines(rows: Readable): AsyncGenerator<string> {
  for await (const row of rows)
    yield `${(row as Buffer[]).map((value) => escapeCopy(asKeyText(value).toString())).join('\t')}\n`;
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function escapeCopy(text: string): string {
  return text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character]!);
}
