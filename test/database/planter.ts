/** Plants damage at random places of a target that was migrated, and tells what every row was like at a moment. */
import type { Random } from '../../sample/random';
import type { FindingKind } from '../../shared/findings';
import type { Engine } from '../support/engine';
import type { Finding } from '../support/verification';
import { FORGE, needsHeld, needsOther } from './plantings';
import type { Planting } from './plantings';

export interface Told {
  readonly kind: FindingKind;
  readonly key: string;
}

export interface Planted {
  readonly planting: Planting;
  /** The row that is told of. */
  readonly key: string;
  /** The other row of two that were damaged together. */
  readonly other: string | null;
  /** What a verification must tell at once. */
  readonly expected: readonly Told[];
}

type Side = 'target' | 'quarantine';

/** Rows that no damage was done to yet, by their keys. */
export type Spared = Readonly<Record<Side, Set<string>>>;

export const byKey = (a: { key: string | null }, b: { key: string | null }): number => Number(a.key) - Number(b.key);

/** Findings as kind and key, in the order of the keys. */
export const told = (findings: readonly Pick<Finding, 'kind' | 'key'>[]): Pick<Finding, 'kind' | 'key'>[] =>
  findings.map(({ kind, key }) => ({ kind, key })).sort(byKey);

/**
 * Rows of `case-states`: loaded ones, and those in open quarantine. Without the first and the last of the target: beside them rows are
 * put that are too many, and must not take the place of one that was lost.
 */
export async function allRows(engine: Engine): Promise<Spared> {
  const [target, quarantine] = await Promise.all([
    engine.onTarget<{ key: string }>('SELECT legacy_id::text AS key FROM case_states ORDER BY legacy_id'),
    engine.onTarget<{ key: string }>(
      `SELECT legacy_key AS key FROM carryover.quarantine WHERE migration = 'case-states' AND state = 'open'`,
    ),
  ]);
  const keys = (rows: readonly { key: string }[]): Set<string> => new Set(rows.map(({ key }) => key));
  return { target: keys(target.slice(1, -1)), quarantine: keys(quarantine) };
}

export const installForge = (engine: Engine): Promise<unknown> => engine.onTarget(FORGE);

export class Planter {
  readonly planted: Planted[] = [];

  /** @param spared rows that damage may be done to; several planters may share them */
  constructor(
    private readonly engine: Engine,
    private readonly random: Random,
    private readonly spared: Spared,
  ) {}

  /** A row that is spared no longer; null where none is left. */
  async pick(side: Side, on = 'true'): Promise<string | null> {
    const sql =
      side === 'target'
        ? `SELECT legacy_id::text AS key FROM case_states t WHERE ${on} ORDER BY legacy_id`
        : `SELECT legacy_key AS key FROM carryover.quarantine q WHERE migration = 'case-states' AND state = 'open' AND ${on} ORDER BY key_numbers`;
    const found = await this.engine.onTarget<{ key: string }>(sql);
    const free = found.map(({ key }) => key).filter((key) => this.spared[side].has(key));
    if (free.length === 0) return null;
    const key = free[this.random.below(free.length)]!;
    this.spared[side].delete(key);
    return key;
  }

  /** @returns false where no row is left on which it can be planted */
  async plant(planting: Planting): Promise<boolean> {
    const { sql, on, kind, other } = planting;
    const nobody = '';
    const held = needsHeld(planting) ? await this.pick('quarantine', sql.includes('$KEY') ? undefined : on) : nobody;
    const key = sql.includes('$KEY') ? await this.pick('target', on) : nobody;
    const second = needsOther(planting) ? await this.pick('target') : nobody;
    if (held === null || key === null || second === null) return false;
    const isAdded = sql.startsWith('INSERT INTO case_states') && held === nobody;
    const before = isAdded ? await this.bounds() : null;
    await this.engine.onTarget(sql.replaceAll('$KEY', key).replaceAll('$OTHER', second).replaceAll('$HELD', held));
    const about = before === null ? held || key : await this.added(before);
    const expected = [{ kind, key: about }, ...(other === undefined ? [] : [{ kind: other, key: second }])];
    this.planted.push({ planting, key: about, other: second || null, expected });
    return true;
  }

  /** Plants each in turn until there are so many; @returns names of those that no row was left for */
  async plantAll(plantings: readonly Planting[], count: number): Promise<string[]> {
    const spent = new Set<Planting>();
    const wanted = this.planted.length + count;
    while (this.planted.length < wanted && spent.size < plantings.length) {
      for (const planting of plantings) {
        if (this.planted.length === wanted) break;
        if (!spent.has(planting) && !(await this.plant(planting))) spent.add(planting);
      }
    }
    const names = new Set(this.planted.map(({ planting }) => planting.name));
    return plantings.map(({ name }) => name).filter((name) => !names.has(name));
  }

  private async bounds(): Promise<{ low: string; high: string }> {
    const [found] = await this.engine.onTarget<{ low: string; high: string }>(
      'SELECT min(legacy_id) AS low, max(legacy_id) AS high FROM case_states',
    );
    return found!;
  }

  private async added({ low, high }: { low: string; high: string }): Promise<string> {
    const [found] = await this.engine.onTarget<{ key: string }>(
      'SELECT legacy_id::text AS key FROM case_states WHERE legacy_id < $1 OR legacy_id > $2',
      [low, high],
    );
    return found!.key;
  }
}

/** Every row of the target, and every line of quarantine that says something, as it is: a hash by side and key. */
export async function standing(engine: Engine): Promise<Map<string, string>> {
  const rows = await engine.onTarget<{ place: string; content: string }>(
    `SELECT 'loaded ' || legacy_id AS place, md5(t::text) AS content FROM case_states t
     UNION ALL SELECT 'held ' || legacy_key,
       md5(ROW (state, reason, reasons, columns, source_row, source_row_sha256, target_id)::text)
     FROM carryover.quarantine WHERE migration = 'case-states' AND state <> 'undone'`,
  );
  return new Map(rows.map(({ place, content }) => [place, content]));
}

/** Places of rows that are not as they are to be: what has no place there is to be nowhere. */
export function differing(wanted: ReadonlyMap<string, string>, found: ReadonlyMap<string, string>): string[] {
  const places = new Set([...wanted.keys(), ...found.keys()]);
  return [...places].filter((place) => wanted.get(place) !== found.get(place)).sort();
}

/** What stood at first, but at some places what stood later. */
export function blend(
  first: ReadonlyMap<string, string>,
  later: ReadonlyMap<string, string>,
  places: Iterable<string>,
): Map<string, string> {
  const blended = new Map(first);
  for (const place of places) {
    const content = later.get(place);
    if (content === undefined) blended.delete(place);
    else blended.set(place, content);
  }
  return blended;
}

/** The places of keys, on both sides. */
export const placesOf = (keys: Iterable<string>): string[] =>
  [...keys].flatMap((key) => [`loaded ${key}`, `held ${key}`]);

/** Keys of rows that were damaged. */
export const keysIn = (planted: readonly Planted[]): string[] =>
  planted.flatMap(({ key, other }) => (other === null ? [key] : [key, other]));

/** What another writer did, or may have done. */
export const isTheirs = ({ planting: { kind } }: Planted): boolean =>
  ['changed_in_target', 'deleted_in_target', 'extra'].includes(kind);

/** What was told at once of some of the damage. */
export const expectedOf = (planted: readonly Planted[]): Told[] =>
  planted.flatMap(({ expected }) => expected).sort(byKey);

/** What the verification that a run ended with, or began with, has told of. */
export async function toldBy(
  engine: Engine,
  run: string,
  which: 'verification_id' | 'compared_by' = 'verification_id',
): Promise<Pick<Finding, 'kind' | 'key'>[]> {
  return told(
    await engine.onTarget<Finding>(
      `SELECT f.kind, f.legacy_key AS key FROM carryover.findings f JOIN carryover.runs r ON f.verification_id = r.${which}
       WHERE r.run_id = $1`,
      [run],
    ),
  );
}
