import { createHash } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import type { WireRow } from '../../database/source/row-encoder';
import { decodeLines, encode, keyed, uuidV5 } from '../support/copy-text';

const SEEDS = 25;
const ROWS = 40;

/** Mulberry32: a small generator, so that a failing seed can be run again. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const PIECES = ['\t', '\n', '\r', '\\', '\\.', '\\N', '\\x41', '0', 'N', 'ä', '€', '🏥', 'plain text', ',', ':', '"'];

function value(random: (below: number) => number): Buffer | null {
  const kind = random(20);
  if (kind === 0) return null;
  if (kind === 1) return Buffer.alloc(0);
  if (kind === 2) return Buffer.from(Array.from({ length: random(40) }, () => random(256)));
  if (kind === 3) return Buffer.from(PIECES[random(PIECES.length)]!.repeat(random(9000)));
  return Buffer.from(Array.from({ length: random(12) }, () => PIECES[random(PIECES.length)]!).join(''));
}

const holdable = (bytes: Buffer): boolean => !bytes.includes(0) && isUtf8(bytes);

/** The bytes of a value as the quarantine's JSON keeps it. */
const fromJson = (json: string | null | { base64: string }): Buffer | null => {
  if (json === null) return null;
  return typeof json === 'string' ? Buffer.from(json) : Buffer.from(json.base64, 'base64');
};

describe('rows of any bytes', () => {
  const mapping = keyed('first', 'second');
  const named = ['first', 'second', 'notes'];
  const others = ['other', 'rest'];

  it.each(Array.from({ length: SEEDS }, (_, index) => index + 1))('come back as they were: seed %i', (seed) => {
    const random = generator(seed);
    const rows: WireRow[] = Array.from({ length: ROWS }, () => [...named, ...others].map(() => value(random)));
    const lines = decodeLines(encode(mapping, others, rows));
    expect(lines.map(({ number }) => number)).toEqual(rows.map((_, index) => index + 1));
    rows.forEach((row, index) => {
      const line = lines[index]!;
      const extra = JSON.parse(line.extra!) as Record<string, string | null | { base64: string }>;
      const bad = named.filter((_, column) => row[column] && !holdable(row[column]));
      expect(line.bad).toBe(bad.length === 0 ? null : bad.join(','));
      const back = named.map((name, column) => (bad.includes(name) ? fromJson(extra[name]!) : line.columns[column]!));
      const rest = others.map((name) => fromJson(extra[name]!));
      expect([...back, ...rest].map((bytes) => bytes?.toString('hex'))).toEqual(
        row.map((bytes) => bytes?.toString('hex')),
      );
      const canonical = row.slice(0, 3).map((bytes) => (bytes === null ? 'N' : `${bytes.length}:${bytes.toString('latin1')}`)); // prettier-ignore
      expect(line.sha256).toBe(createHash('sha256').update(canonical.join(''), 'latin1').digest('hex'));
      expect(line.id).toBe(uuidV5(mapping.id.namespace, Buffer.from(canonical.slice(0, 2).join(''), 'latin1')));
    });
  });
});
