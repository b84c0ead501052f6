/** How the sample's rows travel: tables as lists of columns and a source of rows, rows as text for bulk loading. */
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';

export type Value = string | number | null;
export type Row = readonly Value[];

export interface SampleTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** Columns whose text may hold what bulk loading gives a meaning to. */
  readonly text?: readonly string[];
  readonly rows: () => Iterable<Row>;
}

const CHUNK = 128 * 1024;
const SPECIAL = /[\\\t\n\r]/;
const SPECIALS = /[\\\t\n\r]/g;
const ESCAPED: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function escapeText(text: string): string {
  return SPECIAL.test(text) ? text.replace(SPECIALS, (character) => ESCAPED[character]!) : text;
}

/**
 * A table's rows as tab-separated lines in pieces of some 128 KiB: what COPY's text format and LOAD DATA both read.
 * A generator, so that nothing is made before it is taken.
 */
export function* linesOf(table: SampleTable): Generator<Buffer> {
  const isText = table.columns.map((column) => table.text?.includes(column) ?? false);
  const width = isText.length;
  let piece = '';
  for (const row of table.rows()) {
    for (let index = 0; index < width; index++) {
      const value = row[index]!;
      if (index > 0) piece += '\t';
      if (value === null) piece += '\\N';
      else piece += isText[index] === true ? escapeText(value as string) : value;
    }
    piece += '\n';
    if (piece.length >= CHUNK) {
      yield Buffer.from(piece, 'utf8');
      piece = '';
    }
  }
  if (piece !== '') yield Buffer.from(piece, 'utf8');
}

/**
 * The lines as a stream. It lets the event loop turn after each piece: sockets that take whatever they get would
 * otherwise keep all other connections waiting until the table is through.
 */
export function streamOf(table: SampleTable): Readable {
  const pieces = async function* (): AsyncGenerator<Buffer> {
    for (const piece of linesOf(table)) {
      yield piece;
      await turn();
    }
  };
  return Readable.from(pieces(), { objectMode: false });
}
