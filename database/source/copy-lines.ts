/** Rows of short texts as COPY lines: keys and hashes, that are joined in the target. */
import { asKeyText } from './row-encoder';
import type { WireRow } from './row-encoder';
import type { RowEncoding } from './session';

/** Characters of COPY text that are handed on at once. */
const CHUNK = 64 * 1024;

export class CopyLines implements RowEncoding {
  private lines: string[] = [];
  private length = 0;
  private count = 0;

  /** Rows that it took. */
  get rows(): number {
    return this.count;
  }

  add(row: WireRow): Buffer | null {
    this.count += 1;
    const line = `${row.map((value) => escapeCopy(asKeyText(value!).toString())).join('\t')}\n`;
    this.lines.push(line);
    this.length += line.length;
    return this.length < CHUNK ? null : this.flush();
  }

  flush(): Buffer | null {
    if (this.length === 0) return null;
    const chunk = Buffer.from(this.lines.join(''));
    this.lines = [];
    this.length = 0;
    return chunk;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function escapeCopy(text: string): string {
  return text.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character]!);
}
