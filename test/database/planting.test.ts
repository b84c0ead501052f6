/** Damage of every kind is planted at random places: all of it is found, by key and kind, and nothing else. */
import { caseStates } from '../../mappings/case-states';
import { Random } from '../../sample/random';
import { createEngine, migrate } from '../support/engine';
import type { Engine } from '../support/engine';
import { verify } from '../support/verification';
import type { Verified } from '../support/verification';
import { Planter, allRows, expectedOf, installForge, told } from './planter';
import { PLANTINGS, TOO_MANY } from './plantings';

/** More than one leaf of the bisection, so that differences are narrowed down. */
const ROWS = 5_000;
const TOLD = 200;

let engine: Engine;
let planter: Planter;
let verified: Verified;

beforeAll(async () => {
  engine = await createEngine({ sample: { rows: ROWS, dirty: true } });
  await migrate(engine, caseStates, 700);
  await installForge(engine);
  planter = new Planter(engine, new Random(20_261_128, 1), await allRows(engine));
  expect(await planter.plantAll([...PLANTINGS, ...TOO_MANY], TOLD)).toEqual([]);
  verified = await verify(engine, caseStates, true);
}, 180_000);
afterAll(() => engine?.drop());

it('finds each, by key and kind, and nothing else', () => {
  expect(told(verified.findings)).toEqual(expectedOf(planter.planted));
});

it('names the columns that differ', () => {
  const wrong = planter.planted
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
  expect(planter.planted).toHaveLength(TOLD);
  expect(verified).toMatchObject({ verdict: 'not_proven', notVerified: 0 });
});

it('reads few rows over the wire', () => {
  expect(verified.read).toBeLessThan(verified.source * 1.1);
});
