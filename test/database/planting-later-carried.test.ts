/** What a re-sync took over from an earlier verification hides no damage that was planted since. */
import { Random } from '../../sample/random';
import type { Engine } from '../support/engine';
import { resync } from '../support/resync';
import { Planter, allRows, byKey, differing, expectedOf, standing, toldBy } from './planter';
import { ON_TARGET, deleting, start } from './planting-fixture';
import { keysOf } from './repair-fixture';

const random = new Random(20_261_131, 1);

let engine: Engine;

const CARRIED = ['duplicates', 'order', 'orphans', 'references'];

/** Damage to what these checks look at, done so that a re-sync may take it for ours, and mends it. */
const CONCERNING = [
  'wrong case, forged',
  'wrong actor, forged',
  'actor nulled, forged',
  'actor invented, forged',
  'flag turned, forged',
  'an hour later, forged',
  'another id, forged',
  'values of two rows exchanged',
];

/** Checks that a verification took over; each that found something, with how much. */
const checksOf = async (run: string, which: string): Promise<{ carried: string[]; faults: Record<string, number> }> => {
  const lines = await engine.onTarget<{ name: string; carried: boolean; found: number }>(
    `SELECT c.name, c.carried_from IS NOT NULL AS carried, c.found::int FROM carryover.verification_checks c
     JOIN carryover.runs r ON c.verification_id = r.${which} WHERE r.run_id = $1 ORDER BY 1`,
    [run],
  );
  return {
    carried: lines.filter(({ carried }) => carried).map(({ name }) => name),
    faults: Object.fromEntries(lines.filter(({ found }) => found > 0).map(({ name, found }) => [name, found])),
  };
};

/** Nothing is wrong, and nothing that could be taken over is asked again. */
const expectCarried = async (): Promise<void> => {
  const { plan, taken } = await resync(engine, deleting);
  expect(taken.keys).toBe(0);
  expect(await toldBy(engine, plan.run)).toEqual([]);
  expect(await checksOf(plan.run, 'verification_id')).toEqual({ carried: CARRIED, faults: {} });
};

beforeEach(async () => {
  engine = await start(600, false);
  await expectCarried();
});
afterEach(() => engine?.drop());

it('finds what concerns the same checks, though all was as before in between', async () => {
  const before = await standing(engine);
  const planter = new Planter(engine, random, await allRows(engine));
  const concerned = ON_TARGET.filter(({ name }) => CONCERNING.includes(name));
  expect(concerned).toHaveLength(CONCERNING.length);
  for (const planting of concerned) {
    expect(await planter.plant(planting)).toBe(true);
    const { plan } = await resync(engine, deleting);
    const { name } = planting;
    expect([name, await toldBy(engine, plan.run, 'compared_by')]).toEqual([
      name,
      expectedOf(planter.planted.slice(-1)),
    ]);
    expect([name, await toldBy(engine, plan.run)]).toEqual([name, []]);
    // It is as it was, and so are the answers.
    expect([name, await checksOf(plan.run, 'verification_id')]).toEqual([name, { carried: CARRIED, faults: {} }]);
    expect(differing(before, await standing(engine))).toEqual([]);
  }
});

it('finds what is done to the tables beside, though no row of the target is another', async () => {
  const before = await standing(engine);
  const [one, other] = await engine.onTarget<{ id: string; case: string; keys: string[] }>(
    `SELECT o.id, o.case_id AS case, array_agg(t.legacy_id::text) AS keys
     FROM orders o JOIN case_states t ON (t.metadata ->> 'source_instruction_id')::bigint = o.instruction_id
     GROUP BY o.id, o.case_id HAVING count(*) < 5 ORDER BY o.id LIMIT 2`,
  );
  const answer = (order: string, id: string): Promise<unknown> =>
    engine.onTarget('UPDATE orders SET case_id = $2 WHERE id = $1', [order, id]);
  const stale = [...one!.keys, ...other!.keys].map((key) => ({ kind: 'stale', key })).sort(byKey);
  // The same answers, each to the other question; and back.
  for (const [first, second] of [
    [other!.case, one!.case],
    [one!.case, other!.case],
  ] as const) {
    await answer(one!.id, first);
    await answer(other!.id, second);
    const { plan } = await resync(engine, deleting);
    expect(await toldBy(engine, plan.run, 'compared_by')).toEqual(stale);
    expect(await toldBy(engine, plan.run)).toEqual([]);
  }
  expect(differing(before, await standing(engine))).toEqual([]);
  await expectCarried();

  // A parent goes where no constraint watches, and comes back.
  await engine.onTarget(`CREATE TABLE away AS SELECT * FROM cases WHERE id = '${one!.case}';
    SET session_replication_role = replica; DELETE FROM cases WHERE id = '${one!.case}'; RESET session_replication_role`);
  const orphaned = await resync(engine, deleting);
  expect(orphaned.headline.verdict).toBe('not_proven');
  const children = (await keysOf(engine, 'case_states', `case_id = '${one!.case}'`, 500)).length;
  expect(await checksOf(orphaned.plan.run, 'verification_id')).toEqual({
    carried: CARRIED.filter((name) => name !== 'orphans'),
    faults: { orphans: children },
  });
  await engine.onTarget('INSERT INTO cases SELECT * FROM away');
  await expectCarried();
});

it('finds a second row of a key', async () => {
  await engine.onTarget(`ALTER TABLE case_states DROP CONSTRAINT case_states_legacy_id_key;
    CREATE TABLE away AS SELECT * FROM case_states ORDER BY legacy_id LIMIT 1;
    UPDATE away SET id = gen_random_uuid(); INSERT INTO case_states SELECT * FROM away`);
  const { plan } = await resync(engine, deleting);
  const [key] = await keysOf(engine, 'away', 'true', 1);
  expect(await toldBy(engine, plan.run)).toEqual([{ kind: 'duplicate', key }]);
  expect(await checksOf(plan.run, 'verification_id')).toMatchObject({ carried: [], faults: { duplicates: 1 } });
  await engine.onTarget('DELETE FROM case_states t USING away WHERE t.id = away.id');
  await expectCarried();
});
