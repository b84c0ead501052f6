/**
 * Finds where a range differs by summing it once more on both servers, bucket by bucket of its keys: one statement each, however
 * many rows differ. Of single integer keys, which fall into the same buckets on both.
 */
import { hasIntegerKey } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import type { Source } from '../source/open-source';
import { quoteMy } from '../source/quote';
import type { Part } from './compare-rows';
import { inSourceRange } from './range';
import type { OpenRange } from './range';
import type { SourceSum } from './source-rows';
import { misplaced } from './spread';
import type { HeldGroup } from './spread';

/** Rows that a bucket is to have: as many cross the wire for one that differs. */
const ROWS = 100;

/** One bucket's lines of a side, as it was summed. */
export interface HeldLine extends HeldGroup {
  readonly bucket: string | null;
  readonly dismissed: boolean;
  readonly sum: string;
  readonly torn: string;
}

/** How wide buckets of a range are, in keys; null where its key falls into none. */
export async function widthOf(
  source: Source,
  mapping: Mapping,
  range: OpenRange,
  rows: number,
  signal: AbortSignal,
): Promise<string | null> {
  if (mapping.source.key.length !== 1 || !hasIntegerKey(mapping)) return null;
  const column = quoteMy(mapping.source.key[0]!);
  const where = inSourceRange(mapping, range);
  const [found] = await source.query(
    'verify.keySpan',
    `SELECT MIN(${column}) + 0, MAX(${column}) + 0 FROM ${quoteMy(mapping.source.table)} WHERE ${where.sql}`,
    where.values,
    signal,
  );
  const [low, high] = found!;
  if (low == null || high == null) return null;
  const width = ((BigInt(high) - BigInt(low) + 1n) * BigInt(ROWS)) / BigInt(Math.max(rows, 1));
  return String(width > 1n ? width : 1n);
}

export interface Differing {
  /** Buckets that are not alike; null is that of rows without a key. */
  readonly buckets: readonly (string | null)[];
  /** Those of them that have more rows than are compared one by one. */
  readonly large: readonly string[];
  /** What the others hold. */
  readonly alike: {
    readonly rows: number;
    readonly excluded: number;
    readonly loaded: number;
    readonly quarantined: number;
    readonly dismissed: number;
    readonly misplaced: number;
  };
}

/** @param few rows that are compared one by one at most */
export function differingBuckets(
  { mapping, fate }: Part,
  there: SourceSum,
  here: readonly HeldLine[],
  few: number,
): Differing {
  const names = new Set([...there.lines.map(({ bucket }) => bucket), ...here.map(({ bucket }) => bucket)]);
  const ofSource = groupBy(there.lines);
  const ofTarget = groupBy(here);
  const buckets: (string | null)[] = [];
  const large: string[] = [];
  const alike = { rows: 0, excluded: 0, loaded: 0, quarantined: 0, dismissed: 0, misplaced: 0 };
  for (const bucket of names) {
    const left = ofSource.get(bucket) ?? [];
    const right = ofTarget.get(bucket) ?? [];
    const groups = left.filter(({ isMoved }) => isMoved);
    const rows = count(groups);
    const held = count(right);
    const isSame = rows === held && sum(groups) === sum(right);
    const isBare = fate !== 'settled' && held === 0;
    if (!right.some(({ torn }) => torn !== '0') && (isSame || isBare)) {
      alike.rows += rows;
      alike.excluded += count(left) - rows;
      alike.loaded += count(right.filter(({ quarantined }) => !quarantined));
      alike.quarantined += count(right.filter(({ quarantined, dismissed }) => quarantined && !dismissed));
      alike.dismissed += count(right.filter(({ dismissed }) => dismissed));
      alike.misplaced += isSame ? misplaced(mapping, groups, right) : 0;
    } else if (bucket !== null && count(left) > few) large.push(bucket);
    else buckets.push(bucket);
  }
  return { buckets, large, alike };
}

/** The keys of one bucket within a range: quotients are cut off towards zero, so that the one around zero is twice as wide. */
export function rangeOfBucket({ after, to }: OpenRange, bucket: string, width: string): OpenRange {
  const [number, wide] = [BigInt(bucket), BigInt(width)];
  const first = number > 0n ? number * wide : (number - 1n) * wide + 1n;
  const last = number < 0n ? number * wide : (number + 1n) * wide - 1n;
  const low = after === null || BigInt(after[0]!) < first - 1n ? first - 1n : BigInt(after[0]!);
  const high = to === null || BigInt(to[0]!) > last ? last : BigInt(to[0]!);
  return { after: [String(low)], to: [String(high)] };
}

function groupBy<T extends { readonly bucket: string | null }>(lines: readonly T[]): Map<string | null, T[]> {
  const groups = new Map<string | null, T[]>();
  for (const line of lines) {
    const group = groups.get(line.bucket);
    if (group === undefined) groups.set(line.bucket, [line]);
    else group.push(line);
  }
  return groups;
}

const count = (lines: readonly { readonly rows: number }[]): number =>
  lines.reduce((total, { rows }) => total + rows, 0);

const sum = (lines: readonly { readonly sum: string | bigint }[]): bigint =>
  lines.reduce((total, line) => total + BigInt(line.sum), 0n);
