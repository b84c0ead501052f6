/** The operator's verbs from the command line, against a run whose first batch a trigger of the target refuses. */
import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { createEngine, eventually } from '../support/engine';
import type { Engine } from '../support/engine';
import { connectTemporal, startWorker } from '../support/worker';
import type { RunningWorker, TemporalClient } from '../support/worker';
import { carryover, testSettings } from './cli-run';
import type { Said } from './cli-run';

const ROWS = 1_200;
const BATCH_ROWS = 400;

let engine: Engine;
let temporal: TemporalClient;
let worker: RunningWorker;
let settings: NodeJS.ProcessEnv;
/** Each test file has a Temporal in common with others. */
const workflowId = `cli-verbs-${randomUUID()}`;

beforeAll(async () => {
  [engine, temporal] = await Promise.all([createEngine({ sample: { rows: ROWS } }), connectTemporal()]);
  worker = await startWorker(engine, temporal);
  settings = testSettings({
    CARRYOVER_SOURCE_URL: engine.sourceUrl,
    CARRYOVER_TARGET_URL: engine.targetUrl,
    CARRYOVER_TASK_QUEUE: worker.taskQueue,
  });
  const [last] = await engine.onSource(`SELECT id FROM dispatch_state ORDER BY id LIMIT 1 OFFSET ${BATCH_ROWS - 1}`);
  await engine.onTarget(`
CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.legacy_id <= ${last!.id} THEN RAISE EXCEPTION 'poisoned'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER poison BEFORE INSERT ON public.case_states FOR EACH ROW EXECUTE FUNCTION poison()`);
});

afterAll(async () => {
  await worker?.stop();
  await temporal?.close();
  await engine?.drop();
});

const say = (...args: string[]): Promise<Said> => carryover(args, settings);
const start = (...more: string[]): Promise<Said> =>
  say('start', 'case-states', '--batch-rows', String(BATCH_ROWS), '--workflow-id', workflowId, ...more);

async function isParked(): Promise<boolean> {
  const batches = await engine.onTarget<{ state: string }>('SELECT state FROM carryover.batches ORDER BY batch');
  return batches.map(({ state }) => state).join() === 'parked,validated,validated';
}

const lastDecision = async (): Promise<object> =>
  (await say('audit', '--limit', '1', '--json')).json<{ audit: object[] }>().audit[0]!;

describe('a run with a parked batch', () => {
  it('says at its start which run it is, and in its status what needs a person', async () => {
    const started = await start('--json', '--by', 'Anna');
    expect(started.code).toBe(0);
    expect(started.json()).toMatchObject({ run: '1', resumed: false, differing: [] });
    await eventually('the first batch is parked', isParked);

    const status = await say('status', 'case-states');
    expect(status.code).toBe(1);
    expect(status.out).toMatch(/^case-states: run 1, open for \d+ s, NEEDS ATTENTION\n/);
    expect(status.out).toContain('! 1 parked batch: mend the cause, then: carryover retry-batch 1 --batch 1\n');
    expect(status.out).toMatch(/^ {2}parked {4}batch 1: load: .*P0001/m);
    expect(status.out).not.toContain('poisoned');
    expect((await say('status', '1', '--json')).json()).toMatchObject({
      owner: { workflow: workflowId, state: 'alive', worker: true },
      parked: [{ batch: 1 }],
      attention: [expect.stringMatching(/^1 parked batch: /)],
    });
  });

  it('lists its batches, those asked for, with the bounds of an integer key', async () => {
    const all = await say('batches', 'case-states');
    expect(all.code).toBe(0);
    expect(all.out).toMatch(/^case-states: run 1, open\n\nbatch {2}state /);
    expect(all.out).toMatch(/^ {4}1 {2}parked .* 400 .* up to \d+$/m);
    expect(all.out).toMatch(/^ {4}3 {2}validated .* above \d+ to \d+$/m);
    expect(all.out).toMatch(/^batch 1: load: .*P0001/m);
    const parked = (await say('batches', '1', '--state', 'parked,skipped', '--json')).json<{ batches: object[] }>();
    expect(parked).toMatchObject({
      run: '1',
      total: 1,
      batches: [
        { batch: 1, state: 'parked', step: 'load', rows: { source: 400, pending: 400 }, keys: { after: null } },
      ],
    });
    expect((await say('batches', '1', '--limit', '2')).out).toMatch(/\nand 1 more; --limit 3 shows them all\n/);
    expect((await say('batches', '1', '--state', 'skipped')).out).toMatch(/No batch is skipped\.\n$/);
  });

  it.each([
    [['retry-batch', '1', '--batch', '2', '9'], 'batches 2, 9 are not parked; parked: 1'],
    [['retryBatch', 'case-states', '--batch', '7'], 'batch 7 is not parked; parked: 1'],
    [['skip-batch', '1', '--batch', '3', '--reason', 'x'], 'batch 3 is not parked; parked: 1'],
    [['resume', '1'], 'the run is not paused'],
  ])('prints what the run refuses as it is: %j', async (args, words) => {
    const said = await say(...args);
    expect([said.code, said.err, said.out]).toEqual([1, `${words}\n`, '']);
    const json = await say(...args, '--json');
    expect(json.json()).toEqual({ error: { message: words, exitCode: 1 } });
  });

  it('skips it with a reason, on record with who sent it, and says how to take it back', async () => {
    const said = await say('skip-batch', '1', '--batch', '1', '--reason', 'archived rows', '--by', 'Anna');
    expect(said.code).toBe(0);
    expect(said.out).toMatch(
      /^case-states, run 1: batch 1 is skipped: .*\nTo undo it: carryover retry-batch 1 --batch 1\n$/,
    );
    expect(await lastDecision()).toMatchObject({
      verb: 'skipBatch',
      who: `carryover ${userInfo().username}@${hostname()}`,
      claimedBy: 'Anna',
      reason: 'archived rows',
      run: '1',
      batches: [1],
    });
  });
});

describe('after the end', () => {
  it('the run can no longer be changed, which is said with what to do', async () => {
    // The ledger closes the run a moment before its workflow ends.
    await temporal.client.workflow.getHandle(workflowId).result();
    const said = await say('pause', '1');
    expect(said.code).toBe(1);
    expect(said.err).toBe(
      'Run 1 of case-states is finished (proven with exceptions): nothing of it can be changed. `carryover start case-states` begins a new one.\n',
    );
    const status = await say('status', '1');
    expect([status.code, status.out]).toEqual([0, expect.stringMatching(/skipped {3}batch 1, by decision\n/)]);
    expect(status.out).toMatch(/\+ 400 excluded \(400 by decision\) \+ 0 pending/);
  });
});

describe('another run', () => {
  it('is paused, stays so while its batch is taken again, and goes on', async () => {
    await start();
    await eventually('the first batch is parked', async () => (await say('batches', '2', '--state', 'parked', '--json')).json<{ total: number }>().total === 1 && (await say('batches', '2', '--state', 'validated', '--json')).json<{ total: number }>().total === 2); // prettier-ignore
    const paused = await say('pause', 'case-states', '--reason', 'backup until six', '--json');
    expect(paused.json()).toMatchObject({
      verb: 'pause',
      run: '2',
      workflowId,
      answer: 'paused: no batch is in flight',
      undo: 'carryover resume 2',
    });
    expect((await say('pause', '2')).err).toBe('the run is paused already: backup until six\n');
    const status = await say('status', '2');
    expect([status.code, status.out]).toEqual([
      1,
      expect.stringMatching(/! Paused since \S+Z: backup until six\n {6}to go on: carryover resume 2\n/),
    ]);
    expect((await say('set-concurrency', '2', '4')).out).toBe(
      'case-states, run 2: 4 batches in flight at most, 2 until now\n',
    );
    expect(await lastDecision()).toMatchObject({ verb: 'setConcurrency', details: { concurrency: 4 } });
    expect((await say('retry-batch', '2', '--all')).out).toBe(
      'case-states, run 2: batch 1 starts again once the run is resumed\n',
    );
    expect((await say('resume', '2', '--max-parked', '30')).out).toBe('case-states, run 2: resumed\n');
    expect(await lastDecision()).toMatchObject({ verb: 'resume', details: { maxParked: 30 } });
    await eventually('it is parked again', async () => (await say('status', '2')).out.includes('parked    batch 1'));
  });

  it('is cancelled; then nobody takes a decision, and a start goes on with it and says so', async () => {
    const said = await say('cancel', 'case-states', '--reason', 'wrong night');
    expect(said.code).toBe(0);
    expect(said.out).toMatch(/run 2 is being cancelled.*\nTo undo it: carryover start case-states\n$/);
    await eventually('the workflow is over', async () => {
      const { status } = await temporal.client.workflow.getHandle(workflowId).describe();
      return status.name === 'CANCELLED';
    });
    const status = await say('status');
    expect(status.code).toBe(1);
    expect(status.out).toContain(
      `! Owner gone: workflow ${workflowId} is over (cancelled), and nobody works on the run.\n      to go on: carryover start case-states\n`,
    );
    expect(status.out).toMatch(/once the run goes on, and the cause is mended: carryover retry-batch 2 --batch 1\n/);
    const refused = await say('retry-batch', '2', '--batch', '1');
    expect([refused.code, refused.err]).toEqual([
      1,
      expect.stringMatching(/its owner, workflow \S+, is over \(cancelled\): .*`carryover start case-states` goes on/),
    ]);

    const again = await start('--batch-rows', '77');
    expect(again.code).toBe(0);
    expect(again.err).toMatch(/Goes on with run 2 of case-states, which was open: .*\n {2}batchRows: 400, .* not 77\n/);
  });

  it('is not abandoned while its owner lives', async () => {
    const said = await say('abandon', '2', '--reason', 'no use');
    expect([said.code, said.err]).toEqual([1, expect.stringMatching(/^run 2 of case-states is open, owned by/)]);
  });

  it('whose owner was terminated is abandoned, and counts as not proven', async () => {
    await temporal.client.workflow.getHandle(workflowId).terminate('a test');
    expect((await say('status', '2')).out).toMatch(/Owner gone: workflow \S+ is over \(terminated\)/);
    const said = await say('abandon', '2', '--reason', 'no use', '--by', 'Anna', '--json');
    expect(said.json()).toMatchObject({
      verb: 'abandon',
      run: '2',
      answer: expect.stringMatching(
        /^run 2 of case-states is abandoned: one batch was not finished, 400 rows/,
      ) as string,
    });
    expect(await lastDecision()).toMatchObject({
      verb: 'abandon',
      who: expect.stringMatching(/@/) as string,
      claimedBy: 'Anna',
    });
    const status = await say('status');
    expect([status.code, status.out]).toEqual([2, expect.stringMatching(/^case-states: run 2, abandoned: /)]);
    const again = await say('abandon', '2', '--reason', 'no use');
    expect([again.code, again.err]).toEqual([1, expect.stringMatching(/run 2 is abandoned already/)]);
  });

  it('lists its starts', async () => {
    const said = await say('audit', 'case-states', '--starts', '--json');
    const { starts } = said.json<{ starts: { outcome: string; run: string; workflow: string }[] }>();
    expect(starts.map(({ outcome, run }) => [outcome, run])).toEqual([['opened', '1'], ['opened', '2'], ['took_over', '2']]); // prettier-ignore
    expect((await say('audit', '2', '--starts')).out).toMatch(
      /^at \(UTC\) [^]*\n\S+Z {2}case-states {2}took over {2}2 .*\n$/,
    );
  });
});
