/**
 * Turns source rows, as bytes off the wire, into lines of COPY text, and computes on the way what depends on the row's
 * bytes alone: its SHA-256 and its deterministic id. The hot loop of extract: no strings are made of values.
 *
 * A line holds: row number, id, SHA-256, bad columns, extra columns, and the named columns in the mapping's order.
 */
import { hash } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import { converterOf, namedColumns } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import { formsOf } from '../converters';

/** A row off the wire: named columns first, then the rest of the table. */
export type WireRow = readonly (Buffer | null)[];

const TAB = 0x09;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const LETTER_N = 0x4e;

/** Bytes of COPY text that are handed on at once. */
const CHUNK_BYTES = 64 * 1024;

const VARIANT = '89ab';

/** UUIDv5 as text of the SHA-1 of namespace and name. */
export function uuidFromSha1(sha1: string): string {
  const variant = VARIANT[parseInt(sha1[16]!, 16) & 3]!;
  return `${sha1.slice(0, 8)}-${sha1.slice(8, 12)}-5${sha1.slice(13, 16)}-${variant}${sha1.slice(17, 20)}-${sha1.slice(20, 32)}`;
}

export class RowEncoder {
  private out = Buffer.allocUnsafe(CHUNK_BYTES * 2);
  private length = 0;
  private scratch = Buffer.allocUnsafe(4096);
  private rows = 0;
  private readonly namespace: Buffer;
  private readonly names: readonly string[];
  private readonly plain: readonly boolean[];
  private readonly keys: readonly number[];

  /** @param others columns of the table that the mapping does not name; they follow the named ones in each row */
  constructor(
    mapping: Mapping,
    private readonly others: readonly string[],
  ) {
    this.names = namedColumns(mapping);
    this.plain = this.names.map((name) => formsOf(converterOf(mapping, name)).plainBytes);
    this.keys = mapping.source.key.map((column) => this.names.indexOf(column));
    this.namespace = Buffer.from(mapping.id.namespace.replaceAll('-', ''), 'hex');
  }

  get rowCount(): number {
    return this.rows;
  }

  /** Appends a row; returns a chunk of COPY text whenever one is full. */
  add(row: WireRow): Buffer | null {
    this.rows += 1;
    const sha256 = this.rowHash(row);
    const id = this.rowId(row);
    const bad = this.badColumns(row);
    const extra = this.extraColumns(row, bad);
    this.reserve(bytesOf(row) * 2 + this.names.length + 512 + (extra?.length ?? 0) * 6);
    this.latin1(String(this.rows));
    this.byte(TAB);
    this.latin1(id);
    this.byte(TAB);
    this.latin1(sha256);
    this.byte(TAB);
    this.text(bad === null ? null : Buffer.from(bad.join(',')));
    this.byte(TAB);
    this.text(extra === null ? null : Buffer.from(extra));
    for (let column = 0; column < this.names.length; column += 1) {
      this.byte(TAB);
      const value = row[column]!;
      if (value !== null && bad !== null && bad.includes(this.names[column]!)) {
        // A key names its row in the quarantine, so it is kept in a form that is text.
        this.text(this.keys.includes(column) ? asKeyText(value) : null);
      } else if (value !== null && this.plain[column]) this.copy(value);
      else this.text(value);
    }
    this.byte(NEWLINE);
    return this.length >= CHUNK_BYTES ? this.take() : null;
  }

  /** What is left, or null. */
  flush(): Buffer | null {
    return this.length === 0 ? null : this.take();
  }

  private take(): Buffer {
    const chunk = this.out.subarray(0, this.length);
    this.out = Buffer.allocUnsafe(CHUNK_BYTES * 2);
    this.length = 0;
    return chunk;
  }

  private rowHash(row: WireRow): string {
    let end = 0;
    this.scratchOf(bytesOf(row) + this.names.length * 12);
    for (let column = 0; column < this.names.length; column += 1) end = this.canonical(row[column]!, end);
    return hash('sha256', this.scratch.subarray(0, end), 'hex');
  }

  private rowId(row: WireRow): string {
    this.scratchOf(bytesOf(row) + 64 + this.keys.length * 12);
    let end = this.namespace.copy(this.scratch);
    for (const column of this.keys) end = this.canonical(row[column]!, end);
    return uuidFromSha1(hash('sha1', this.scratch.subarray(0, end), 'hex'));
  }

  /** Writes `length:value`, or `N` for NULL, into the scratch; returns the new end. */
  private canonical(value: Buffer | null, start: number): number {
    if (value === null) {
      this.scratch[start] = LETTER_N;
      return start + 1;
    }
    let end = start + this.scratch.write(String(value.length), start, 'latin1');
    this.scratch[end] = COLON;
    end += 1;
    value.copy(this.scratch, end);
    return end + value.length;
  }

  /** Named columns whose bytes PostgreSQL cannot hold as text: NUL, or no UTF-8. */
  private badColumns(row: WireRow): string[] | null {
    let bad: string[] | null = null;
    for (let column = 0; column < this.names.length; column += 1) {
      const value = row[column]!;
      if (value !== null && !this.plain[column] && !isText(value)) (bad ??= []).push(this.names[column]!);
    }
    return bad;
  }

  /** JSON of what the text columns of the stage do not hold: unnamed columns, and bad bytes as base64. */
  private extraColumns(row: WireRow, bad: readonly string[] | null): string | null {
    if (bad === null && this.others.length === 0) return null;
    const extra: Record<string, unknown> = {};
    for (const name of bad ?? []) extra[name] = { base64: row[this.names.indexOf(name)]!.toString('base64') };
    this.others.forEach((name, index) => {
      const value = row[this.names.length + index]!;
      extra[name] =
        value === null ? null : isText(value) ? value.toString('utf8') : { base64: value.toString('base64') };
    });
    return JSON.stringify(extra);
  }

  private text(value: Buffer | null): void {
    if (value === null) {
      this.out[this.length] = BACKSLASH;
      this.out[this.length + 1] = LETTER_N;
      this.length += 2;
      return;
    }
    const out = this.out;
    let end = this.length;
    for (let index = 0; index < value.length; index += 1) {
      const byte = value[index]!;
      if (
        byte === BACKSLASH ||
        (byte <= CARRIAGE_RETURN && (byte === TAB || byte === NEWLINE || byte === CARRIAGE_RETURN))
      ) {
        out[end] = BACKSLASH;
        end += 1;
        out[end] = byte === TAB ? 0x74 : byte === NEWLINE ? 0x6e : byte === CARRIAGE_RETURN ? 0x72 : byte;
      } else {
        out[end] = byte;
      }
      end += 1;
    }
    this.length = end;
  }

  private copy(value: Buffer): void {
    value.copy(this.out, this.length);
    this.length += value.length;
  }

  private latin1(value: string): void {
    this.length += this.out.write(value, this.length, 'latin1');
  }

  private byte(value: number): void {
    this.out[this.length] = value;
    this.length += 1;
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.out.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.length + bytes, this.out.length * 2));
    this.out.copy(grown, 0, 0, this.length);
    this.out = grown;
  }

  private scratchOf(bytes: number): void {
    if (this.scratch.length < bytes) this.scratch = Buffer.allocUnsafe(bytes * 2);
  }
}

/** A key as text, also where its bytes are none. */
export function asKeyText(value: Buffer): Buffer {
  return isText(value) ? value : Buffer.from(`base64:${value.toString('base64')}`);
}

/** True where PostgreSQL can hold the bytes as text: UTF-8 without NUL. Short ASCII, the usual case, ends early. */
function isText(value: Buffer): boolean {
  let seen = 0;
  for (let index = 0; index < value.length; index += 1) {
    const byte = value[index]!;
    if (byte === 0) return false;
    seen |= byte;
  }
  return seen < 0x80 || isUtf8(value);
}

function bytesOf(row: WireRow): number {
  let bytes = 0;
  for (const value of row) bytes += value === null ? 2 : value.length;
  return bytes;
}
