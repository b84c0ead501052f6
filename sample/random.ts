/**
 * Reproducible chance. Two forms: a stateless hash for whatever must be known from its index alone (keys, ids), and a
 * stream for what is drawn one after the other. Both are 32-bit integer arithmetic: fast, and alike on every machine.
 */

// Taken once: jest's sandbox makes every look at a global slow.
const { floor, imul } = Math;

const HEX = Array.from({ length: 65_536 }, (_, value) => value.toString(16).padStart(4, '0'));

function mix(value: number): number {
  let hash = value | 0;
  hash = imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A 32-bit hash of an index; for a given seed and stream no two indexes share one. */
export function hash32(seed: number, stream: number, index: number): number {
  return mix((index + mix(imul(stream + 1, 0x9e37_79b1) ^ mix(seed + 0x7f4a_7c15))) | 0);
}

function hex32(value: number): string {
  return HEX[value >>> 16]! + HEX[value & 0xffff]!;
}

/** The UUID (version 4) of an index: unique within a seed and stream, since its first 32 bits already are. */
export function uuidOf(seed: number, stream: number, index: number): string {
  const b = hash32(seed, stream + 1000, index);
  const c = hash32(seed, stream + 2000, index);
  const d = hash32(seed, stream + 3000, index);
  const low = `${HEX[b >>> 16]!}-${HEX[(b & 0x0fff) | 0x4000]!}-${HEX[((c >>> 16) & 0x3fff) | 0x8000]!}`;
  return `${hex32(hash32(seed, stream, index))}-${low}-${HEX[c & 0xffff]!}${hex32(d)}`;
}

/** A stream of numbers (sfc32). */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(seed: number, stream: number) {
    this.a = hash32(seed, stream, 1);
    this.b = hash32(seed, stream, 2);
    this.c = hash32(seed, stream, 3);
    for (let round = 0; round < 12; round++) this.next();
  }

  /** 32 random bits. */
  next(): number {
    const sum = (this.a + this.b + this.counter++) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** A number in [0, 1). */
  fraction(): number {
    return this.next() / 4_294_967_296;
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    return floor(this.fraction() * limit);
  }

  /** True once in so many times. */
  onceIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }
}

/**
 * Draws kinds until each has been drawn exactly as often as planned, in an order left to chance: this is how the
 * sample meets its figures exactly whatever the seed, without holding its rows in memory.
 */
export class Quota {
  private readonly left: number[];
  private total: number;

  constructor(counts: readonly number[]) {
    this.left = [...counts];
    this.total = counts.reduce((sum, count) => sum + count, 0);
  }

  /** The next kind's index. */
  draw(random: Random): number {
    if (this.total === 0) throw new Error('nothing is left to draw');
    let point = random.below(this.total);
    for (let kind = 0; ; kind++) {
      const left = this.left[kind]!;
      if (point < left) {
        this.left[kind] = left - 1;
        this.total -= 1;
        return kind;
      }
      point -= left;
    }
  }
}
