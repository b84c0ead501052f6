/** A re-sync compares first, and moves what is new or changed; what is gone as the mapping says. */
import { caseStates } from '../../mappings/case-states';
import { createEngine, migrate } from '../support/engine';
import { resync } from '../support/resync';
import type { Engine } from '../support/engine';
import type { Mapping } from '../../mappings/mapping';
import { verify } from '../support/verification';
import { balance, contents, keysOf } from './repair-fixture';

let engine: Engine;
beforeEach(async () => {
  engine = await createEngine({ sample: { rows: 600, dirty: true } });
});
afterEach(() => engine?.drop());

const deleting: Mapping = { ...caseStates, gone: { policy: 'delete' } };

/** Rows of the target's table. */
const inTarget = async (condition: string): Promise<number> => {
  const [line] = await engine.onTarget<{ rows: number }>(
    `SELECT count(*)::int AS rows FROM case_states WHERE ${condition}`,
  );
  return line!.rows;
};

/** Copies rows of the source under keys of their own. */
const insertCopies = (from: readonly string[], to: readonly number[]): Promise<unknown> =>
  Promise.all(
    from.map((key, index) =>
      engine.onSource(
        `INSERT INTO dispatch_state (id, status, reason, notes, created_at, instruction_id, actor_id, \`on\`)
         SELECT ?, status, reason, notes, created_at, instruction_id, actor_id, \`on\` FROM dispatch_state WHERE id = ?`,
        [to[index], key],
      ),
    ),
  );

const found = async (run: string): Promise<unknown> =>
  (await engine.onTarget<{ found: unknown }>('SELECT found FROM carryover.runs WHERE run_id = $1', [run]))[0]!.found;

it('writes nothing where nothing changed, and its comparison is the proof', async () => {
  await migrate(engine, caseStates, 90);
  const [before, balanced] = [await contents(engine, 'case_states'), await balance(engine)];
  const { headline, plan, taken, batches, read } = await resync(engine, caseStates);
  expect(plan).toMatchObject({ compares: true, resumed: false });
  expect(taken).toMatchObject({ brake: null, gone: 0 });
  // What the target itself refused can only be asked of it again.
  const [refused] = await engine.onTarget<{ rows: number }>(
    `SELECT count(*)::int AS rows FROM carryover.quarantine WHERE 'constraint_rejected' = ANY (reasons)`,
  );
  expect([taken.keys, batches.length, read]).toEqual([refused!.rows, refused!.rows === 0 ? 0 : 1, 0]);
  expect(headline).toMatchObject({ inserted: 0, updated: 0, findings: 0, verdict: 'proven_with_exceptions' });
  expect(await contents(engine, 'case_states')).toEqual(before);
  expect(await balance(engine)).toEqual(balanced);
});

it('deals with exactly what is new, changed, gone, or another writer touched, each as its policy says', async () => {
  await migrate(engine, deleting, 90);
  const ours = await keysOf(engine, 'case_states', 'true', 400);
  const ids = (await engine.onSource('SELECT id FROM dispatch_state ORDER BY id')).map(({ id }) => Number(id));
  // Under lower keys than any, and in gaps of batches that were done long ago.
  const gaps = ids.slice(50).filter((id) => Number.isSafeInteger(id + 1) && !ids.includes(id + 1));
  const keys = [ids[0]! - 2, ids[0]! - 1, ...gaps.slice(0, 5).map((id) => id + 1)];
  await insertCopies(ours.slice(0, keys.length), keys);
  const changed = ours.slice(20, 27);
  await engine.onSource(`UPDATE dispatch_state SET notes = 'said otherwise' WHERE id IN (?)`, [changed]);
  const gone = ours.slice(40, 44);
  await engine.onSource('DELETE FROM dispatch_state WHERE id IN (?)', [gone]);
  await engine.onTarget(`UPDATE case_states SET notes = 'by hand' WHERE legacy_id = ANY ($1)`, [ours.slice(60, 63)]);
  await engine.onTarget('DELETE FROM case_states WHERE legacy_id = ANY ($1)', [ours.slice(80, 82)]);

  const { headline, plan, taken: took } = await resync(engine, deleting);
  expect(await found(plan.run)).toMatchObject({
    new: keys.length,
    moved: changed.length,
    gone: gone.length,
    changed_in_target: 3,
    deleted_in_target: 2,
  });
  expect(took.gone).toBe(gone.length);
  expect(headline).toMatchObject({
    inserted: keys.length,
    updated: changed.length,
    findings: 5,
    verdict: 'not_proven',
  });
  expect(await inTarget(`legacy_id IN (${keys.join(', ')})`)).toBe(keys.length);
  expect(await inTarget(`notes = 'said otherwise'`)).toBe(changed.length);
  expect(await inTarget(`legacy_id IN (${gone.join(', ')})`)).toBe(0);
  expect(await inTarget(`notes = 'by hand'`)).toBe(3);
  expect(await inTarget(`legacy_id IN (${ours.slice(80, 82).join(', ')})`)).toBe(0);
  const after = await verify(engine, deleting);
  expect(after.findings.map(({ kind }) => kind).sort()).toEqual([
    ...Array.from({ length: 3 }, () => 'changed_in_target'),
    ...Array.from({ length: 2 }, () => 'deleted_in_target'),
  ]);
  expect(after.faults).toEqual({});
  const [count] = await engine.onSource('SELECT count(*) AS count FROM dispatch_state');
  expect(await balance(engine)).toMatchObject({
    source: Number(count!.count),
    complete: true,
    adds_up: true,
    pending: 0,
  });
});
