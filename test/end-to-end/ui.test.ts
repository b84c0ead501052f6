/** What the person on call sees and presses: the real Temporal UI in a browser, over a real run. */
import { randomUUID } from 'node:crypto';
import { createEngine } from '../support/engine';
import type { Engine } from '../support/engine';
import { VERBS } from '../../shared/names';
import { EXAMPLES } from '../../shared/verb-requests';
import { TemporalUi, findChromium } from '../support/temporal-ui';
import { connectTemporal, startWorkerProcess } from '../support/worker';
import { carryover, testSettings } from './cli-run';
import type { TemporalClient, WorkerProcess } from '../support/worker';

const ROWS = 1_200;
const BATCHES = 12;
const POISONED = 3;
/** Loads of the batches from this one on wait for as long as the test holds the lock. */
const GATED = 6;
const GATE = 44;

const chromium = findChromium();
if (chromium === undefined) {
  console.warn('not on PATH: chromium (apt-get install chromium): the tests of the Temporal UI are skipped.');
}

let engine: Engine;
let temporal: TemporalClient;
let worker: WorkerProcess;
let ui: TemporalUi;
let releaseGate = (): void => undefined;
const taskQueue = `ui-${randomUUID().slice(0, 8)}`;
const workflowId = `case-states-${randomUUID().slice(0, 8)}`;
const scheduleId = `schedule-${randomUUID().slice(0, 8)}`;

async function open(command: string): Promise<void> {
  [engine, temporal] = await Promise.all([createEngine({ sample: { rows: ROWS } }), connectTemporal()]);
  const keyAt = async (batch: number): Promise<string> => {
    const offset = ((batch - 1) * ROWS) / BATCHES;
    const [row] = await engine.onSource(`SELECT id FROM dispatch_state ORDER BY id LIMIT 1 OFFSET ${offset}`);
    return row!.id!;
  };
  await engine.onTarget(`
CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no entry'; END $$;
CREATE TRIGGER poison BEFORE INSERT ON case_states FOR EACH ROW
  WHEN (NEW.legacy_id >= ${await keyAt(POISONED)} AND NEW.legacy_id < ${await keyAt(POISONED + 1)})
  EXECUTE FUNCTION poison();
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(${GATE});
  RETURN NULL;
END $$;
CREATE TRIGGER wait AFTER INSERT ON case_states FOR EACH ROW
  WHEN (NEW.legacy_id >= ${await keyAt(GATED)}) EXECUTE FUNCTION wait()`);
  const gate = await engine.pool.connect();
  releaseGate = () => {
    releaseGate = () => undefined;
    gate.release(true);
  };
  await gate.query('SELECT pg_advisory_lock($1)', [GATE]);
  worker = await startWorkerProcess(engine, taskQueue, engine.reportsDir);
  ui = await TemporalUi.open(command);
}

/** What would tell of files, or of a stack, where words are meant for a person. */
const CODE = /\.(ts|js):\d+|node_modules|^\s+at /m;

(chromium === undefined ? describe.skip : describe)('the Temporal UI', () => {
  beforeAll(() => open(chromium!), 120_000);
  afterAll(async () => {
    releaseGate();
    await ui?.close();
    await temporal?.client.schedule
      .getHandle(scheduleId)
      .delete()
      .catch(() => undefined);
    await temporal?.client.workflow
      .getHandle(workflowId)
      .terminate('the test is over')
      .catch(() => undefined);
    await worker?.end('SIGKILL');
    await temporal?.close();
    await engine?.drop();
  });

  it('refuses a start without input in words that name the known migrations', async () => {
    await ui.start(`empty-${workflowId}`, taskQueue);
    await ui.status('Failed');
    const { page } = ui;
    await page.getByText('no input was given').first().waitFor();
    await ui.picture('1-start-without-input');
    const text = await ui.text();
    expect(text).toContain('known migrations: case-states, messages');
    expect(text).not.toMatch(CODE);
    expect(await engine.onTarget('SELECT 1 FROM carryover.runs')).toEqual([]);
  }, 120_000);

  it('starts a run from the form with one JSON object, and tells where it stands', async () => {
    await ui.start(workflowId, taskQueue, '{"migration": "case-states", "batchRows": 100, "concurrency": 1}');
    const details = await ui.details(`in flight batch ${GATED}`);
    await details.getByRole('heading', { name: /^case-states, run \d+: running$/ }).waitFor();
    await details.getByRole('cell', { name: '400 of 1200 (33.3 %)' }).waitFor();
    // The cause is below the count, each batch a line of a list.
    await details.getByText('Parked: 1').waitFor();
    const parked = details.getByRole('listitem').filter({ hasText: `batch ${POISONED}: load: ` });
    await ui.picture('2-running-with-a-parked-batch');
    expect(await parked.innerText()).toMatch(/target refused .*P0001/);
    const text = await ui.textOf(details);
    expect(text).toContain(`retryBatch with {"batch": ${POISONED}}`);
    expect(text).not.toMatch(CODE);
    // Nor does what a trigger says leave the database: it may hold values.
    expect(text).not.toContain('no entry');
  }, 120_000);

  it('offers each verb with what it does and an example, and refuses in words alone', async () => {
    const dialog = await ui.chooseUpdate('retryBatch');
    await ui.picture('3-the-verbs');
    const options = await dialog.getByRole('option').allInnerTexts();
    expect(options.map((option) => option.split('\n')[0])).toEqual([...VERBS, 'Custom']);
    for (const verb of VERBS) {
      const words = options.find((option) => option.startsWith(`${verb}\n`))!;
      expect([verb, words.endsWith(EXAMPLES[verb])]).toEqual([verb, true]);
    }
    await dialog.getByRole('option', { name: /^retryBatch/ }).click();
    await ui.submit(dialog, '{"batch": 7}');
    await dialog.getByText(`batch 7 is not parked; parked: ${POISONED}`).waitFor();
    await ui.picture('4-a-refusal');
    expect(await dialog.innerText()).not.toMatch(CODE);
    await ui.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
  }, 120_000);

  it('pauses and resumes the run, and says so', async () => {
    await ui.update('pause', '{"reason": "backup until six", "by": "Ada"}');
    await ui.details('Paused: backup until six. To go on: More Actions → Send an Update → resume.');
    await ui.picture('5-pausing');
    releaseGate();
    const paused = await ui.details(/run \d+: paused$/);
    await ui.picture('6-paused');
    expect(await ui.textOf(paused)).toContain('in flight none');
    await ui.update('resume');
    const waiting = await ui.details(/waiting for a person to decide on parked batches$/);
    await ui.picture('7-waiting');
    const text = await ui.textOf(waiting);
    expect(text).toMatch(/done\s+1100 of 1200 \(91\.7 %\)/);
    expect(text).not.toContain('Paused');
  }, 120_000);

  it('lists the run among those that wait for somebody', async () => {
    await ui.goto(`workflows?query=${encodeURIComponent(`CarryoverParked > 0 AND TaskQueue = "${taskQueue}"`)}`);
    await ui.page.getByRole('link', { name: workflowId }).first().waitFor();
    await ui.picture('8-runs-with-parked-batches');
    // Failed for want of input, the other one has nothing parked.
    await ui.page.getByTestId('workflows-summary-configurable-table-row').first().waitFor();
    expect(await ui.page.getByTestId('workflows-summary-configurable-table-row').count()).toBe(1);
    await ui.page.getByRole('link', { name: workflowId }).first().click();
    await ui.page.waitForURL(/\/timeline$/);
  }, 120_000);

  it('retries the parked batch once its cause is mended, and the run ends proven', async () => {
    await engine.onTarget('DROP TRIGGER poison ON case_states');
    await ui.update('retryBatch', `{"batch": ${POISONED}, "reason": "the trigger is gone"}`);
    await ui.status('Completed');
    await ui.page.getByText('"proven_with_exceptions"').first().waitFor();
    await ui.picture('9-completed');
    const details = await ui.details(/finished, proven with exceptions$/);
    await ui.picture('10-the-end');
    const text = await ui.textOf(details);
    expect(text).toMatch(/done\s+1200\s+inserted/);
    expect(text).toContain('Parked: none');
    const [rows] = await engine.onTarget<{ loaded: string; poisoned: string }>(
      `SELECT (SELECT count(*) FROM case_states)::text AS loaded,
              (SELECT inserted FROM carryover.batches WHERE batch = ${POISONED})::text AS poisoned`,
    );
    expect(text).toMatch(new RegExp(`inserted\\s+${rows!.loaded}\\b`));
    expect(Number(rows!.poisoned)).toBeGreaterThan(90);
  }, 120_000);

  it('makes a schedule from the form with one JSON object, and shows what it started', async () => {
    // Far from now, whenever that is.
    const until = new Date(Date.now() + 43_200_000).toISOString().slice(11, 16);
    const input = `{"migration": "case-states", "batchRows": 400, "window": {"until": "${until}", "zone": "UTC"}}`;
    await ui.makeSchedule({
      name: scheduleId,
      type: 'migrate',
      workflowId: scheduleId,
      taskQueue,
      input,
      cron: '15 2 * * *',
    });
    await ui.triggerSchedule(scheduleId);
    const link = ui.page.getByRole('link', { name: new RegExp(`^${scheduleId}-20`) }).first();
    await link.waitFor();
    await ui.picture('12-a-schedule-and-its-start');
    await link.click();
    await ui.status('Completed');
    const details = await ui.details(/finished, proven with exceptions$/);
    await ui.picture('13-what-it-started');
    expect(await ui.textOf(details)).toMatch(/done\s+1200\s+inserted/);
    const starts = await engine.onTarget('SELECT outcome FROM carryover.starts WHERE schedule = $1', [scheduleId]);
    expect(starts).toEqual([{ outcome: 'opened' }]);
    // On the command line it is one of ours, with what the form does not ask for.
    const settings = testSettings({ CARRYOVER_TASK_QUEUE: taskQueue });
    const { out } = await carryover(['schedule', 'list'], settings);
    expect(out).toContain(`${scheduleId}: migrate case-states\n  when      15 2 * * * (UTC), until ${until} UTC`);
    expect(out).toContain('made up for up to 365d late, goes on after a failure\n');
    expect(out).toMatch(/\n {2}started {3}\S+ \S+: proven with exceptions\n/);
  }, 120_000);

  it('leaves on record who decided what, and why', async () => {
    const decisions = await engine.onTarget(
      'SELECT verb, who, claimed_by, reason FROM carryover.audit ORDER BY audit_id',
    );
    const who = 'unknown (UI without login)';
    expect(decisions).toEqual([
      { verb: 'pause', who, claimed_by: 'Ada', reason: 'backup until six' },
      { verb: 'resume', who, claimed_by: null, reason: null },
      { verb: 'retryBatch', who, claimed_by: null, reason: 'the trigger is gone' },
    ]);
  });
});
