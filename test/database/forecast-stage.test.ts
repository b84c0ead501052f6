/** What a forecast has of its own, what becomes of it when something dies, and what it says of refusals. */
import { openTarget } from '../../database/target/open-target';
import type { Point } from '../../database/points';
import { caseStates } from '../../mappings/case-states';
import type { Mapping } from '../../mappings/mapping';
import type { ForecastPlan } from '../../shared/forecast';
import { cutAll, eventually, migrate, never, openRun, refOf, refusal, stageBatch } from '../support/engine';
import type { Engine } from '../support/engine';
import { everything } from '../support/everything';
import { forecast, lookAt, planForecast } from '../support/forecast';
import { addStates, createClinic, forgetStates } from './clinic';

let engine: Engine;

beforeAll(async () => {
  engine = await createClinic();
});
afterAll(() => engine?.drop());
afterEach(async () => {
  await engine.onTarget('ALTER TABLE case_states DROP CONSTRAINT IF EXISTS rule');
  for (const table of await stages()) await engine.onTarget(`DROP TABLE carryover_stage.${table}`);
  await forgetStates(engine);
});

const rule = (check: string) => engine.onTarget(`ALTER TABLE case_states ADD CONSTRAINT rule ${check}`);
const fitRows = (count: number) => Array.from({ length: count }, (_, index) => ({ id: index + 1 }));

const stages = async (): Promise<string[]> =>
  (
    await engine.onTarget<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'carryover_stage'::regnamespace ORDER BY 1`,
    )
  ).map(({ name }) => name);

const refTo = ({ forecast: name, migration, basis }: ForecastPlan, batch: number) => ({
  forecast: name,
  migration,
  basis,
  from: batch,
  to: batch,
});

describe('the stage of a forecast', () => {
  it('holds the bounds of its batches, one for each run of a workflow, and goes with it', async () => {
    await addStates(engine, fitRows(25));
    const plan = await planForecast(engine, caseStates, 10, 'one');
    expect(plan).toMatchObject({ batches: 3, rows: 25, batchRows: 10, together: false, earlierRate: null });
    expect(await planForecast(engine, caseStates, 10, 'one')).toEqual(plan);
    expect(await stages()).toEqual([`f_${plan.forecast}_batches`]);
    const other = await planForecast(engine, caseStates, 10, 'other');
    expect(other.forecast).not.toBe(plan.forecast);
    expect(await lookAt(engine, caseStates, plan)).toMatchObject({ batches: 3, inserted: 25 });
    expect(await stages()).toHaveLength(2);
    await engine.ports.forecasts.end(plan.forecast);
    await engine.ports.forecasts.end(other.forecast);
    await engine.ports.forecasts.end(other.forecast);
    expect(await stages()).toEqual([]);
  });

  it('goes on being cut where an attempt at the plan has died', async () => {
    await addStates(engine, fitRows(25));
    let cuts = 0;
    const target = openTarget(engine.targetUrl, 2, (point, moment) => {
      if (point === 'forecast.cut' && moment === 'after' && ++cuts === 2) throw new Error('died');
    });
    await expect(planForecast(engine.as(engine.source, target), caseStates, 10, 'dies')).rejects.toThrow('died');
    await target.end();
    expect(await planForecast(engine, caseStates, 10, 'dies')).toMatchObject({ batches: 3, rows: 25 });
  });

  it('of an empty source has no batches', async () => {
    expect(await forecast(engine, caseStates)).toMatchObject({ batches: 0, source: 0 });
    expect(await stages()).toEqual([]);
  });

  it('that is lost ends the forecast, in words', async () => {
    await addStates(engine, fitRows(3));
    const plan = await planForecast(engine, caseStates, 10);
    await engine.ports.forecasts.end(plan.forecast);
    const error = await refusal(engine.ports.forecasts.batches(caseStates, refTo(plan, 1), never()));
    expect([error.type, error.message]).toEqual(['StageLost', expect.stringContaining('start it anew')]);
    expect((await refusal(engine.ports.forecasts.end('x"; DROP TABLE case_states'))).type).toBe('InputRefused');
  });

  it('is swept by the next start once nobody has looked at it for a day, and not while it is in use', async () => {
    await addStates(engine, fitRows(25));
    const old = await planForecast(engine, caseStates, 10);
    const used = await planForecast(engine, caseStates, 10);
    const held = await planForecast(engine, caseStates, 10);
    for (const { forecast: name } of [old, used, held]) {
      await engine.onTarget(`UPDATE carryover_stage.f_${name}_batches SET looked_at = now() - interval '25 hours'`);
    }
    await engine.ports.forecasts.batches(caseStates, refTo(used, 1), never());
    const session = await engine.pool.connect();
    await session.query(`BEGIN; LOCK TABLE carryover_stage.f_${held.forecast}_batches IN ROW EXCLUSIVE MODE`);
    const last = await planForecast(engine, caseStates, 10);
    expect(await stages()).toEqual([used, held, last].map(({ forecast: name }) => `f_${name}_batches`).sort());
    session.release(true);
    await openRun(engine, caseStates);
    expect(await stages()).toEqual([used, last].map(({ forecast: name }) => `f_${name}_batches`).sort());
  });

  it('is not gone on with by a worker that has another mapping', async () => {
    await addStates(engine, fitRows(3));
    const plan = await planForecast(engine, caseStates, 10);
    const other: Mapping = { ...caseStates, source: { ...caseStates.source, where: 'id > 0' } };
    expect((await refusal(lookAt(engine, other, plan))).type).toBe('MappingUnknownHere');
  });
});

describe('a batch that dies', () => {
  it.each<Point>(['extract.analyze', 'transform.count', 'load.insertFresh', 'forecast.primary', 'forecast.undo'])(
    'leaves nothing, at %s',
    async (place) => {
      await addStates(engine, fitRows(12));
      const plan = await planForecast(engine, caseStates, 50);
      const target = openTarget(engine.targetUrl, 2, async (point, moment) => {
        if (point !== place || moment !== 'before') return;
        await engine.onTarget(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND state = 'idle in transaction'`,
        );
      });
      const before = await everything(engine);
      try {
        const broken = engine.as(engine.source, target);
        const error = await refusal(broken.ports.forecasts.batches(caseStates, refTo(plan, 1), never()));
        expect(error.type).toBe('TargetUnavailable');
      } finally {
        await target.end();
      }
      const stage = `carryover_stage.f_${plan.forecast}_batches`;
      expect({ ...(await everything(engine)), [stage]: '' }).toEqual({ ...before, [stage]: '' });
      expect(await lookAt(engine, caseStates, plan)).toMatchObject({ inserted: 12 });
    },
  );

  it('ends its statement on the server where it is cancelled', async () => {
    await addStates(engine, fitRows(3));
    const plan = await planForecast(engine, caseStates, 50);
    await engine.onTarget(`CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$`);
    await engine.onTarget('CREATE TRIGGER rule BEFORE INSERT ON case_states FOR EACH ROW EXECUTE FUNCTION linger()');
    const before = await everything(engine);
    const stop = new AbortController();
    const target = openTarget(engine.targetUrl, 4, (point, moment) => {
      if (point === 'load.insertFresh' && moment === 'before') setTimeout(() => stop.abort(), 100);
    });
    try {
      const looking = engine.as(engine.source, target).ports.forecasts.batches(caseStates, refTo(plan, 1), stop.signal);
      await expect(looking).rejects.toThrow();
      const stage = `carryover_stage.f_${plan.forecast}_batches`;
      expect({ ...(await everything(engine)), [stage]: '' }).toEqual({ ...before, [stage]: '' });
      const busy = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'INSERT INTO "public"%'
        AND state = 'active'`;
      await eventually('the statement ends', async () => (await engine.onTarget(busy)).length === 0, 5_000);
    } finally {
      await target.end();
      await engine.onTarget('DROP TRIGGER rule ON case_states');
      await engine.onTarget('DROP FUNCTION linger');
    }
  });

  it('is ended by the attempt that takes its place', async () => {
    await addStates(engine, fitRows(3));
    const plan = await planForecast(engine, caseStates, 50);
    let reached: () => void;
    let letGo: () => void;
    const atPoint = new Promise<void>((resolve) => (reached = resolve));
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const target = openTarget(engine.targetUrl, 4, (point, moment) => {
      if (point !== 'forecast.primary' || moment !== 'before') return;
      reached();
      return held;
    });
    try {
      const older = refusal(
        engine.as(engine.source, target).ports.forecasts.batches(caseStates, refTo(plan, 1), never()),
      );
      await atPoint;
      expect(await lookAt(engine, caseStates, plan)).toMatchObject({ inserted: 3 });
      letGo!();
      expect((await older).type).toBe('TargetUnavailable');
    } finally {
      letGo!();
      await target.end();
    }
  });

  it('takes no row for refused or deleted that a run commits while it looks', async () => {
    await addStates(engine, fitRows(30));
    const plan = await planForecast(engine, caseStates, 50);
    // Done once, after a statement of the forecast: between its look at the target and its write.
    const meanwhile: Partial<Record<Point, () => Promise<unknown>>> = {
      'load.isFresh': () => migrate(engine, caseStates),
    };
    const target = openTarget(engine.targetUrl, 4, async (point, moment) => {
      const act = moment === 'after' ? meanwhile[point] : undefined;
      if (act === undefined) return;
      delete meanwhile[point];
      await act();
    });
    try {
      const beside = engine.as(engine.source, target);
      expect(await lookAt(beside, caseStates, plan)).toMatchObject({ unchanged: 30, quarantined: 0, parked: 0 });
      // A row that is new to the target, and a run that loads it after the look.
      await addStates(engine, [{ id: 31 }]);
      await engine.onSource(`UPDATE dispatch_state SET notes = 'anew' WHERE id = 1`);
      meanwhile['load.changes'] = () => migrate(engine, caseStates);
      const again = await planForecast(engine, caseStates, 50);
      expect(await lookAt(beside, caseStates, again)).toMatchObject({ unchanged: 31, deletedInTarget: 0 });
    } finally {
      await target.end();
    }
  });

  it('gives way to whoever holds a key of it, sooner than a deadlock would be looked for', async () => {
    await addStates(engine, fitRows(3));
    const plan = await planForecast(engine, caseStates, 50);
    const session = await engine.pool.connect();
    await session.query(
      `BEGIN; INSERT INTO case_states (id, case_id, state, changed_at, metadata, legacy_id)
       SELECT gen_random_uuid(), id, 'case_closed', now(), '{}', 2 FROM cases LIMIT 1`,
    );
    const began = Date.now();
    expect((await refusal(lookAt(engine, caseStates, plan))).type).toBe('Contention');
    expect(Date.now() - began).toBeLessThan(5_000);
    session.release(true);
  });
});

describe('what the target refuses', () => {
  it('is counted by constraint, and duplicates as such', async () => {
    await addStates(
      engine,
      fitRows(12).map(({ id }) => ({ id, notes: id === 3 || id === 9 ? 'twice' : `n${id}` })),
    );
    await rule('UNIQUE (notes) DEFERRABLE INITIALLY DEFERRED');
    const plan = await planForecast(engine, caseStates, 50);
    expect(plan).toMatchObject({ otherUnique: ['rule'], concurrency: 1 });
    expect(await lookAt(engine, caseStates, plan)).toMatchObject({
      inserted: 11,
      primary: { constraint_rejected: 1 },
      columns: { constraint_rejected: { rule: 1 } },
      duplicates: { rule: 1 },
    });
    // What no two rows of a source share cannot be refused for a row of another batch.
    await engine.onTarget('ALTER TABLE case_states DROP CONSTRAINT rule');
    expect((await planForecast(engine, caseStates, 50)).otherUnique).toEqual([]);
  });

  it('parks a batch where it is more than a few rows, as in the run, and the next one is looked at', async () => {
    await addStates(engine, fitRows(60));
    await rule('CHECK (legacy_id NOT BETWEEN 5 AND 20)');
    const counts = await forecast(engine, caseStates, 40);
    expect(counts).toMatchObject({ source: 60, inserted: 20, quarantined: 0, parked: 40, parkedBatches: 1 });
    const plan = await openRun(engine, caseStates, { batchRows: 40 });
    await cutAll(engine, caseStates, plan);
    const { ref } = await stageBatch(engine, caseStates, refOf(plan, 1));
    const error = await refusal(engine.ports.steps.load(caseStates, ref, never()));
    expect(counts.causes).toEqual([error.message]);
  });
});

it('counts clocks that were twice, and codes that the mapping gives a value for', async () => {
  await addStates(engine, [
    { created_at: '2024-10-27 02:30:00' },
    { created_at: '2024-10-27 03:00:00' },
    { status: 99 },
    { status: 11 },
  ]);
  const columns = caseStates.columns.map((column) =>
    column.convert.kind === 'code'
      ? { ...column, convert: { ...column.convert, unknown: { value: 'intake' } } }
      : column,
  );
  expect(await forecast(engine, { ...caseStates, columns })).toMatchObject({
    inserted: 4,
    quarantined: 0,
    folds: { created_at: 1 },
    unknownCodes: { status: 1 },
  });
});
