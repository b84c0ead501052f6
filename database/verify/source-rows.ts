/** What the source says of a range when it is verified: sums over it, keys within it, and the hashes of its rows. */
import type { Writable } from 'node:stream';
import { namedColumns } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import { hashSlice, rowHash } from '../source/checksum';
import { hasSha1 } from '../source/functions';
import { CopyLines } from '../source/copy-lines';
import { keyOrder, moved, sourceText } from '../source/expressions';
import type { LegacyKey } from '../source/expressions';
import type { Source } from '../source/open-source';
import { quoteMy } from '../source/quote';
import { pour } from '../source/session';
import type { RowEncoding, SourceQueries } from '../source/session';
import { idOfKey } from './key-id';
import { inSourceRange } from './range';
import type { OpenRange } from './range';
import { YEAR, spreadColumns } from './spread';
import type { Group } from './spread';

export interface SourceLine extends Group {
  readonly isMoved: boolean;
  readonly bucket: string | null;
  readonly sum: bigint;
}

export interface SourceSum {
  /** Rows that the mapping moves. */
  readonly rows: number;
  /** Rows that its `where` leaves out. */
  readonly excluded: number;
  /** Sum over the rows of the first 60 bits of SHA-256(row hash, id or key), as decimal text. */
  readonly sum: string;
  /** How they are spread over codes and years. */
  readonly groups: readonly Group[];
  /** The same with the rows that are left out, bucket by bucket where it was asked for. */
  readonly lines: readonly SourceLine[];
}

/**
 * The UUIDv5 of a row's legacy key, in hex without dashes, computed by the server: digest of namespace and key parts,
 * each `length:value`, with version and variant set.
 */
function idHex(mapping: Mapping): string {
  const parts = mapping.source.key.map((column) => {
    const text = sourceText(mapping, column);
    return `LENGTH(${text}), ':', ${text}`;
  });
  const namespace = mapping.id.namespace.replaceAll('-', '');
  const digest = `SHA1(CONCAT(UNHEX('${namespace}'), ${parts.join(', ')}))`;
  const variant = `ELT(CONV(SUBSTRING(${digest}, 17, 1), 16, 10) MOD 4 + 1, '8', '9', 'a', 'b')`;
  return `INSERT(INSERT(LEFT(${digest}, 32), 13, 1, '5'), 17, 1, ${variant})`;
}

/**
 * What the hashes of rows are bound to, so that two rows that were exchanged show: the id, which the server computes of the key;
 * or the key, where it cannot.
 */
export type Binding = 'id' | 'key';

export const bindingOf = async (source: Source): Promise<Binding> => ((await hasSha1(source)) ? 'id' : 'key');

function boundHash(mapping: Mapping, binding: Binding): string {
  const key = mapping.source.key.map((column) => {
    const text = sourceText(mapping, column);
    return `LENGTH(${text}), ':', ${text}`;
  });
  return `SHA2(CONCAT(${rowHash(mapping)}, ${binding === 'id' ? idHex(mapping) : key.join(', ')}), 256)`;
}

/** @param width of the buckets, by which it is summed where it is given */
export async function sumSourceRange(
  source: Source,
  mapping: Mapping,
  range: OpenRange,
  signal: AbortSignal,
  width?: string,
): Promise<SourceSum> {
  const binding = await bindingOf(source);
  const where = inSourceRange(mapping, range);
  const isMoved = moved(mapping);
  const texts = spreadColumns(mapping).map(({ column, isTime }) => {
    const text = sourceText(mapping, column);
    return `LOWER(HEX(COALESCE(CONCAT('V', ${isTime ? `LEFT(${text}, ${YEAR})` : text}), 'N')))`;
  });
  const bucket = width === undefined ? 'NULL' : `${quoteMy(mapping.source.key[0]!)} DIV ${BigInt(width)}`;
  const places = ['1', '2', ...texts.map((_text, index) => String(index + 3))];
  const found = await source.query(
    'verify.sourceSum',
    `SELECT ${[isMoved, bucket, ...texts].join(', ')}, COUNT(*), COALESCE(SUM(IF(${isMoved}, ${hashSlice(boundHash(mapping, binding))}, 0)), 0)
     FROM ${quoteMy(mapping.source.table)} WHERE ${where.sql} GROUP BY ${places.join(', ')}`,
    where.values,
    signal,
  );
  const lines = found.map((row) => ({
    isMoved: row[0] === '1',
    bucket: row[1] ?? null,
    texts: row.slice(2, -2) as string[],
    rows: Number(row.at(-2)),
    sum: BigInt(row.at(-1)!),
  }));
  const groups = lines.filter((line) => line.isMoved);
  const rowsOf = (some: readonly Group[]): number => some.reduce((total, { rows }) => total + rows, 0);
  return {
    rows: rowsOf(groups),
    excluded: rowsOf(lines) - rowsOf(groups),
    sum: String(groups.reduce((total, { sum }) => total + sum, 0n)),
    groups,
    lines,
  };
}

/** Keys that cut a range into parts of so many source rows each; the last part may have fewer, or more that came since. */
export async function splitKeys(
  source: SourceQueries,
  mapping: Mapping,
  range: OpenRange,
  parts: { readonly rows: number; readonly count: number },
  signal: AbortSignal,
): Promise<LegacyKey[]> {
  const table = quoteMy(mapping.source.table);
  const columns = mapping.source.key.map(quoteMy).join(', ');
  const texts = mapping.source.key.map((column) => sourceText(mapping, column)).join(', ');
  const keys: LegacyKey[] = [];
  for (let after = range.after; keys.length < parts.count - 1;) {
    const where = inSourceRange(mapping, { after, to: range.to });
    const [found] = await source.query(
      'verify.splitKey',
      `SELECT ${texts} FROM (SELECT ${columns} FROM ${table} WHERE ${where.sql}
         ORDER BY ${keyOrder(mapping)} LIMIT ${Math.trunc(parts.rows)}) AS page
       ORDER BY ${keyOrder(mapping, 'DESC')} LIMIT 1`,
      where.values,
      signal,
    );
    if (found === undefined) break;
    after = found as LegacyKey;
    keys.push(after);
  }
  return keys;
}

/**
 * Streams the rows of a range as COPY lines into a sink, which is ended: the parts of the key, whether the mapping moves the
 * row, the id in hex, the row's hash, and for each named column the first 60 bits, in hex, of a hash of its text. Never a value but the key.
 *
 * @returns the rows that crossed the wire
 */
export async function streamSourceRows(
  source: Source,
  mapping: Mapping,
  range: OpenRange,
  open: () => Writable,
  signal: AbortSignal,
): Promise<number> {
  const where = inSourceRange(mapping, range);
  const keys = mapping.source.key.map((column) => sourceText(mapping, column));
  // `V` before a value: no value is then the text that stands for NULL.
  const columns = namedColumns(mapping).map(
    (column) => `SUBSTRING(SHA2(COALESCE(CONCAT('V', ${sourceText(mapping, column)}), 'N'), 256), 1, 15)`,
  );
  const onServer = (await bindingOf(source)) === 'id';
  const id = onServer ? idHex(mapping) : "''";
  const sql =
    `SELECT ${[...keys, `IF(${moved(mapping)}, 't', 'f')`, id, rowHash(mapping), ...columns].join(', ')} ` +
    `FROM ${quoteMy(mapping.source.table)} WHERE ${where.sql}`;
  const session = await source.dedicated(signal);
  try {
    const lines = new CopyLines();
    const encoding = onServer ? lines : withIds(mapping, lines);
    await pour(session.stream('verify.sourceRows', sql, where.values, encoding), open(), signal);
    return lines.rows;
  } finally {
    session.destroy();
  }
}

/** Fills in the ids of rows whose server could not: they stand behind the key and the mark of moved rows. */
function withIds(mapping: Mapping, lines: CopyLines): RowEncoding {
  const parts = mapping.source.key.length;
  return {
    add: (row) => {
      const id = idOfKey(mapping, row.slice(0, parts) as Buffer[]);
      return lines.add(row.map((value, index) => (index === parts + 1 ? Buffer.from(id) : value)));
    },
    flush: () => lines.flush(),
  };
}
