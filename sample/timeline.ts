/** The times of the loaded state changes: in order, so many a year, some of them where clocks are set. */
import { DAY, HOUR, MINUTE, outsideGap, transitionsOf, wallClock } from './clock';
import type { Figures } from './figures';
import { hash32 } from './random';

const STREAM = 20;

interface Stretch {
  readonly start: number;
  readonly length: number;
  readonly first: number;
  readonly rows: number;
}

/** Times that must occur, in order: the turn of the year, either side of the spring gap, inside the autumn fold. */
function pinsOf(year: number): number[] {
  const { gap, fold } = transitionsOf(year);
  return [
    wallClock(year, 1, 1) + 20 * MINUTE, // still last year in UTC
    gap - 1,
    gap + HOUR,
    fold,
    fold + 30 * MINUTE,
    fold + HOUR - 1,
  ];
}

export class Timeline {
  private readonly stretches: Stretch[] = [];
  private readonly pinned = new Map<number, number>();

  constructor(
    private readonly seed: number,
    figures: Figures,
  ) {
    let first = 0;
    for (const [year, rows] of figures.years) {
      const start = wallClock(year, 1, 1);
      // The last year is a part of a year only.
      const end = year === figures.years.at(-1)![0] ? wallClock(year, 9, 1) : wallClock(year + 1, 1, 1);
      const stretch = { start, length: end - start, first, rows };
      this.stretches.push(stretch);
      this.pin(
        stretch,
        pinsOf(year).filter((time) => time < end),
      );
      first += rows;
    }
  }

  /** Whether the n-th change has a time that must occur. */
  isPinned(index: number): boolean {
    return this.pinned.has(index);
  }

  /** The time of the n-th change; never before that of the one before it, never in another year than planned. */
  at(index: number): number {
    return this.pinned.get(index) ?? outsideGap(this.plain(this.stretchOf(index), index));
  }

  /** Whether two neighbours lie in the same year. */
  sameYear(index: number, other: number): boolean {
    return this.stretchOf(index) === this.stretchOf(other);
  }

  private stretchOf(index: number): Stretch {
    for (const stretch of this.stretches) if (index < stretch.first + stretch.rows) return stretch;
    throw new Error('no such change');
  }

  private plain({ start, length, first, rows }: Stretch, index: number): number {
    const place = index - first + hash32(this.seed, STREAM, index) / 4_294_967_296;
    return start + Math.min(Math.floor((place * length) / rows), length - 1);
  }

  /** Gives each pin the first change at or after it that is still free: so the order of times holds. */
  private pin(stretch: Stretch, times: readonly number[]): void {
    let free = stretch.first;
    for (const time of times) {
      let low = free;
      let high = stretch.first + stretch.rows;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (this.plain(stretch, middle) < time) low = middle + 1;
        else high = middle;
      }
      if (low === stretch.first + stretch.rows) continue;
      this.pinned.set(low, time);
      free = low + 1;
    }
  }
}

/** A time some hours after another one, outside the spring gap. */
export function soonAfter(time: number, fraction: number): number {
  return outsideGap(Math.min(time + Math.floor(fraction * 5 * HOUR), wallClock(2025, 9, 1) - DAY));
}
