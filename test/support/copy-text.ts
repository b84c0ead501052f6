/** Reads back what the row encoder writes, by PostgreSQL's rules of COPY text and with none of the encoder's code. */
import { createHash } from 'node:crypto';
import { RowEncoder } from '../../database/source/row-encoder';
import type { WireRow } from '../../database/source/row-encoder';
import type { Mapping } from '../../mappings/mapping';

export interface Line {
  number: number;
  id: string;
  sha256: string;
  bad: string | null;
  extra: string | null;
  columns: (Buffer | null)[];
}

/** A mapping of an integer key and one text, enough for most rows. */
export const notes: Mapping = {
  name: 'notes',
  domain: 'test',
  source: { table: 'note', key: ['id'] },
  time: { zone: 'Europe/Berlin', gap: 'quarantine', fold: 'first' },
  id: { namespace: '5a1c2d0e-0d0f-5d6b-9d5e-0f6f3a1f2b3c', target: 'id' },
  target: { schema: 'public', table: 'notes' },
  cases: [],
  actors: [],
  columns: [
    { source: 'id', target: 'legacy_id', convert: { kind: 'integer', type: 'bigint' } },
    { source: 'notes', target: 'notes', convert: { kind: 'text' }, nullable: true },
  ],
  lineage: { target: 'metadata', values: [], constants: {} },
  report: {},
};

/** The same with a composite key of texts. */
export const keyed = (...key: string[]): Mapping => ({
  ...notes,
  source: { table: 'note', key },
  columns: [
    ...key.map((name) => ({ source: name, target: `legacy_${name}`, convert: { kind: 'text' as const } })),
    notes.columns[1]!,
  ],
});

export const asRow = (...values: (string | null)[]): WireRow =>
  values.map((value) => (value === null ? null : Buffer.from(value)));

/** All of the COPY text of rows. */
export function encode(mapping: Mapping, others: readonly string[], rows: readonly WireRow[]): Buffer {
  const encoder = new RowEncoder(mapping, others);
  const chunks = rows.map((row) => encoder.add(row));
  return Buffer.concat([...chunks, encoder.flush()].filter((chunk) => chunk !== null));
}

/** UUIDv5 as RFC 4122 describes it, written another way than the encoder's. */
export function uuidV5(namespace: string, name: Buffer): string {
  const bytes = createHash('sha1')
    .update(Buffer.concat([Buffer.from(namespace.replaceAll('-', ''), 'hex'), name]))
    .digest()
    .subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

export function decodeLines(text: Buffer): Line[] {
  return split(text, 0x0a, true).map((line) => {
    const [number, id, sha256, bad, extra, ...columns] = split(line, 0x09, false).map(unescape);
    return {
      number: Number(number),
      id: String(id),
      sha256: String(sha256),
      bad: bad?.toString() ?? null,
      extra: extra?.toString() ?? null,
      columns,
    };
  });
}

/** In COPY text a tab or newline is always a separator: within values they are escaped. */
function split(bytes: Buffer, separator: number, terminated: boolean): Buffer[] {
  const parts: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(separator); end >= 0; end = bytes.indexOf(separator, start)) {
    parts.push(bytes.subarray(start, end));
    start = end + 1;
  }
  if (!terminated) parts.push(bytes.subarray(start));
  else if (start !== bytes.length) throw new Error('the last line has no end');
  return parts;
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

function unescape(field: Buffer): Buffer | null {
  if (field.includes(0) || field.includes(0x0d)) throw new Error('COPY takes neither NUL nor CR unescaped');
  if (!field.includes(0x5c)) return field;
  const text = field.toString('latin1');
  if (text === '\\N') return null;
  const plain = text.replaceAll(/\\([^])?/g, (_, character: string | undefined) => {
    // Octal and hex escapes are none of the encoder's: a value's own backslash would have been lost.
    if (character === undefined || /[0-7x]/.test(character)) throw new Error('a backslash of no use');
    return ESCAPES[character] ?? character;
  });
  return Buffer.from(plain, 'latin1');
}
