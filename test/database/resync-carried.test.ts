/** What a re-sync does not ask again: only what follows from rows that are as they were. */
import type { Point } from '../../database/points';
import { openSource } from '../../database/source/open-source';
import { openTarget } from '../../database/target/open-target';
import { caseStates } from '../../mappings/case-states';
import { createEngine, migrate, openRun } from '../support/engine';
import type { Engine } from '../support/engine';
import { compareRun, resync } from '../support/resync';
import { verify } from '../support/verification';

let engine: Engine;
beforeEach(async () => {
  engine = await createEngine({ sample: { rows: 400 } });
  await migrate(engine, caseStates, 90);
});
afterEach(() => engine?.drop());

/** Names of the checks of a run's verification, each with the verification that looked. */
const looked = async (run: string): Promise<Record<string, number>> => {
  const lines = await engine.onTarget<{ name: string; at: number }>(
    `SELECT c.name, coalesce(c.carried_from, c.verification_id)::int AS at
     FROM carryover.verification_checks c JOIN carryover.runs r USING (verification_id) WHERE r.run_id = $1`,
    [run],
  );
  return Object.fromEntries(lines.map(({ name, at }) => [name, at]));
};

const CARRIED = { references: 1, duplicates: 1, orphans: 1, order: 1 };
const ANEW = { quarantine: 2, metadata: 2, distributions: 2, ledger: 2, balance: 2 };

it('is what lookups, parents and order say of rows that did not change, for a week', async () => {
  const first = await resync(engine, caseStates);
  expect(await looked(first.plan.run)).toEqual({ ...CARRIED, ...ANEW });
  expect(first.headline).toMatchObject({ findings: 0, verdict: 'proven_with_exceptions' });
  // The one that looked counts, and not the one that took its answer over.
  await engine.onTarget(
    `UPDATE carryover.verifications SET started_at = now() - interval '8 days' WHERE verification_id = 1`,
  );
  const second = await resync(engine, caseStates);
  expect(await looked(second.plan.run)).toMatchObject({ references: 3, order: 3, quarantine: 3 });
});

const ANSWER_OTHERWISE = `UPDATE orders SET case_id = (SELECT case_id FROM orders o WHERE o.case_id <> orders.case_id LIMIT 1)
     WHERE instruction_id = (SELECT (metadata ->> 'source_instruction_id')::bigint FROM case_states LIMIT 1)`;

it.each([
  ['a lookup answers otherwise', ANSWER_OTHERWISE],
  [
    'a lookup has one answer more',
    `INSERT INTO orders (id, instruction_id, case_id, order_number)
     SELECT gen_random_uuid(), instruction_id, (SELECT id FROM cases c WHERE c.id <> o.case_id LIMIT 1), 'one more' FROM orders o
     WHERE instruction_id = (SELECT (metadata ->> 'source_instruction_id')::bigint FROM case_states LIMIT 1)`,
  ],
])('is not where %s: the row is found, though nothing of it changed', async (_what, sql) => {
  await engine.onTarget(sql);
  const { plan, taken } = await resync(engine, caseStates);
  expect(taken.keys).toBeGreaterThan(0);
  expect((await looked(plan.run)).references).toBeGreaterThan(1);
});

it('is not where a row of the target is other than it was, or is gone', async () => {
  await engine.onSource(`UPDATE dispatch_state SET notes = 'said otherwise' ORDER BY id LIMIT 1`);
  const changed = await resync(engine, caseStates);
  expect((await looked(changed.plan.run)).order).toBe(3);
  await engine.onTarget('DELETE FROM case_states WHERE legacy_id = (SELECT min(legacy_id) FROM case_states)');
  const deleted = await resync(engine, caseStates);
  expect(await looked(deleted.plan.run)).toMatchObject({ references: 4, duplicates: 4, orphans: 4, order: 4 });
});

it('is nothing that an earlier one found wrong', async () => {
  await engine.onTarget(ANSWER_OTHERWISE);
  const { findings } = await verify(engine, caseStates);
  expect(findings.length).toBeGreaterThan(0);
  const { plan, taken } = await resync(engine, caseStates);
  expect(taken.keys).toBe(findings.length);
  expect((await looked(plan.run)).references).toBeGreaterThan(2);
});

it('is nothing that changed while it was looked at', async () => {
  await engine.onTarget(`UPDATE carryover.verifications SET started_at = now() - interval '8 days'`);
  let asked = 0;
  const interpose = async (point: Point, moment: 'before' | 'after'): Promise<void> => {
    if (point !== 'witness.rows' || moment !== 'before') return;
    asked += 1;
    if (asked === 2) await engine.onTarget(ANSWER_OTHERWISE);
  };
  const held = engine.as(openSource(engine.sourceUrl), openTarget(engine.targetUrl, 4, interpose));
  try {
    const { verification } = await compareRun(held, caseStates, await openRun(held, caseStates, {}, {}, 'changed'));
    expect(
      await engine.onTarget(
        `SELECT name, found::int, witness FROM carryover.verification_checks WHERE verification_id = $1 AND name = 'references'`,
        [verification],
      ),
    ).toEqual([{ name: 'references', found: 0, witness: null }]);
  } finally {
    await Promise.all([held.source.close(), held.target.end()]);
  }
});

it('is nothing of a verification that somebody asks for, nor of another mapping', async () => {
  await verify(engine, caseStates);
  const [line] = await engine.onTarget<{ carried: number }>(
    'SELECT count(carried_from)::int AS carried FROM carryover.verification_checks',
  );
  expect(line).toEqual({ carried: 0 });
  const other = await resync(engine, { ...caseStates, gone: { policy: 'delete' } });
  expect(await looked(other.plan.run)).toMatchObject({ references: 3, order: 3 });
});
