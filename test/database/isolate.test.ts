/** Rows that the target refuses unforeseen: found by halving, a few of them set aside, more stop the load. */
import { isolationLimit } from '../../database/target/isolate';
import { openTarget } from '../../database/target/open-target';
import { caseStates } from '../../mappings/case-states';
import type { RunPlan, StagedBatchRef } from '../../shared/messages';
import { cutAll, migrate, never, openRun, refOf, refusal, retryBatches, stageBatch } from '../support/engine';
import type { Engine } from '../support/engine';
import { addStates, createClinic, forgetStates } from './clinic';

let engine: Engine;
let plan: RunPlan;
let ref: StagedBatchRef;

beforeAll(async () => {
  engine = await createClinic();
});
afterAll(() => engine?.drop());
afterEach(async () => {
  await engine.onTarget('ALTER TABLE case_states DROP CONSTRAINT IF EXISTS rule');
  await engine.onTarget('DROP TRIGGER IF EXISTS rule ON case_states');
  await forgetStates(engine);
});

/** Rows that are fit, with ids from 1. */
const fitRows = (count: number) => Array.from({ length: count }, (_, index) => ({ id: index + 1 }));

async function staged(count: number): Promise<void> {
  await addStates(engine, fitRows(count));
  plan = await openRun(engine, caseStates);
  await cutAll(engine, caseStates, plan);
  ref = (await stageBatch(engine, caseStates, refOf(plan, 1))).ref;
}

const load = () => engine.ports.steps.load(caseStates, ref, never());
const rule = (check: string, more = '') =>
  engine.onTarget(`ALTER TABLE case_states ADD CONSTRAINT rule ${check} ${more}`);

/** A trigger that raises for some rows, as a person's own rule would. */
const trigger = async (when: string): Promise<void> => {
  await engine.onTarget(`CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF ${when} THEN RAISE EXCEPTION 'secret %', NEW.legacy_id; END IF; RETURN NEW; END $$`);
  await engine.onTarget(
    'CREATE TRIGGER rule BEFORE INSERT OR UPDATE ON case_states FOR EACH ROW EXECUTE FUNCTION refuse()',
  );
};

async function quarantined(): Promise<{ key: number; reason: string; columns: string[] }[]> {
  return engine.onTarget(`SELECT legacy_key::int AS key, reason, columns FROM carryover.quarantine
    WHERE state = 'open' ORDER BY legacy_key::int`);
}

const inTarget = async (): Promise<number[]> =>
  (await engine.onTarget<{ id: string }>('SELECT legacy_id AS id FROM case_states ORDER BY legacy_id')).map(({ id }) =>
    Number(id),
  );

const without = (count: number, ...gone: number[]): number[] =>
  fitRows(count)
    .map(({ id }) => id)
    .filter((id) => !gone.includes(id));

describe('the limit of isolated rows', () => {
  it.each([
    [0, 10],
    [999, 10],
    [1_099, 10],
    [1_100, 11],
    [9_999, 99],
    [10_000, 100],
    [1_000_000, 100],
  ])('of %i rows is %i', (rows, limit) => expect(isolationLimit(rows)).toBe(limit));
});

describe('a few rows that the target refuses', () => {
  it.each([
    ['the first', [1]],
    ['the last', [40]],
    ['neighbours', [7, 8, 9]],
    ['some here and there, up to the limit', [1, 2, 5, 11, 17, 20, 21, 33, 39, 40]],
  ])('are set aside, all others are loaded: %s', async (_what, refused) => {
    await staged(40);
    await rule(`CHECK (legacy_id NOT IN (${refused.join(', ')}))`);
    expect(await load()).toEqual({
      source: 40,
      inserted: 40 - refused.length,
      updated: 0,
      unchanged: 0,
      quarantined: refused.length,
      excluded: 0,
    });
    expect(await quarantined()).toEqual(
      refused.map((key) => ({ key, reason: 'constraint_rejected', columns: ['rule'] })),
    );
    expect(await inTarget()).toEqual(without(40, ...refused));
    const [keys] = await engine.onTarget<{ keys: string[] }>('SELECT legacy_keys AS keys FROM carryover.inserted_keys');
    expect(keys!.keys.map(Number).sort((a, b) => a - b)).toEqual(without(40, ...refused));
    expect(await engine.ports.steps.validate(caseStates, refOf(plan, 1), never())).toEqual({
      compared: 40,
      differences: 0,
    });
  });

  it('are named by the SQLSTATE where a trigger refuses them, and never by its words', async () => {
    await staged(12);
    await trigger('NEW.legacy_id = 5');
    expect(await load()).toMatchObject({ inserted: 11, quarantined: 1 });
    expect(await quarantined()).toEqual([{ key: 5, reason: 'constraint_rejected', columns: ['SQLSTATE P0001'] }]);
  });

  it('are found under a deferred constraint too, and where two rows cannot stand side by side', async () => {
    await staged(20);
    await rule('UNIQUE (notes)', 'DEFERRABLE INITIALLY DEFERRED');
    await engine.onSource(`UPDATE dispatch_state SET notes = IF(id IN (3, 18), 'twice', concat('n', id))`);
    ref = (await stageBatch(engine, caseStates, refOf(plan, 1))).ref;
    expect(await load()).toMatchObject({ inserted: 19, quarantined: 1 });
    expect((await quarantined()).map(({ key }) => key)).toEqual([18]);
  });

  it('are set aside from an update as well: the row stays as it was, without an image', async () => {
    await addStates(engine, fitRows(12));
    await migrate(engine, caseStates);
    await engine.onSource(`UPDATE dispatch_state SET notes = concat('new ', id)`);
    await rule(`CHECK (notes IS DISTINCT FROM 'new 4')`);
    const { batches, headline } = await migrate(engine, caseStates);
    expect(batches[0]!.load).toMatchObject({ inserted: 0, updated: 11, quarantined: 1 });
    expect((await quarantined()).map(({ key }) => key)).toEqual([4]);
    const images = await engine.onTarget<{ key: string }>('SELECT legacy_key AS key FROM carryover.before_images');
    expect(images.map(({ key }) => Number(key)).sort((a, b) => a - b)).toEqual(without(12, 4));
    // It is in the target as an earlier run loaded it: that is told of, and not passed over.
    expect(headline).toMatchObject({ quarantined: 1, verdict: 'not_proven' });
  });

  it('come over with the next run, once the rule is gone', async () => {
    await addStates(engine, fitRows(12));
    await rule('CHECK (legacy_id <> 4)');
    expect((await migrate(engine, caseStates)).headline).toMatchObject({
      loaded: 11,
      quarantined: 1,
      verdict: 'proven_with_exceptions',
    });
    await engine.onTarget('ALTER TABLE case_states DROP CONSTRAINT rule');
    expect((await migrate(engine, caseStates)).headline).toMatchObject({
      loaded: 12,
      quarantined: 0,
      verdict: 'proven',
    });
    expect(await quarantined()).toEqual([]);
  });
});

describe('more than a few rows that the target refuses', () => {
  const nothing = async (): Promise<void> => {
    expect(await inTarget()).toEqual([]);
    expect(await quarantined()).toEqual([]);
    const [batch] = await engine.onTarget('SELECT state, pending::int AS pending FROM carryover.batches');
    expect(batch).toEqual({ state: 'running', pending: 40 });
  };

  it('stop the load, which leaves nothing', async () => {
    await staged(40);
    await rule('CHECK (legacy_id > 11)');
    const error = await refusal(load());
    expect(error).toMatchObject({ type: 'RowsRefused', retryable: false });
    expect(error.message).toMatch(/more than 10 of the batch's 40 rows.*SQLSTATE 23514.*constraint rule/);
    await nothing();
  });

  it('do so where a trigger refuses every row, without its words', async () => {
    await staged(40);
    await trigger('true');
    const error = await refusal(load());
    expect(error.type).toBe('RowsRefused');
    expect(error.message).not.toContain('secret');
    await nothing();
    await engine.onTarget('DROP TRIGGER rule ON case_states');
    await engine.ports.runs.park(refOf(plan, 1), error.message);
    await retryBatches(engine, plan, [1]);
    ref = (await stageBatch(engine, caseStates, refOf(plan, 1))).ref;
    expect(await load()).toMatchObject({ inserted: 40, quarantined: 0 });
  });
});

describe('what is no matter of a row', () => {
  it('sets none aside: a missing right, a lock that is not given', async () => {
    await staged(12);
    await engine.onTarget(`CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'no' USING ERRCODE = TG_ARGV[0]; END $$`);
    for (const [code, type] of [
      ['42501', 'PrivilegeMissing'],
      ['55P03', 'Contention'],
      ['53100', 'ResourcesExhausted'],
    ] as const) {
      await engine.onTarget(`CREATE OR REPLACE TRIGGER rule BEFORE INSERT ON case_states
        FOR EACH ROW WHEN (NEW.legacy_id = 5) EXECUTE FUNCTION refuse('${code}')`);
      expect((await refusal(load())).type).toBe(type);
      expect(await inTarget()).toEqual([]);
      expect(await quarantined()).toEqual([]);
    }
  });
});

describe('a stage that is emptied between the look at it and the load', () => {
  it.each([
    ['all of it', ''],
    ['one row', 'WHERE n = 3'],
  ])('cannot be taken for rows that are unchanged: %s', async (_what, where) => {
    await staged(12);
    const target = openTarget(engine.targetUrl, 2, async (point, moment) => {
      if (point !== 'load.begin' || moment !== 'before') return;
      await engine.onTarget(`DELETE FROM carryover_stage.b_${ref.run}_1_${ref.stage}_rows ${where}`);
    });
    try {
      const error = await refusal(engine.as(engine.source, target).ports.steps.load(caseStates, ref, never()));
      expect(error.type).toBe('StageLost');
      expect(await inTarget()).toEqual([]);
    } finally {
      await target.end();
    }
  });
});
