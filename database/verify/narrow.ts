/** Looks at a range on both servers at once, and narrows a difference down to parts that are small enough to compare by rows. */
import type { Source } from '../source/open-source';
import type { TargetSession } from '../target/session';
import { compareRows } from './compare-rows';
import type { Part } from './compare-rows';
import { comparesAlike } from './range';
import { splitKeys, sumSourceRange } from './source-rows';
import type { SourceSum } from './source-rows';
import { sumsOf } from './target-rows';

/** Parts that a range which differs is cut into. */
const PARTS = 8;

/** Source rows from which on a part is narrowed down further; of fewer, each crosses the wire as key and hashes. */
const FEW_ROWS = 2_000;

export interface TargetSum {
  readonly loaded: number;
  readonly quarantined: number;
  readonly sum: string;
  readonly torn: number;
}

export interface Looked {
  readonly source: SourceSum;
  readonly target: TargetSum;
  /** Rows that crossed the wire. */
  readonly read: number;
}

export async function lookAt(session: TargetSession, source: Source, part: Part, signal: AbortSignal): Promise<Looked> {
  const { mapping, range, fate } = part;
  const [there, here] = await Promise.all([
    sumSourceRange(source, mapping, range, signal),
    sumTargetRange(session, part),
  ]);
  const isAlike = there.rows === here.loaded + here.quarantined && there.sum === here.sum;
  if (here.torn === 0 && (isAlike || fate !== 'settled')) return { source: there, target: here, read: 0 };
  const read =
    comparesAlike(mapping) && there.rows > FEW_ROWS
      ? await narrow(session, source, part, there.rows, signal)
      : await compareRows(session, source, part, signal);
  return { source: there, target: here, read };
}

async function narrow(
  session: TargetSession,
  source: Source,
  part: Part,
  rows: number,
  signal: AbortSignal,
): Promise<number> {
  const { mapping, range } = part;
  const keys = await splitKeys(source, mapping, range, { rows: Math.ceil(rows / PARTS), count: PARTS }, signal);
  let read = 0;
  for (const [index, to] of [...keys, range.to].entries()) {
    const after = index === 0 ? range.after : keys[index - 1]!;
    read += (await lookAt(session, source, { ...part, range: { after, to } }, signal)).read;
  }
  return read;
}

async function sumTargetRange(session: TargetSession, { mapping, range }: Part): Promise<TargetSum> {
  const found = await session.query<{ loaded: string; quarantined: string; sum: string; torn: string }>(
    'verify.targetSum',
    sumsOf(mapping, range),
    [mapping.name],
  );
  const { loaded, quarantined, sum, torn } = found.rows[0]!;
  return { loaded: Number(loaded), quarantined: Number(quarantined), sum, torn: Number(torn) };
}
