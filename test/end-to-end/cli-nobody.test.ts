/** Verbs and status where somebody is away: no worker, a database that is busy, no Temporal, no such run. */
import { randomUUID } from 'node:crypto';
import { createEngine, eventually } from '../support/engine';
import type { Engine } from '../support/engine';
import { connectTemporal, startWorker } from '../support/worker';
import type { MigrateHandle, RunningWorker, TemporalClient } from '../support/worker';
import { carryover, testSettings } from './cli-run';
import type { Said } from './cli-run';

let engine: Engine;
let temporal: TemporalClient;
let worker: RunningWorker;
let handle: MigrateHandle;
let settings: NodeJS.ProcessEnv;

beforeAll(async () => {
  [engine, temporal] = await Promise.all([createEngine({ sample: { rows: 500 } }), connectTemporal()]);
  worker = await startWorker(engine, temporal);
  settings = testSettings({
    CARRYOVER_SOURCE_URL: engine.sourceUrl,
    CARRYOVER_TARGET_URL: engine.targetUrl,
    CARRYOVER_TASK_QUEUE: worker.taskQueue,
  });
  await engine.onTarget(`
CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'poisoned'; END $$;
CREATE TRIGGER poison BEFORE INSERT ON public.case_states FOR EACH ROW EXECUTE FUNCTION poison()`);
  handle = await temporal.start(worker.taskQueue, { migration: 'case-states' });
  await eventually('its batch is parked', async () => {
    const parked = await engine.onTarget(`SELECT FROM carryover.batches WHERE state = 'parked'`);
    return parked.length === 1;
  });
});

afterAll(async () => {
  await handle?.terminate('the test is over');
  await worker?.stop();
  await temporal?.close();
  await engine?.drop();
});

const say = (...args: string[]): Promise<Said> => carryover(args, settings);

describe('a decision', () => {
  it.each([
    [['pause', '7'], 'The ledger holds no run 7; `carryover status` lists the latest.'],
    [['pause', 'messages'], 'The ledger holds no run of messages: it has never run.'],
    [['audit', '7'], 'The ledger holds no run 7; `carryover status` lists the latest.'],
    [['batches', '7'], 'The ledger holds no run 7; `carryover status` lists the latest.'],
    [['abandon', '7', '--reason', 'x'], 'the ledger knows no run 7; `carryover status` lists the latest'],
  ])('about a run that there is not is refused: %j', async (args, words) => {
    const said = await say(...args);
    expect([said.code, said.err]).toEqual([1, `${words}\n`]);
  });

  it.each([
    [['pause', 'nope'], /There is no migration "nope"; known migrations: case-states, messages/],
    [['pause'], /name the run by its number or its migration, or its workflow by --workflow-id/],
    [['retry-batch', '1'], /name the batches: --batch <n...> or --all/],
    [['retry-batch', '1', '--all', '--batch', '3'], /--all stands alone/],
    [['retry-batch', '1', '--batch', 'three'], /A batch is named by its number/],
    [['skip-batch', '1', '--batch', '1'], /"reason" is missing/],
    [['set-concurrency', '1'], /give the number of batches in flight/],
    [['set-concurrency', '1', '9'], /"concurrency" must be a whole number from 1 to 8, and is 9/],
    [['resume', '1', '--max-quarantine', '20%'], /"maxQuarantine" must be a number from 0 to 1/],
    [['pause', '1', '--reason', ' '], /"reason" must be a text/],
    [['abandon', '1'], /No run was abandoned:\n {2}- "reason" is missing/],
    [['abandon', 'case-states', '--reason', 'x'], /A run is named by its number/],
    [['batches', '1', '--state', 'stuck'], /There is no state "stuck"; the states are planned, /],
    [['status', '--watch', 'case-states'], /name the run before --watch/],
    [['start', 'case-states', '--on-change', 'maybe'], /"onChange" must be "refuse" or "restart"/],
  ])('that cannot be one is refused before anybody is asked: %j', async (args, words) => {
    const said = await carryover(args, { ...settings, TEMPORAL_ADDRESS: '127.0.0.1:1' });
    expect([said.code, said.err]).toEqual([1, expect.stringMatching(words)]);
  });

  it('names all problems at once', async () => {
    const said = await say('skip-batch', '--by', ' ');
    expect(said.err).toMatch(
      /^Nothing was sent:\n {2}- name the run .*\n {2}- name the batches.*\n {2}- "by" must.*\n {2}- "reason"/,
    );
  });

  it('finds no worker: said within seconds, and nothing is sent', async () => {
    const lonely = await temporal.start(`lonely-${randomUUID()}`, { migration: 'case-states' });
    try {
      const began = Date.now();
      const said = await say('pause', '--workflow-id', lonely.workflowId);
      expect([said.code, said.err]).toEqual([3, expect.stringMatching(/^No worker polls the task queue "lonely-.*nothing was sent.*npm run worker/)]); // prettier-ignore
      expect(Date.now() - began).toBeLessThan(8_000);
    } finally {
      await lonely.terminate('the test is over');
    }
    const over = await say('pause', '--workflow-id', lonely.workflowId);
    expect([over.code, over.err]).toEqual([
      1,
      expect.stringMatching(/is over \(terminated\): nobody can take the decision/),
    ]);
    const none = await say('pause', '--workflow-id', 'no-such-workflow');
    expect([none.code, none.err]).toEqual([1, expect.stringMatching(/knows no workflow "no-such-workflow"/)]);
  });

  it('goes to a workflow by its id where the target is away', async () => {
    const away = { ...settings, CARRYOVER_TARGET_URL: 'postgres://nobody@127.0.0.1:1/none' };
    expect((await carryover(['set-concurrency', '1', '3'], away)).code).toBe(3);
    const said = await carryover(['set-concurrency', '--workflow-id', handle.workflowId, '3'], away);
    expect([said.code, said.out]).toEqual([0, `${handle.workflowId}: 3 batches in flight at most, 2 until now\n`]);
  });

  it('that is accepted and not carried out yet is told so, and takes effect once the ledger answers', async () => {
    const lock = await engine.pool.connect();
    try {
      await lock.query('BEGIN; LOCK TABLE carryover.audit IN ACCESS EXCLUSIVE MODE');
      const said = await say('pause', '1', '--reason', 'slowly');
      expect(said.code).toBe(3);
      expect(said.err).toMatch(/^The decision is accepted, but not carried out yet: .* no need to say it again/);
    } finally {
      lock.release(true);
    }
    await eventually('it is recorded', async () => (await say('audit', '1')).out.includes('slowly'));
    expect((await say('resume', '1')).code).toBe(0);
  }, 90_000);
});

describe('status', () => {
  it('does without Temporal, and says that it could not ask', async () => {
    const began = Date.now();
    const said = await carryover(['status', '1'], { ...settings, TEMPORAL_ADDRESS: '127.0.0.1:1' });
    expect(Date.now() - began).toBeLessThan(8_000);
    expect(said.code).toBe(1); // its batch is parked
    expect(said.out).toMatch(/owner {5}not known: Temporal at 127.0.0.1:1 does not answer; by the ledger alone/);
  });

  it('cannot tell of an owner on another Temporal, and names the way on', async () => {
    await engine.onTarget(`UPDATE carryover.runs SET owner_cluster = 'another'`);
    try {
      const said = await say('status', '1');
      expect([said.code, said.out]).toEqual([1, expect.stringMatching(/of another Temporal than the one asked .*\n.*carryover start case-states --take-over/)]); // prettier-ignore
      const refused = await say('pause', '1');
      expect([refused.code, refused.err]).toEqual([1, expect.stringMatching(/of another Temporal than this one/)]);
    } finally {
      await engine.onTarget(`UPDATE carryover.runs SET owner_cluster = $1`, [await clusterId()]);
    }
  });

  it('tells of starts by a schedule that were missed, until one is taken', async () => {
    const start = (outcome: string): Promise<unknown> =>
      engine.onTarget(
        `INSERT INTO carryover.starts (migration, workflow, workflow_run, schedule, outcome, cause)
         VALUES ('messages', 'w', $1, 'nightly', $2, 'run 5 is open')`,
        [randomUUID(), outcome],
      );
    await engine.onTarget(
      `INSERT INTO carryover.runs (migration, mode, state, fingerprint, input, batch_rows, concurrency, estimated_rows,
         target_rows_before, owner_cluster, owner_namespace, owner_workflow, owner_first_run, owner_current_run,
         source_identity, target_identity, finished_at, verdict)
       VALUES ('messages', 'full', 'finished', 'f', '{}', 1, 1, 0, 0, 'c', 'n', 'w', 'r', 'r', '{}', '{}', now(), 'proven')`,
    );
    expect((await say('status', 'messages')).code).toBe(0);
    await start('missed');
    await start('missed');
    const said = await say('status', 'messages');
    expect([said.code, said.out]).toEqual([
      1,
      expect.stringMatching(/! last missed start: \S+Z by schedule nightly, 2 since one was taken: run 5 is open\n/),
    ]);
    await start('opened');
    expect((await say('status', 'messages')).code).toBe(0);
  });

  it('is watched where there is no terminal: a line when something changes, until it is interrupted', async () => {
    const interrupt = new AbortController();
    const watching = carryover(['status', 'case-states', '--watch', '0.5'], settings, interrupt.signal);
    await say('pause', '1', '--reason', 'to be seen');
    setTimeout(() => interrupt.abort(), 4_000);
    const said = await watching;
    expect(said.code).toBe(130);
    const lines = said.out.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^\S+Z case-states run 1 open; 0 of 500 rows loaded, 0 quarantined; batches: 1 parked; /);
    expect(lines.at(-1)).toMatch(/; Paused since \S+: to be seen; 1 parked batch/);
    expect(lines.length).toBeLessThanOrEqual(2);
    expect((await say('resume', '1')).code).toBe(0);
  });

  it('ends its watch of a named run that is over by that run’s code', async () => {
    const said = await say('status', 'messages', '--watch', '0.5', '--json');
    expect(said.code).toBe(0);
    expect(said.json()).toMatchObject({ migration: 'messages', verdict: 'proven' });
  });
});

describe('start --wait', () => {
  it('shows a pause and a parked batch once each, with the command that helps', async () => {
    await say('pause', '1', '--reason', 'a brake: more than maxParked');
    await handle.terminate('for another owner');
    const interrupt = new AbortController();
    const waiting = carryover(
      ['start', 'case-states', '--wait', '--workflow-id', handle.workflowId],
      settings,
      interrupt.signal,
    );
    await eventually('it goes on', async () => (await say('pause', '1', '--reason', 'maxParked')).code === 0);
    setTimeout(() => interrupt.abort(), 3_000);
    const said = await waiting;
    expect(said.code).toBe(130);
    expect(said.err.match(/^Goes on with run 1 of case-states/gm)).toHaveLength(1);
    expect(said.err.match(/^Batch 1 is parked: .*\n {2}mend the cause, then: carryover retry-batch 1 --batch 1$/gm)).toHaveLength(1); // prettier-ignore
    expect(said.err.match(/^Paused: maxParked\n {2}to go on: carryover resume 1, with --max-parked <n>/gm)).toHaveLength(1); // prettier-ignore
    handle = temporal.client.workflow.getHandle(handle.workflowId) as MigrateHandle;
  }, 60_000);
});

async function clusterId(): Promise<string> {
  return (await temporal.client.connection.workflowService.getClusterInfo({})).clusterId;
}
