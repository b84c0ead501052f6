/** Verification finds what is not alike on both sides, row by row, whatever the pipeline believes. */
import { caseStates } from '../../mappings/case-states';
import { messages } from '../../mappings/messages';
import { carryBatch, createEngine, cutAll, migrate, openRun, refOf } from '../support/engine';
import type { Engine } from '../support/engine';
import { verify } from '../support/verification';
import { FORGE } from './plantings';

let engine: Engine;

beforeAll(async () => {
  engine = await createEngine({ sample: { rows: 400, dirty: true } });
  await migrate(engine, caseStates, 90);
  await migrate(engine, messages, 90);
});
afterAll(() => engine?.drop());

describe('a target that nobody touched', () => {
  it.each([
    ['case-states', caseStates, 'proven_with_exceptions'],
    ['messages', messages, 'proven_with_exceptions'],
  ])('is proven: %s', async (_name, mapping, verdict) => {
    const found = await verify(engine, mapping, true);
    expect(found).toMatchObject({ verdict, findings: [], faults: {}, read: 0, defects: 0, moved: 0, notVerified: 0 });
    expect(found.source).toBeGreaterThan(150);
    expect(found.source).toBe(found.loaded + found.quarantined + found.excluded);
  });
});

describe('a source that is written to', () => {
  let live: Engine;
  beforeAll(async () => {
    live = await createEngine({ sample: { rows: 300 } });
    await migrate(live, caseStates, 90);
  });
  afterAll(() => live?.drop());

  const key = async (order: string): Promise<string> => {
    const [row] = await live.onTarget<{ key: string }>(
      `SELECT legacy_id::text AS key FROM case_states ORDER BY legacy_id ${order} LIMIT 1`,
    );
    return row!.key;
  };

  it('has moved since: proven as of then, and not proven where it is to be final', async () => {
    const [first, last] = [await key('ASC'), await key('DESC')];
    await live.onSource('UPDATE dispatch_state SET notes = ? WHERE id = ?', ['anew', first]);
    await live.onSource('DELETE FROM dispatch_state WHERE id = ?', [last]);
    await live.onSource(
      'INSERT INTO dispatch_state (id, instruction_id, status, `on`, actor_id, created_at) ' +
        'SELECT 4000000001, instruction_id, status, `on`, actor_id, created_at FROM dispatch_state WHERE id = ?',
      [first],
    );
    const expected = [
      { kind: 'moved', key: first, columns: ['notes'] },
      { kind: 'gone', key: last, columns: [] },
      { kind: 'new', key: '4000000001', columns: [] },
    ];
    const found = await verify(live, caseStates);
    expect(found).toMatchObject({ verdict: 'proven_with_exceptions', defects: 0, moved: 3, faults: {} });
    expect(found.findings).toHaveLength(3);
    expect(found.findings).toEqual(expect.arrayContaining(expected));
    expect(await verify(live, caseStates, true)).toMatchObject({ verdict: 'not_proven', defects: 0, moved: 3 });
  });
});

describe('a row that has moved', () => {
  it('is told of also where something is wrong with it', async () => {
    const [row] = await engine.onTarget<{ key: string }>(
      'SELECT legacy_id::text AS key FROM case_states ORDER BY legacy_id OFFSET 9 LIMIT 1',
    );
    const { key } = row!;
    const [before] = await engine.onSource('SELECT notes FROM dispatch_state WHERE id = ?', [key]);
    await engine.onTarget(FORGE);
    const [state] = await engine.onTarget<{ id: string }>(
      'SELECT case_id AS id FROM case_states WHERE legacy_id = $1',
      [key],
    );
    try {
      await engine.onSource('UPDATE dispatch_state SET notes = ? WHERE id = ?', ['moved on', key]);
      await engine.onTarget(
        `UPDATE case_states SET case_id = (SELECT id FROM cases WHERE id <> case_id LIMIT 1) WHERE legacy_id = ${key}`,
      );
      await engine.onTarget(`SELECT forge(${key})`);
      const found = await verify(engine, caseStates);
      expect(found.findings.map(({ kind, key: told }) => [kind, told])).toEqual([
        ['moved', key],
        ['stale', key],
      ]);
      expect(found).toMatchObject({ verdict: 'not_proven', defects: 1, moved: 1 });
    } finally {
      await engine.onSource('UPDATE dispatch_state SET notes = ? WHERE id = ?', [before!.notes, key]);
      await engine.onTarget('UPDATE case_states SET case_id = $1 WHERE legacy_id = $2', [state!.id, key]);
      await engine.onTarget(`SELECT forge(${key})`);
    }
  });
});

describe('a ledger that was edited', () => {
  it.each([
    ['loaded', `inserted = inserted - 1, excluded = excluded + 1`],
    ['quarantined', `quarantined = quarantined + 1, inserted = inserted - 1`],
  ])('is found by the rows that are there: %s', async (_what, edit) => {
    await engine.onTarget(`UPDATE carryover.batches SET ${edit} WHERE run_id = 1 AND batch = 2`);
    try {
      const found = await verify(engine, caseStates, true);
      expect(found).toMatchObject({ verdict: 'not_proven', findings: [] });
      expect(found.faults.ledger).toBeGreaterThan(0);
    } finally {
      const undo = edit.replaceAll(' - ', ' % ').replaceAll(' + ', ' - ').replaceAll(' % ', ' + ');
      await engine.onTarget(`UPDATE carryover.batches SET ${undo} WHERE run_id = 1 AND batch = 2`);
    }
  });
});

describe('a run that is not whole', () => {
  let half: Engine;
  beforeAll(async () => {
    half = await createEngine({ sample: { rows: 300 } });
  });
  afterAll(() => half?.drop());

  it('has its rows pending, those of a skipped batch excluded, and says what is wrong with those that are there', async () => {
    const plan = await openRun(half, caseStates, { batchRows: 60 });
    const rows = await cutAll(half, caseStates, plan);
    for (const batch of [1, 3, 5]) await carryBatch(half, caseStates, refOf(plan, batch));
    await half.ports.runs.park(refOf(plan, 2), 'no room');
    await half.ports.runs.decide(
      {
        run: plan.run,
        migration: plan.migration,
        epoch: plan.epoch,
        verb: 'skipBatch',
        update: 'u',
        batches: [2],
        reason: 'not wanted',
      },
      { workflow: 'test', workflowRun: 'first' },
    );
    const found = await verify(half, caseStates, true);
    expect(rows).toEqual([60, 60, 60, 60, 60]);
    expect(found).toMatchObject({
      verdict: 'not_proven',
      findings: [],
      faults: {},
      source: 300,
      excluded: 60,
      pending: 60,
    });
    expect(found.loaded + found.quarantined).toBe(180);
  });
});

it('refuses what was never migrated', async () => {
  const fresh = await createEngine({ sample: { rows: 20 } });
  try {
    await expect(verify(fresh, messages)).rejects.toMatchObject({ type: 'InputRefused' });
  } finally {
    await fresh.drop();
  }
});
