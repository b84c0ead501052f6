/** Starts at the same moment, and loads that are under way when their run changes its owner. */
import { sourceIdentity } from '../../database/identity';
import { withAttempt } from '../../database/ledger/attempts';
import { loadBatch as loadRows } from '../../database/target/load';
import { caseStates } from '../../mappings/case-states';
import { fingerprint } from '../../mappings/fingerprint';
import { cutAll, eventually, loadBatch, never, refOf, refusal, stageBatch } from '../support/engine';
import { A, B, createStarts } from './starts-fixture';
import type { Starts } from './starts-fixture';

let s: Starts;

beforeAll(async () => {
  s = await createStarts();
});

beforeEach(() => s.begin());
afterEach(() => s.forget());
afterAll(() => s?.engine.drop());

describe('starts at the same moment', () => {
  it('become one run, each time; the others meet its owner', async () => {
    for (let round = 1; round <= 25; round += 1) {
      const contenders = Array.from({ length: 4 }, (_, n) => ({
        ...A,
        workflow: `w${n}`,
        firstRun: `${round}-${n}`,
        currentRun: `${round}-${n}`,
      }));
      for (const { workflow, firstRun } of contenders) s.temporal.running.add(`${workflow} ${firstRun}`);
      const outcomes = await Promise.allSettled(contenders.map((each) => s.start(each)));
      const won = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      const lost = outcomes.flatMap((each) => (each.status === 'rejected' ? [(each.reason as Error).name] : []));
      expect(won).toHaveLength(1);
      expect(lost).toEqual(['AlreadyRunning', 'AlreadyRunning', 'AlreadyRunning']);
      const open = (await s.runs()).filter(({ state }) => state === 'open');
      expect(open.map(({ run }) => run)).toEqual([won[0]!.run]);
      await s.engine.onTarget(`UPDATE carryover.runs SET state = 'finished', verdict = 'proven', finished_at = now()
        WHERE state = 'open'`);
    }
    expect(await s.runs()).toHaveLength(25);
  });

  it('over a run without owner: one takes it, the others meet that one', async () => {
    const first = await s.start(A);
    const contenders = [1, 2, 3, 4].map((n) => ({ ...A, workflow: `w${n}`, firstRun: `f${n}`, currentRun: `f${n}` }));
    for (const { workflow, firstRun } of contenders) s.temporal.running.add(`${workflow} ${firstRun}`);
    const outcomes = await Promise.allSettled(contenders.map((each) => s.start(each)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await s.runs())[0]).toMatchObject({ run: first.run, epoch: 2 });
  });
});

describe('a load that is under way when its run is taken over', () => {
  it('is ended, and cannot commit', async () => {
    const plan = await s.start(A);
    await cutAll(s.engine, caseStates, plan);
    const { ref } = await stageBatch(s.engine, caseStates, refOf(plan, 1));
    await s.engine.onTarget(`
CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(120); RETURN NULL; END $$;
CREATE TRIGGER stall AFTER INSERT ON case_states FOR EACH STATEMENT EXECUTE FUNCTION stall()`);
    try {
      const late = refusal(s.engine.ports.steps.load(caseStates, ref, never()));
      await eventually('a load in its insert', async () => {
        const found = await s.engine.onTarget(`SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'
          AND datname = current_database()`);
        return found.length === 1;
      });
      const taken = await s.start(B);
      expect((await late).type).toBe('TargetUnavailable');
      expect(await s.engine.onTarget('SELECT 1 FROM case_states')).toEqual([]);
      expect((await refusal(s.engine.ports.steps.load(caseStates, ref, never()))).type).toBe('Superseded');
      await s.engine.onTarget('DROP TRIGGER stall ON case_states');
      expect((await loadBatch(s.engine, caseStates, refOf(taken, 1))).load.inserted).toBe(4);
    } finally {
      await s.engine.onTarget('DROP FUNCTION stall CASCADE');
    }
  });

  it('cannot commit either where its session could not be ended: the line is locked, and has another epoch', async () => {
    const plan = await s.start(A);
    await cutAll(s.engine, caseStates, plan);
    const { ref } = await stageBatch(s.engine, caseStates, refOf(plan, 1));
    const hands = { fingerprint: fingerprint(caseStates), sourceIdentity: await sourceIdentity(s.engine.source) };
    const late = withAttempt(s.engine.target, ref, 'load', never(), hands, async (attempt) => {
      await s.engine.onTarget('UPDATE carryover.batches SET backend_pid = NULL');
      await s.start(B);
      return loadRows(attempt, caseStates, ref);
    });
    expect((await refusal(late)).type).toBe('Superseded');
    expect(await s.engine.onTarget('SELECT 1 FROM case_states')).toEqual([]);
  });

  it('that holds the line and could not be ended is waited for, and counts', async () => {
    const plan = await s.start(A);
    await cutAll(s.engine, caseStates, plan);
    const hands = { fingerprint: fingerprint(caseStates), sourceIdentity: await sourceIdentity(s.engine.source) };
    let isTaken = false;
    let taken = Promise.resolve(plan);
    await withAttempt(s.engine.target, refOf(plan, 1), 'load', never(), hands, async (attempt) => {
      await s.engine.onTarget('UPDATE carryover.batches SET backend_pid = NULL');
      await attempt.fenced('load', async () => {
        taken = s.start(B).finally(() => (isTaken = true));
        await eventually('a start that waits for the line', async () => {
          const found = await s.engine.onTarget(`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'
            AND query LIKE 'SELECT FROM carryover.runs%FOR UPDATE' AND datname = current_database()`);
          return found.length === 1;
        });
        expect(isTaken).toBe(false);
      });
    });
    expect((await taken).epoch).toBe(2);
  });
});
