/** Looks at a range on both servers at once, and narrows a difference down to parts that are small enough to compare by rows. */
import type { Source } from '../source/open-source';
import type { TargetSession } from '../target/session';
import { compareRows } from './compare-rows';
import type { Counts, Part } from './compare-rows';
import { comparesAlike } from './range';
import { bindingOf, splitKeys, sumSourceRange } from './source-rows';
import type { Binding } from './source-rows';
import { misplaced } from './spread';
import type { HeldGroup } from './spread';
import { sumsOf } from './target-rows';

/** Parts that a range which differs is cut into. */
const PARTS = 8;

/** Source rows from which on a part is narrowed down further; of fewer, each crosses the wire as key and hashes. */
const FEW_ROWS = 2_000;

interface TargetSum {
  readonly loaded: number;
  readonly quarantined: number;
  readonly dismissed: number;
  readonly sum: string;
  readonly torn: number;
  readonly content: string;
  readonly groups: readonly HeldGroup[];
}

/** @returns the rows as they were counted by the look that was the last at each of them */
export async function lookAt(session: TargetSession, source: Source, part: Part, signal: AbortSignal): Promise<Counts> {
  const { mapping, range, fate } = part;
  const [there, here] = await Promise.all([
    sumSourceRange(source, mapping, range, signal),
    bindingOf(source).then((binding) => sumTargetRange(session, part, binding)),
  ]);
  const { loaded, quarantined, dismissed } = here;
  const held = loaded + quarantined + dismissed;
  const isAlike = there.rows === held && there.sum === here.sum;
  // Of rows that are not decided yet only those can be wrong that are there, from an earlier run.
  const isBare = fate !== 'settled' && held === 0;
  if (here.torn === 0 && (isAlike || isBare)) {
    // Where nothing is there yet, nothing can be spread otherwise.
    const wrong = isAlike ? misplaced(mapping, there.groups, here.groups) : 0;
    const { rows, excluded } = there;
    const content = isAlike ? here.content : null;
    return { rows, excluded, loaded, quarantined, dismissed, misplaced: wrong, read: 0, content };
  }
  if (!comparesAlike(mapping) || there.rows <= FEW_ROWS) return compareRows(session, source, part, signal);
  return narrow(session, source, part, there.rows, signal);
}

async function narrow(
  session: TargetSession,
  source: Source,
  part: Part,
  rows: number,
  signal: AbortSignal,
): Promise<Counts> {
  const { mapping, range } = part;
  const keys = await splitKeys(source, mapping, range, { rows: Math.ceil(rows / PARTS), count: PARTS }, signal);
  let total: Counts = {
    rows: 0,
    excluded: 0,
    loaded: 0,
    quarantined: 0,
    dismissed: 0,
    misplaced: 0,
    read: 0,
    content: null,
  };
  for (const [index, to] of [...keys, range.to].entries()) {
    const after = index === 0 ? range.after : keys[index - 1]!;
    total = add(total, await lookAt(session, source, { ...part, range: { after, to } }, signal));
  }
  return total;
}

const add = (one: Counts, other: Counts): Counts => ({
  rows: one.rows + other.rows,
  excluded: one.excluded + other.excluded,
  loaded: one.loaded + other.loaded,
  quarantined: one.quarantined + other.quarantined,
  dismissed: one.dismissed + other.dismissed,
  misplaced: one.misplaced + other.misplaced,
  read: one.read + other.read,
  // Of a range that was narrowed down something differs.
  content: null,
});

async function sumTargetRange(session: TargetSession, { mapping, range }: Part, binding: Binding): Promise<TargetSum> {
  const found = await session.query<{
    texts: string[];
    state: string | null;
    quarantined: boolean;
    dismissed: boolean;
    purged: boolean;
    rows: string;
    sum: string;
    torn: string;
    content: string;
  }>('verify.targetSum', sumsOf(mapping, range, binding), [mapping.name]);
  const groups = found.rows.map((line) => ({ ...line, rows: Number(line.rows) }));
  const count = (of: (group: (typeof groups)[number]) => boolean): number =>
    groups.filter(of).reduce((total, { rows }) => total + rows, 0);
  return {
    loaded: count(({ quarantined }) => !quarantined),
    quarantined: count(({ quarantined, dismissed }) => quarantined && !dismissed),
    dismissed: count(({ dismissed }) => dismissed),
    sum: String(groups.reduce((total, { sum }) => total + BigInt(sum), 0n)),
    torn: groups.reduce((total, { torn }) => total + Number(torn), 0),
    content: String(groups.reduce((total, { content }) => total + BigInt(content), 0n)),
    groups,
  };
}
