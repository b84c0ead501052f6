/** The fence of a batch: of attempts and owners that overlap, exactly one takes effect, whatever dies. */
import { sourceIdentity } from '../../database/identity';
import { withAttempt } from '../../database/ledger/attempts';
import type { Hands } from '../../database/ledger/attempts';
import { fingerprint } from '../../mappings/fingerprint';
import { loadBatch } from '../../database/target/load';
import { transformRows } from '../../database/target/transform';
import { caseStates } from '../../mappings/case-states';
import type { BatchRef, StagedBatchRef } from '../../shared/messages';
import { cutAll, eventually, never, openRun, refOf, refusal, stageBatch } from '../support/engine';
import type { Engine, Staged } from '../support/engine';
import { addStates, createClinic, forgetStates } from './clinic';

let engine: Engine;
let staged: Staged;
let ref: StagedBatchRef;

beforeAll(async () => {
  engine = await createClinic();
});

beforeEach(async () => {
  await addStates(engine, [{ id: 1 }, { id: 2, status: 12 }, { id: 3, status: 13 }]);
  const plan = await openRun(engine, caseStates);
  await cutAll(engine, caseStates, plan);
  hands = { fingerprint: fingerprint(caseStates), sourceIdentity: await sourceIdentity(engine.source) };
  staged = await stageBatch(engine, caseStates, refOf(plan, 1));
  ref = staged.ref;
});

afterEach(() => forgetStates(engine));
afterAll(() => engine?.drop());

const LOADED = { source: 3, inserted: 2, updated: 0, unchanged: 0, quarantined: 1, excluded: 0 };

const load = (): Promise<object> => engine.ports.steps.load(caseStates, ref, never());
let hands: Hands;
const attempt = <T>(step: string, work: Parameters<typeof withAttempt<T>>[5]): Promise<T> =>
  withAttempt(engine.target, ref, step, never(), hands, work);

/** What a load leaves, wherever it leaves it. */
async function effects(): Promise<object> {
  const [row] = await engine.onTarget(
    `SELECT (SELECT count(*)::int FROM case_states) AS target,
            (SELECT count(*)::int FROM carryover.quarantine_occurrences) AS quarantined,
            (SELECT count(*)::int FROM carryover.inserted_keys) AS keys,
            (SELECT count(*)::int FROM carryover.lookups) AS lookups,
            state, loaded::int AS loaded, pending::int AS pending FROM carryover.batches`,
  );
  return row!;
}

const NOTHING = { target: 0, quarantined: 0, keys: 0, lookups: 0, state: 'running', loaded: 0, pending: 3 };
const ONCE = { target: 2, quarantined: 1, keys: 1, lookups: 2, state: 'loaded', loaded: 2, pending: 0 };

describe('attempts that overlap', () => {
  it('let the older one write nothing once a newer one has drawn its token', async () => {
    const older = attempt('load', async (a) => {
      // As if the server could not end the older backend, so that the token alone stands guard.
      await engine.onTarget('UPDATE carryover.batches SET backend_pid = NULL');
      await attempt('load', () => Promise.resolve());
      return loadBatch(a, caseStates, ref);
    });
    const error = await refusal(older);
    expect(error.type).toBe('Overtaken');
    expect(error.message).toContain('another attempt, which drew its token later');
    expect(await effects()).toEqual(NOTHING);
  });

  it('let the older one change nothing after the newer one has loaded', async () => {
    const older = attempt('load', async (a) => {
      await engine.onTarget('UPDATE carryover.batches SET backend_pid = NULL');
      expect(await load()).toEqual(LOADED);
      return loadBatch(a, caseStates, ref);
    });
    expect((await refusal(older)).type).toBe('Overtaken');
    expect(await effects()).toEqual(ONCE);
  });

  it('end the backend of the older one, in mid-transaction too', async () => {
    const waiting = attempt('load', (a) =>
      a.fenced('load', async () => {
        await a.session.query('load.forgetLookups', 'DELETE FROM carryover.lookups');
        await a.session.query('load.write', `SELECT pg_sleep(60)`);
        return loadBatch(a, caseStates, ref);
      }),
    );
    const outcome = refusal(waiting);
    await eventually('the older attempt in its statement', async () => {
      const found = await engine.onTarget(`SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'`);
      return found.length === 1;
    });
    expect(await load()).toEqual(LOADED);
    expect((await outcome).type).toBe('TargetUnavailable');
    expect(await effects()).toEqual(ONCE);
  });

  it('have one effect when two loads run at once', async () => {
    const outcomes = await Promise.allSettled([load(), load(), load()]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') expect(outcome.value).toEqual(LOADED);
      else expect((outcome.reason as { type: string }).type).toMatch(/^(Overtaken|TargetUnavailable)$/);
    }
    expect(await effects()).toEqual(ONCE);
  });

  it('guard the stage as well: an older transform writes nothing', async () => {
    const older = attempt('transform', async (a) => {
      await engine.onTarget('UPDATE carryover.batches SET backend_pid = NULL');
      await attempt('transform', () => Promise.resolve());
      return transformRows(a, caseStates, ref);
    });
    expect((await refusal(older)).type).toBe('Overtaken');
  });
});

const ownRef = (batch: number): BatchRef => ({ run: ref.run, migration: ref.migration, epoch: ref.epoch, batch });

describe('a load', () => {
  it('that finds its batch loaded returns the recorded result, and writes nothing', async () => {
    expect(await load()).toEqual(LOADED);
    const before = await engine.onTarget('SELECT xmin::text, ctid::text FROM case_states ORDER BY legacy_id');
    expect(await load()).toEqual(LOADED);
    expect(await engine.onTarget('SELECT xmin::text, ctid::text FROM case_states ORDER BY legacy_id')).toEqual(before);
    expect(await effects()).toEqual(ONCE);
    const { loaded, source } = await engine.ports.steps.extract(caseStates, ownRef(1), never());
    expect({ loaded, source }).toEqual({ loaded: true, source: 3 });
  });

  it('that finds its batch validated, and its stage dropped, returns the recorded result as well', async () => {
    await load();
    await engine.ports.steps.validate(caseStates, ref, never());
    expect(await load()).toEqual(LOADED);
  });

  it('that fails half-way leaves nothing', async () => {
    // After the target's rows are written, and where no row is to blame.
    await engine.onTarget('ALTER TABLE carryover.lookups ADD CONSTRAINT none CHECK (rows < 0)');
    const error = await refusal(load());
    await engine.onTarget('ALTER TABLE carryover.lookups DROP CONSTRAINT none');
    expect(error.type).toBe('DatabaseError');
    expect(error.message).toContain('constraint none');
    expect(await effects()).toEqual(NOTHING);
    expect(await load()).toEqual(LOADED);
  });
});

describe('an owner that another has replaced', () => {
  it('can do nothing any more: every step of its epoch is superseded', async () => {
    const taken = await openRun(engine, caseStates, {}, { currentRun: 'after a reset' });
    expect(taken).toMatchObject({ run: ref.run, epoch: 2, resumed: true });
    const { steps, runs } = engine.ports;
    const attempts = [
      () => steps.extract(caseStates, ref, never()),
      () => steps.mapCases(caseStates, ref, never()),
      () => steps.mapActors(caseStates, ref, never()),
      () => steps.transform(caseStates, ref, never()),
      () => steps.load(caseStates, ref, never()),
      () => steps.validate(caseStates, ref, never()),
      () => runs.cut(caseStates, { ...ref, batch: 2 }),
      () => runs.remaining(ref.run, ref.epoch, 10),
      () => runs.finish(ref.run, ref.epoch),
      () => runs.park(ref, 'no'),
      () => runs.hold({ run: ref.run, epoch: ref.epoch, cause: 'no' }),
      () => runs.release(ref.run, ref.epoch),
      () => runs.report(caseStates, ref.run, ref.epoch),
    ];
    for (const each of attempts) expect((await refusal(each())).type).toBe('Superseded');
    expect(await effects()).toEqual(NOTHING);
    expect(await engine.ports.steps.load(caseStates, { ...ref, epoch: 2 }, never())).toEqual(LOADED);
  });
});

describe('the stage', () => {
  const table = (name: string): string => `carryover_stage.b_${ref.run}_1_${ref.stage}_${name}`;
  const { steps } = { steps: ['mapCases', 'mapActors', 'transform', 'load'] as const };

  it.each(steps)('emptied by a crash of the database sends %s back to extract', async (step) => {
    await engine.onTarget(`TRUNCATE ${table('rows')}, ${table('unfit')}, ${table('ref0')}, ${table('ref1')}`);
    expect((await refusal(engine.ports.steps[step](caseStates, ref, never()))).type).toBe('StageLost');
    expect(await effects()).toEqual(NOTHING);
  });

  it.each(steps)('that is gone sends %s back to extract', async (step) => {
    await engine.onTarget(`DROP TABLE ${table('rows')}`);
    expect((await refusal(engine.ports.steps[step](caseStates, ref, never()))).type).toBe('StageLost');
  });

  it.each(['unfit', 'ref0', 'ref1'])('without its table %s sends the load back to extract', async (name) => {
    await engine.onTarget(`DROP TABLE ${table(name)}`);
    expect((await refusal(load())).type).toBe('StageLost');
    expect(await effects()).toEqual(NOTHING);
  });

  it.each([
    ['transform', 'ref0'],
    ['transform', 'ref1'],
    ['load', 'ref0'],
    ['load', 'ref1'],
    ['load', 'unfit'],
  ] as const)('sends %s back to extract where its table %s alone is emptied', async (step, name) => {
    await engine.onTarget(`TRUNCATE ${table(name)}`);
    expect((await refusal(engine.ports.steps[step](caseStates, ref, never()))).type).toBe('StageLost');
    expect(await effects()).toEqual(NOTHING);
  });

  it('of an older extract is not taken for the batch’s own', async () => {
    await engine.ports.steps.extract(caseStates, ref, never());
    expect((await refusal(load())).type).toBe('StageLost');
  });
});

describe('the ledger', () => {
  it('refuses a line that does not add up', async () => {
    await load();
    for (const change of ['inserted = inserted - 1', 'source = source + 1', 'quarantined = 0', 'pending = 1']) {
      await expect(engine.onTarget(`UPDATE carryover.batches SET ${change}`)).rejects.toMatchObject({
        code: '23514',
        constraint: 'batches_balance_closes',
      });
    }
    await expect(engine.onTarget(`UPDATE carryover.batches SET inserted = 0, pending = 2`)).rejects.toMatchObject({
      constraint: 'batches_decided_when_loaded',
    });
  });

  it('refuses a load that lost a staged row on the way, fit or unfit', async () => {
    for (const lost of [1, 3]) {
      await engine.onTarget(`DELETE FROM carryover_stage.b_${ref.run}_1_${ref.stage}_rows WHERE n = ${lost}`);
      await engine.onTarget('UPDATE carryover.batches SET staged = staged - 1');
      const error = await refusal(load());
      expect(error.type).toBe('StageLost');
      expect(error.message).toMatch(/has 3 source rows, but \d staged ones and 0 excluded: its stage is not whole/);
      expect(await effects()).toMatchObject({ target: 0, quarantined: 0, state: 'running' });
    }
  });
});

describe('a worker that has another than the run began with', () => {
  const work = jest.fn(() => Promise.resolve());
  const other = (change: Partial<Hands>) =>
    refusal(withAttempt(engine.target, ref, 'load', never(), { ...hands, ...change }, work));

  it.each([
    ['mapping', { fingerprint: 'other' }],
    ['source server or schema', { sourceIdentity: { server: 'other', schema: 'clinic' } }],
  ])('leaves the batch to another worker: %s', async (what, change) => {
    const error = await other(change);
    expect(error).toMatchObject({ type: 'MappingUnknownHere', retryable: true });
    expect(error.message).toContain(`another ${what} than run`);
    expect(work).not.toHaveBeenCalled();
    expect(await effects()).toEqual(NOTHING);
  });
});

describe('the backend of an attempt that ended', () => {
  it('is forgotten, so that whoever gets its connection next is left alone', async () => {
    await load();
    await load();
    const [row] = await engine.onTarget('SELECT backend_pid FROM carryover.batches');
    expect(row).toEqual({ backend_pid: null });
  });
});
