/** Damage planted before or after a re-sync or a replay: each piece is found, kept or mended, as its kind has it. */
import { Random } from '../../sample/random';
import { carryRun, openRun, replay } from '../support/engine';
import type { Engine } from '../support/engine';
import { compareRun, resync } from '../support/resync';
import { verify } from '../support/verification';
import {
  Planter,
  allRows,
  blend,
  byKey,
  differing,
  expectedOf,
  isTheirs,
  keysIn,
  placesOf,
  standing,
  told,
  toldBy,
} from './planter';
import type { Planted, Told } from './planter';
import {
  ALL,
  ON_TARGET,
  TRACED,
  UNTRACED,
  beyond,
  bring,
  deleting,
  expectBalance,
  freeKeys,
  removeFromSource,
  sayOtherwise,
  some,
  start,
  without,
} from './planting-fixture';
import { PLANTINGS } from './plantings';
import { keysOf } from './repair-fixture';

const random = new Random(20_261_129, 1);

let engine: Engine;
afterEach(() => engine?.drop());

describe('of a re-sync', () => {
  /** A row that is loaded though it is unfit stays as well. */
  const isKept = (each: Planted): boolean => isTheirs(each) || each.planting.name === 'row in quarantine also loaded';

  it('is mended where it is ours, else kept as it is and told of; what the source has is carried over', async () => {
    engine = await start(2_500, true);
    const before = await standing(engine);
    const all = await allRows(engine);
    const keys = [...all.target];
    // Of a batch that lost a row without a trace every new row may be that one: none is brought there.
    const limit = Number(keys[1_000]);
    const untraced = new Planter(engine, random, beyond(all, limit));
    expect(await untraced.plantAll(UNTRACED, 6)).toEqual([]);
    const spared = without(all, keysIn(untraced.planted));
    const untouched = new Planter(engine, random, spared);
    expect(await untouched.plantAll(TRACED, 104)).toEqual([]);
    // Of these the source says something else too.
    const moved = new Planter(engine, random, spared);
    const traced = ON_TARGET.filter((each) => TRACED.includes(each));
    expect(await moved.plantAll(traced, traced.length)).toEqual([]);
    const damaged = await standing(engine);
    const planted = [...untraced.planted, ...untouched.planted, ...moved.planted];
    const free = keys.filter((key) => spared.target.has(key));
    const [gone, changed, fresh] = [free.slice(0, 10), free.slice(10, 60), await freeKeys(engine, 8, 24, 8, limit)];
    const says = [...changed, ...moved.planted.map(({ key }) => key)];
    await bring(engine, free.slice(60, 100), fresh);
    await sayOtherwise(engine, says);
    await removeFromSource(engine, gone);

    const { plan, headline } = await resync(engine, deleting, { batchRows: 150 });
    const kept = planted.filter(isKept);
    const keptKeys = new Set(keysIn(kept));
    const expected = expectedOf(kept);
    expect(await toldBy(engine, plan.run)).toEqual(expected);
    expect(told((await verify(engine, deleting, true)).findings)).toEqual(expected);
    expect(headline.verdict).toBe('not_proven');
    await expectBalance(engine);
    const after = await standing(engine);
    const carried = says.filter((key) => !keptKeys.has(key));
    const wanted = blend(blend(before, damaged, placesOf(keptKeys)), after, placesOf([...fresh, ...carried]));
    for (const key of gone) wanted.delete(`loaded ${key}`);
    expect(differing(wanted, after)).toEqual([]);
    expect(await keysOf(engine, 'case_states', `notes = 'said otherwise'`, 500)).toEqual(
      carried.sort((a, b) => Number(a) - Number(b)),
    );
    expect([...fresh].filter((key) => !after.has(`loaded ${key}`))).toEqual([]);

    // What is done since, to rows that it wrote as well, is found by the comparison of the next.
    const again = without(await allRows(engine), keysIn(planted));
    const own = new Planter(engine, random, {
      ...again,
      target: some([...fresh, ...carried, ...keysIn(planted)], again.target),
    });
    expect(await own.plantAll(ON_TARGET, 40)).toEqual([]);
    const elsewhere = new Planter(engine, random, without(again, keysIn(own.planted)));
    expect(await elsewhere.plantAll(ALL, 60)).toEqual([]);
    const later = await resync(engine, deleting, { batchRows: 150 });
    const since = [...own.planted, ...elsewhere.planted];
    expect(await toldBy(engine, later.plan.run, 'compared_by')).toEqual(expectedOf([...kept, ...since]));
    const left = expectedOf([...kept, ...since].filter(isKept));
    expect(await toldBy(engine, later.plan.run)).toEqual(left);
    expect(told((await verify(engine, deleting, true)).findings)).toEqual(left);
    await expectBalance(engine);
  });

  it('is kept where the source has the row no more, unless all that it has and was is ours to take away', async () => {
    engine = await start(1_500, true);
    const before = await standing(engine);
    const planter = new Planter(engine, random, await allRows(engine));
    const plantings = PLANTINGS.filter((each) => TRACED.includes(each));
    expect(await planter.plantAll(plantings, 60)).toEqual([]);
    const { planted } = planter;
    const damaged = await standing(engine);
    await removeFromSource(
      engine,
      planted.map(({ key }) => key),
    );
    const { plan } = await resync(engine, deleting, { maxDeletes: 0.1 });

    // On neither side: what was loaded is nothing from now on; of what was in quarantine nobody can tell, and the ledger goes on
    // counting it.
    const lost = planted.filter(({ planting: { name } }) => ['row lost', 'set to replayed'].includes(name));
    // Of these nobody knows any more what the source said when they were read.
    const isTorn = ({ planting: { kind, name, sql } }: Planted): boolean =>
      kind === 'changed' && (sql.includes('$HELD') ? name.includes('raw row') : name !== 'another id, forged');
    const kept = planted.filter((each) => !lost.includes(each) && (isKept(each) || isTorn(each)));
    const expected = kept
      .flatMap((each) => (isTorn(each) ? each.expected.filter(({ key }) => key === each.key) : each.expected))
      .sort(byKey);
    expect(await toldBy(engine, plan.run)).toEqual(expected);
    expect(told((await verify(engine, deleting, true)).findings)).toEqual(expected);
    const counted = lost.filter(({ planting: { name } }) => name !== 'row lost');
    await expectBalance(engine, 0, kept.length + counted.length);
    const after = await standing(engine);
    const taken = planted.filter((each) => !kept.includes(each) && !lost.includes(each));
    const away = taken.map(({ key }) => key);
    const asDamaged = placesOf([...expected, ...lost].map(({ key }) => key));
    const wanted = blend(
      blend(before, damaged, asDamaged),
      after,
      away.map((key) => `held ${key}`),
    );
    for (const key of away) wanted.delete(`loaded ${key}`);
    expect(differing(wanted, after)).toEqual([]);
    expect(
      await engine.onTarget(`SELECT DISTINCT state FROM carryover.quarantine WHERE legacy_key = ANY ($1)`, [away]),
    ).toEqual([{ state: 'gone' }]);
  });

  it('is kept and named where it was done after the comparison, to rows that are about to be written', async () => {
    engine = await start(1_500, true);
    const before = await standing(engine);
    const spared = await allRows(engine);
    const keys = [...spared.target];
    const changed = keys.slice(0, 600);
    const fresh = await freeKeys(engine, 0, 0, 10, 0);
    await bring(engine, keys.slice(-10), fresh);
    await engine.onSource('UPDATE dispatch_state SET status = 23 - status WHERE id IN (?)', [changed]);
    const plan = await openRun(engine, deleting, { batchRows: 200 }, {}, 'changed');
    const { taken } = await compareRun(engine, deleting, plan);
    expect(taken.keys).toBeGreaterThanOrEqual(changed.length + fresh.length);
    const planter = new Planter(engine, random, { ...spared, target: new Set(changed) });
    expect(await planter.plantAll(ON_TARGET, 80)).toEqual([]);
    // And another writer was there first.
    const [first] = fresh;
    await engine.onTarget(
      `INSERT INTO case_states (id, case_id, state, is_system_generated, changed_at, metadata, legacy_id)
       SELECT gen_random_uuid(), case_id, state, is_system_generated, changed_at, '{}', $1 FROM case_states LIMIT 1`,
      [first],
    );
    const damaged = await standing(engine);
    await carryRun(engine, deleting, plan);

    const kept = planter.planted.filter(isTheirs);
    const expected = [...expectedOf(kept), { kind: 'extra' as const, key: first! }].sort(byKey);
    expect(await toldBy(engine, plan.run)).toEqual(expected);
    expect(told((await verify(engine, deleting, true)).findings)).toEqual(expected);
    // The load knows but that they are not its own.
    const named = expected.map(({ kind, key }) => ({ kind: kind === 'extra' ? 'changed_in_target' : kind, key }));
    expect(
      told(
        await engine.onTarget<Told>('SELECT kind, legacy_key AS key FROM carryover.findings WHERE run_id = $1', [
          plan.run,
        ]),
      ),
    ).toEqual(named);
    const after = await standing(engine);
    const theirs = expected.map(({ key }) => key);
    const written = [...changed, ...fresh].filter((key) => !theirs.includes(key));
    expect(differing(blend(blend(before, damaged, placesOf(theirs)), after, placesOf(written)), after)).toEqual([]);
    expect(
      written.filter((key) => [undefined, before.get(`loaded ${key}`)].includes(after.get(`loaded ${key}`))),
    ).toEqual([]);
  });
});

describe('of a replay', () => {
  it('is found by what it ends with, in rows that it took and in others; so is what is done to rows that it brought', async () => {
    engine = await start(2_500, true);
    // Of every other instruction the order comes late.
    await engine.onTarget(
      `INSERT INTO orders (id, instruction_id, case_id, order_number)
       SELECT gen_random_uuid(), instruction, (SELECT id FROM cases LIMIT 1), 'late ' || instruction
       FROM (SELECT DISTINCT (source_row ->> 'instruction_id')::bigint AS instruction FROM carryover.quarantine
             WHERE state = 'open' AND reasons = '{case_unmapped}') q WHERE instruction % 2 = 0`,
    );
    const fits = await engine.onTarget<{ key: string }>(
      `SELECT legacy_key AS key FROM carryover.quarantine q WHERE state = 'open' AND reasons = '{case_unmapped}'
         AND EXISTS (SELECT FROM orders o WHERE o.instruction_id = (source_row ->> 'instruction_id')::bigint)`,
    );
    const before = await standing(engine);
    const planter = new Planter(engine, random, await allRows(engine));
    expect(await planter.plantAll(ALL, 2 * ALL.length)).toEqual([]);
    const damaged = await standing(engine);
    const { plan, headline } = await replay(engine, deleting, { batchRows: 60 });

    // Whatever open quarantine says of a row, the row is taken anew from the source.
    const isTaken = ({ planting: { sql, name } }: Planted): boolean =>
      sql.includes('$HELD') && !['row in quarantine lost', 'set to replayed'].includes(name);
    const taken = planter.planted.filter(isTaken);
    const shared = taken.filter(({ planting }) => planting.name === 'row in quarantine also loaded');
    const lost = planter.planted.filter((each) => !isTaken(each));
    const fit = new Set(fits.map(({ key }) => key).filter((key) => !keysIn(lost).includes(key)));
    const expected = [
      ...expectedOf(lost),
      // One that fits by now meets a row that is not ours.
      ...shared.map(({ key }) => ({ kind: fit.has(key) ? ('changed_in_target' as const) : ('stale' as const), key })),
    ].sort(byKey);
    expect(await toldBy(engine, plan.run)).toEqual(expected);
    expect(told((await verify(engine, deleting, true)).findings)).toEqual(expected);
    expect(headline).toMatchObject({ verdict: 'not_proven', updated: 0 });
    await expectBalance(engine);
    const after = await standing(engine);
    const brought = [...fit].filter((key) => !keysIn(shared).includes(key));
    const kept = [...placesOf(keysIn(lost)), ...shared.map(({ key }) => `loaded ${key}`)];
    const replayed = [...placesOf(brought), ...[...fit].map((key) => `held ${key}`)];
    expect(differing(blend(blend(before, damaged, kept), after, replayed), after)).toEqual([]);
    expect(brought.filter((key) => !after.has(`loaded ${key}`))).toEqual([]);

    const { quarantine, target } = without(await allRows(engine), keysIn(planter.planted));
    const own = new Planter(engine, random, { quarantine, target: some(brought, target) });
    const seldom = await own.plantAll(ON_TARGET, 40);
    expect(seldom).toEqual(['the other hour of the fold, forged']);
    const left = [...expected, ...expectedOf(own.planted)].sort(byKey);
    expect(told((await verify(engine, deleting, true)).findings)).toEqual(left);
    expect(await toldBy(engine, (await replay(engine, deleting)).plan.run)).toEqual(left);
  });
});
