/** Damage planted before an undo: in rows of the undone run it is kept and named, elsewhere left alone, and all of it is found. */
import { Random } from '../../sample/random';
import type { Engine } from '../support/engine';
import { resync, undo } from '../support/resync';
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
import type { Planted } from './planter';
import {
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

const random = new Random(20_261_130, 1);

let engine: Engine;
afterEach(() => engine?.drop());

it('is kept and named in rows that the undone run wrote, and found there and elsewhere', async () => {
  engine = await start(2_500, true);
  const before = await standing(engine);
  const keys = [...(await allRows(engine)).target];
  // What is lost without a trace is lost beyond the new rows: each of them might be it.
  const limit = Number(keys[1_400]);
  const fresh = await freeKeys(engine, 10, 60, 130, limit);
  const [unfit, inserted] = [fresh.slice(0, 20), fresh.slice(20)];
  const [changed, gone] = [keys.slice(1_800, 2_000), keys.slice(400, 410)];
  const released = (
    await engine.onTarget<{ key: string }>(
      `SELECT legacy_key AS key FROM carryover.quarantine WHERE reasons = '{case_unmapped}' ORDER BY key_numbers LIMIT 30`,
    )
  ).map(({ key }) => key);
  await bring(engine, keys.slice(0, 20), unfit, '99');
  await bring(engine, keys.slice(20, 200), inserted);
  await sayOtherwise(engine, changed);
  await removeFromSource(engine, gone);
  await engine.onSource(
    `UPDATE dispatch_state d JOIN dispatch_state o ON o.id = ? SET d.instruction_id = o.instruction_id WHERE d.id IN (?)`,
    [keys[0], released],
  );
  const { plan, headline } = await resync(engine, deleting, { batchRows: 150 });
  const written = { inserted: inserted.length + released.length, updated: changed.length };
  expect(headline).toMatchObject({ ...written, findings: 0, verdict: 'proven_with_exceptions' });

  const spared = await allRows(engine);
  const brought = new Planter(engine, random, {
    target: some([...inserted, ...released], spared.target),
    quarantine: some(unfit, spared.quarantine),
  });
  // None of these is there for its case.
  expect(await brought.plantAll(PLANTINGS, 100)).toEqual(['reason edited', 'another reason']);
  // Nor has any of these notes of its own.
  const rewritten = new Planter(engine, random, { target: some(changed, spared.target), quarantine: new Set() });
  expect(await rewritten.plantAll(ON_TARGET, 60)).toEqual([
    'the other hour of the fold, forged',
    'another normal form',
  ]);
  const rest = without(spared, [...inserted, ...changed, ...released, ...unfit]);
  const untraced = new Planter(engine, random, beyond(rest, limit));
  expect(await untraced.plantAll(UNTRACED, 6)).toEqual([]);
  const elsewhere = new Planter(engine, random, without(rest, keysIn(untraced.planted)));
  expect(await elsewhere.plantAll(TRACED, 70)).toEqual([]);
  // Another writer puts a row in the place of one that was taken away.
  await engine.onTarget(
    `INSERT INTO case_states (id, case_id, state, is_system_generated, changed_at, metadata, legacy_id)
     SELECT gen_random_uuid(), case_id, state, is_system_generated, changed_at, metadata, $1 FROM case_states LIMIT 1`,
    [gone[0]],
  );
  const damaged = await standing(engine);
  const undone = await undo(engine, deleting, plan.run);

  // Of rows that the run wrote, those are kept that are not as it wrote them.
  const isLost = ({ planting: { name } }: Planted): boolean => name.startsWith('row lost');
  const kept = [...brought.planted, ...rewritten.planted].filter((each) => isTheirs(each) && !isLost(each));
  const lost = rewritten.planted.filter(isLost);
  const copied = brought.planted.filter(({ planting }) => planting.name === 'row in quarantine also loaded');
  const named = [
    ...[...keysIn(kept), gone[0]!].map((key) => ({ kind: 'changed_in_target', key })),
    ...keysIn(lost).map((key) => ({ kind: 'deleted_in_target', key })),
  ].sort(byKey);
  const around = [...untraced.planted, ...elsewhere.planted];
  expect(
    (
      await engine.onTarget<{ kind: string; key: string }>(
        'SELECT kind, legacy_key AS key FROM carryover.findings WHERE run_id = $1',
        [undone.plan.run],
      )
    ).sort(byKey),
  ).toEqual(named);

  // Of those that it brought the ledger knows which are lost; the others are to be brought again.
  const untracedOwn = brought.planted.filter(
    (each) => UNTRACED.includes(each.planting) && !released.includes(each.key),
  );
  const defects = [
    ...expectedOf([...kept, ...lost, ...untracedOwn, ...around]),
    ...copied.map(({ key }) => ({ kind: 'changed_in_target' as const, key })),
    { kind: 'extra' as const, key: gone[0]! },
  ];
  const known = new Set(defects.map(({ key }) => key));
  const expected = [
    ...defects,
    ...[...inserted, ...unfit].filter((key) => !known.has(key)).map((key) => ({ kind: 'new' as const, key })),
    ...[...changed, ...released].filter((key) => !known.has(key)).map((key) => ({ kind: 'moved' as const, key })),
    ...gone.slice(1).map((key) => ({ kind: 'gone' as const, key })),
  ].sort(byKey);
  expect(await toldBy(engine, undone.plan.run)).toEqual(expected);
  expect(told((await verify(engine, deleting)).findings)).toEqual(expected);
  const pending = expected.filter(({ kind }) => kind === 'new').length + copied.length;
  await expectBalance(engine, pending, gone.length - 1);
  const after = await standing(engine);
  const asDamaged = [
    ...placesOf([...keysIn(kept), ...keysIn(lost), ...keysIn(around)]),
    ...[...keysIn(copied), gone[0]!].map((key) => `loaded ${key}`),
  ];
  expect(differing(blend(before, damaged, asDamaged), after)).toEqual([]);
});
