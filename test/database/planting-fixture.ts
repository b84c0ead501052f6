/** A migrated sample that changes on both sides, for damage that is planted in between. */
import { caseStates } from '../../mappings/case-states';
import type { Mapping } from '../../mappings/mapping';
import { createEngine, migrate } from '../support/engine';
import type { Engine } from '../support/engine';
import { installForge } from './planter';
import type { Spared } from './planter';
import { PLANTINGS, TOO_MANY } from './plantings';
import { balance } from './repair-fixture';

export const deleting: Mapping = { ...caseStates, gone: { policy: 'delete' } };

export const ALL = [...PLANTINGS, ...TOO_MANY];

/** After these the ledger does not know which row it lost, but how many. */
export const UNTRACED = ALL.filter(({ name }) =>
  ['row lost, and its key in the ledger', 'row in quarantine lost'].includes(name),
);
export const TRACED = ALL.filter((each) => !UNTRACED.includes(each));
export const ON_TARGET = PLANTINGS.filter(({ sql }) => !sql.includes('$HELD'));

export async function start(rows: number, dirty: boolean): Promise<Engine> {
  const engine = await createEngine({ sample: { rows, dirty } });
  await migrate(engine, deleting, 300);
  await installForge(engine);
  return engine;
}

const COLUMNS = ['reason', 'notes', 'created_at', 'instruction_id', 'actor_id', '`on`'];

/** Copies rows of the source to keys of their own. @param status what each has there; its own unless given */
export async function bring(
  engine: Engine,
  from: readonly string[],
  to: readonly string[],
  status = 'status',
): Promise<void> {
  const others = COLUMNS.join(', ');
  for (const [index, key] of from.entries()) {
    await engine.onSource(
      `INSERT INTO dispatch_state (id, status, ${others}) SELECT ?, ${status}, ${others} FROM dispatch_state WHERE id = ?`,
      [to[index], key],
    );
  }
}

export const sayOtherwise = (engine: Engine, keys: readonly string[]): Promise<unknown> =>
  engine.onSource(`UPDATE dispatch_state SET notes = 'said otherwise' WHERE id IN (?)`, [keys]);

export const removeFromSource = (engine: Engine, keys: readonly string[]): Promise<unknown> =>
  engine.onSource('DELETE FROM dispatch_state WHERE id IN (?)', [keys]);

/** Keys that no row of the source has: below all, between, but not above a limit, and above all. */
export async function freeKeys(
  engine: Engine,
  below: number,
  between: number,
  above: number,
  limit: number,
): Promise<string[]> {
  const ids = (await engine.onSource('SELECT id FROM dispatch_state ORDER BY id')).map(({ id }) => Number(id));
  const gaps = ids.filter((id, index) => id + 1 < Math.min(ids[index + 1]!, limit));
  const list = (count: number, key: (index: number) => number): number[] =>
    Array.from({ length: count }, (_, index) => key(index));
  // Not beside the others: there are rows that are too many.
  return [
    ...list(below, (index) => ids[0]! - 100 - index),
    ...list(between, (index) => gaps[index * Math.floor(gaps.length / between)]! + 1),
    ...list(above, (index) => ids.at(-1)! + 100 + index),
  ].map(String);
}

/** The balance is closed, and that of the source as it is now. */
export async function expectBalance(engine: Engine, pending = 0, goneSince = 0): Promise<void> {
  const [count] = await engine.onSource('SELECT count(*) AS count FROM dispatch_state');
  expect(await balance(engine)).toMatchObject({ source: Number(count!.count) + goneSince, adds_up: true, pending });
}

export function without(spared: Spared, keys: Iterable<string>): Spared {
  const taken = new Set(keys);
  const rest = (side: ReadonlySet<string>): Set<string> => new Set([...side].filter((key) => !taken.has(key)));
  return { target: rest(spared.target), quarantine: rest(spared.quarantine) };
}

/** Those in batches that have no key up to a limit. */
export function beyond(spared: Spared, limit: number): Spared {
  const far = (side: ReadonlySet<string>): Set<string> =>
    new Set([...side].filter((key) => Number(key) > limit + 1_000));
  return { target: far(spared.target), quarantine: far(spared.quarantine) };
}

/** Those of some keys that are free. */
export const some = (keys: Iterable<string>, free: ReadonlySet<string>): Set<string> =>
  new Set([...keys].filter((key) => free.has(key)));
