/** The brakes over real databases, by the worker as it is shipped: what is wrong with many rows stops, and loses nothing. */
import { randomUUID } from 'node:crypto';
import type { Progress } from '../../shared/messages';
import { createEngine, eventually } from '../support/engine';
import type { Engine } from '../support/engine';
import { connectTemporal, createLimitedLogins, startWorkerProcess } from '../support/worker';
import type { LimitedLogins, MigrateHandle, TemporalClient, WorkerProcess } from '../support/worker';

const ROWS = 12_000;
const BATCH_ROWS = 2_000;
const BATCHES = ROWS / BATCH_ROWS;

let engine: Engine;
let temporal: TemporalClient;
let logins: LimitedLogins;
let worker: WorkerProcess;
const taskQueue = `brakes-${randomUUID()}`;

beforeEach(async () => {
  [engine, temporal] = await Promise.all([createEngine({ sample: { rows: ROWS } }), connectTemporal()]);
  logins = await createLimitedLogins(engine);
  worker = await startWorkerProcess(logins, taskQueue, engine.reportsDir);
}, 120_000);

afterEach(async () => {
  await worker?.end('SIGKILL');
  await temporal?.close();
  await logins?.drop();
  await engine?.drop();
});

const progressOf = (handle: MigrateHandle): Promise<Progress> => handle.query<Progress>('status');

async function stateIs(handle: MigrateHandle, wanted: Progress['state']): Promise<Progress> {
  await eventually(`the state ${wanted}`, async () => (await progressOf(handle)).state === wanted, 90_000);
  return progressOf(handle);
}

const send = (handle: MigrateHandle, verb: string, request: object): Promise<string> =>
  handle.executeUpdate<string, [object]>(verb, { args: [request] });

const batchesBy = (state: string): Promise<{ batch: number }[]> =>
  engine.onTarget<{ batch: number }>('SELECT batch FROM carryover.batches WHERE state = $1 ORDER BY batch', [state]);

describe('a batch that a trigger of the target poisons', () => {
  const POISONED = 3;

  it('is parked and not turned into quarantine, the rest finishes, and a retry ends the run proven', async () => {
    const bounds = await engine.onSource(
      `SELECT min(id) AS low, max(id) AS high FROM (SELECT id FROM dispatch_state ORDER BY id
         LIMIT ${BATCH_ROWS} OFFSET ${BATCH_ROWS * (POISONED - 1)}) b`,
    );
    const { low, high } = bounds[0]!;
    await engine.onTarget(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'poisoned by %', NEW.notes; END $$`);
    await engine.onTarget(`CREATE TRIGGER poison BEFORE INSERT ON case_states FOR EACH ROW
      WHEN (NEW.legacy_id BETWEEN ${low} AND ${high}) EXECUTE FUNCTION refuse()`);
    const handle = await temporal.start(taskQueue, { migration: 'case-states', batchRows: BATCH_ROWS });

    const waiting = await stateIs(handle, 'waiting');
    expect(waiting).toMatchObject({ batchesDone: BATCHES - 1, batchesParked: 1 });
    const [parked] = waiting.parked;
    expect(parked!.batch).toBe(POISONED);
    expect(parked!.cause).toMatch(
      /^load: the target refused more than 20 of the batch's 2000 rows.*public\.case_states.*SQLSTATE P0001/,
    );
    expect(parked!.cause).not.toContain('poisoned by');
    expect(await batchesBy('parked')).toEqual([{ batch: POISONED }]);
    expect(await batchesBy('validated')).toHaveLength(BATCHES - 1);
    const [held] = await engine.onTarget(
      `SELECT (SELECT count(*) FROM case_states WHERE legacy_id BETWEEN ${low} AND ${high})::int AS loaded,
              (SELECT count(*) FROM carryover.quarantine_occurrences WHERE batch = ${POISONED})::int AS quarantined,
              pending::int AS pending FROM carryover.batches WHERE batch = ${POISONED}`,
    );
    expect(held).toEqual({ loaded: 0, quarantined: 0, pending: BATCH_ROWS });

    await engine.onTarget('DROP TRIGGER poison ON case_states');
    expect(await send(handle, 'retryBatch', { batch: POISONED })).toBe(`batch ${POISONED} starts again`);
    const result = await handle.result();
    expect(result).toMatchObject({ source: ROWS, pending: 0, findings: 0, verdict: 'proven_with_exceptions' });
    expect(result.inserted + result.quarantined).toBe(ROWS);
    // What is in quarantine has no case, as in any run over the sample: the trigger has added nothing.
    expect(await engine.onTarget('SELECT DISTINCT reason FROM carryover.quarantine')).toEqual([
      { reason: 'case_unmapped' },
    ]);
    expect(await batchesBy('validated')).toHaveLength(BATCHES);
  }, 240_000);
});

describe('a target that lacks the orders of many rows', () => {
  it('pauses the run once 10,000 rows are read, which goes on where the limit is raised', async () => {
    await engine.onTarget('DELETE FROM orders WHERE (instruction_id / 4) % 4 = 0');
    const handle = await temporal.start(taskQueue, {
      migration: 'case-states',
      batchRows: BATCH_ROWS,
      concurrency: 1,
    });

    const paused = await stateIs(handle, 'paused');
    expect(paused).toMatchObject({ batchesDone: 5, batchesParked: 0, doneRows: 10_000 });
    expect(paused.pauseCause).toMatch(
      / % of the 10000 rows read are in quarantine, more than maxQuarantine \(10\.0 %\)/,
    );
    await eventually(
      'the pause in the ledger',
      async () => (await engine.onTarget('SELECT 1 FROM carryover.runs WHERE paused_at IS NOT NULL')).length > 0,
    );
    expect(
      await engine.onTarget('SELECT state, paused_at IS NOT NULL AS paused, pause_cause FROM carryover.runs'),
    ).toEqual([{ state: 'open', paused: true, pause_cause: paused.pauseCause }]);
    await expect(send(handle, 'resume', {})).rejects.toMatchObject({
      cause: { message: expect.stringContaining('the run would pause again') as string },
    });

    expect(await send(handle, 'resume', { maxQuarantine: 0.6, reason: 'orders come later' })).toBe('resumed');
    const result = await handle.result();
    expect(result).toMatchObject({ source: ROWS, pending: 0, findings: 0, verdict: 'proven_with_exceptions' });
    expect(result.inserted + result.quarantined).toBe(ROWS);
    expect(result.quarantined).toBeGreaterThan(ROWS / 10);
    expect(await engine.onTarget('SELECT paused_at, max_quarantine, max_parked FROM carryover.runs')).toEqual([
      { paused_at: null, max_quarantine: 0.6, max_parked: 10 },
    ]);
    const decisions = `SELECT verb, reason FROM carryover.audit WHERE verb = 'resume'`;
    expect(await engine.onTarget(decisions)).toEqual([{ verb: 'resume', reason: 'orders come later' }]);
  }, 240_000);
});
