/** Damage of every kind is planted at random places: all of it is found, by key and kind, and nothing else. */
import { caseStates } from '../../mappings/case-states';
import { Random } from '../../sample/random';
import { createEngine, migrate } from '../support/engine';
import type { Engine } from '../support/engine';
import { verify } from '../support/verification';
import type { Finding, Verified } from '../support/verification';
import { FORGE, PLANTINGS, TOO_MANY, needsHeld, needsOther } from './plantings';
import type { Planting } from './plantings';

/** More than one leaf of the bisection, so that differences are narrowed down. */
const ROWS = 5_000;
const TOLD = 200;

interface Planted {
  readonly planting: Planting;
  readonly key: string;
  readonly expected: readonly Pick<Finding, 'kind' | 'key'>[];
}

let engine: Engine;
let verified: Verified;
const planted: Planted[] = [];
const random = new Random(20_261_128, 1);

/** Keys that no damage was done to yet. */
const spared = { target: new Set<string>(), quarantine: new Set<string>() };

async function pick(side: 'target' | 'quarantine', on = 'true'): Promise<string> {
  const sql =
    side === 'target'
      ? `SELECT legacy_id::text AS key FROM case_states t WHERE ${on} ORDER BY legacy_id`
      : `SELECT legacy_key AS key FROM carryover.quarantine q WHERE migration = 'case-states' AND state = 'open' AND ${on} ORDER BY key_numbers`;
  const found = await engine.onTarget<{ key: string }>(sql);
  const free = found.map(({ key }) => key).filter((key) => spared[side].has(key));
  if (free.length === 0) throw new Error(`no row is left on which ${on}`);
  const key = free[random.below(free.length)]!;
  spared[side].delete(key);
  return key;
}

async function plant(planting: Planting): Promise<void> {
  const { sql, on, kind, other } = planting;
  const held = needsHeld(planting) ? await pick('quarantine', sql.includes('$KEY') ? undefined : on) : '';
  const key = sql.includes('$KEY') ? await pick('target', on) : '';
  const second = needsOther(planting) ? await pick('target') : '';
  const isCopy = sql.startsWith('INSERT INTO case_states');
  const before = isCopy && held === '' ? await bounds() : null;
  await engine.onTarget(sql.replaceAll('$KEY', key).replaceAll('$OTHER', second).replaceAll('$HELD', held));
  const told = before === null ? held || key : await added(before);
  const expected = [{ kind, key: told }, ...(other === undefined ? [] : [{ kind: other, key: second }])];
  planted.push({ planting, key: told, expected });
}

const bounds = async (): Promise<{ low: string; high: string }> =>
  (
    await engine.onTarget<{ low: string; high: string }>(
      'SELECT min(legacy_id) AS low, max(legacy_id) AS high FROM case_states',
    )
  )[0]!;

async function added({ low, high }: { low: string; high: string }): Promise<string> {
  const [found] = await engine.onTarget<{ key: string }>(
    'SELECT legacy_id::text AS key FROM case_states WHERE legacy_id < $1 OR legacy_id > $2',
    [low, high],
  );
  return found!.key;
}

beforeAll(async () => {
  engine = await createEngine({ sample: { rows: ROWS, dirty: true } });
  await migrate(engine, caseStates, 700);
  await engine.onTarget(FORGE);
  const [target, quarantine] = await Promise.all([
    engine.onTarget<{ key: string }>('SELECT legacy_id::text AS key FROM case_states'),
    engine.onTarget<{ key: string }>(
      `SELECT legacy_key AS key FROM carryover.quarantine WHERE migration = 'case-states'`,
    ),
  ]);
  for (const { key } of target) spared.target.add(key);
  for (const { key } of quarantine) spared.quarantine.add(key);
  const all = [...PLANTINGS, ...TOO_MANY];
  for (let round = 0; planted.length < TOLD; round += 1) {
    for (const planting of all) if (planted.length < TOLD) await plant(planting);
  }
  verified = await verify(engine, caseStates, true);
}, 180_000);
afterAll(() => engine?.drop());

const byKey = (a: { key: string | null }, b: { key: string | null }): number => Number(a.key) - Number(b.key);

it('finds each, by key and kind, and nothing else', () => {
  const found = verified.findings.map(({ kind, key }) => ({ kind, key })).sort(byKey);
  expect(found).toEqual(planted.flatMap(({ expected }) => expected).sort(byKey));
});

it('names the columns that differ', () => {
  const wrong = planted
    .filter(({ planting }) => planting.columns !== undefined)
    .map(({ planting, key }) => ({
      name: planting.name,
      expected: planting.columns,
      found: verified.findings.find((finding) => finding.key === key)?.columns,
    }))
    .filter(({ expected, found }) => JSON.stringify(expected) !== JSON.stringify(found));
  expect(wrong).toEqual([]);
});

it('is not proven, with as many defects', () => {
  expect(planted).toHaveLength(TOLD);
  expect(verified).toMatchObject({ verdict: 'not_proven', notVerified: 0 });
});

it('reads few rows over the wire', () => {
  expect(verified.read).toBeLessThan(verified.source * 1.1);
});
