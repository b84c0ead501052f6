/** No value of a row leaves the databases: not into Temporal, not into a log or a report, whatever fails. */
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { DefaultLogger } from '@temporalio/worker';
import { caseStates } from '../../mappings/case-states';
import { createCatalog } from '../../mappings/catalog';
import { messages } from '../../mappings/messages';
import type { ForecastResult } from '../../shared/forecast';
import type { Progress } from '../../shared/messages';
import { createEngine, eventually } from '../support/engine';
import type { Engine } from '../support/engine';
import { testHome } from '../support/servers';
import { createDepartmentTables, departments } from '../support/third-mapping';
import {
  connectTemporal,
  createLimitedLogins,
  installLogger,
  startWorker,
  startWorkerProcess,
} from '../support/worker';
import type { LimitedLogins, MigrateHandle, RunningWorker, TemporalClient, WorkerProcess } from '../support/worker';

/** Stands in every text column and key; a number that nothing else is stands in the integer references. */
const MARKER = `Marker${randomBytes(6).toString('hex')}`;
const NUMBER = 3_900_000_000 + randomBytes(3).readUIntBE(0, 3);
const PROCESS_QUEUE = `privacy-${randomUUID()}`;

let engine: Engine;
let temporal: TemporalClient;
let logins: LimitedLogins;
let worker: RunningWorker;
let workerProcess: WorkerProcess;
let logged = '';
const handles: MigrateHandle[] = [];
const forecasts: MigrateHandle[] = [];

beforeAll(async () => {
  const catalog = createCatalog([caseStates, messages, departments]);
  installLogger(new DefaultLogger('DEBUG', (entry) => void (logged += `${inspect(entry, { depth: 12 })}\n`)));
  [engine, temporal] = await Promise.all([
    createEngine({ sample: { rows: 60, dirty: true }, catalog }),
    connectTemporal(),
  ]);
  await createDepartmentTables(engine);
  logins = await createLimitedLogins(engine);
  await plant();
  await obstruct();
  worker = await startWorker(engine, temporal, catalog);
  workerProcess = await startWorkerProcess(logins, PROCESS_QUEUE, engine.reportsDir);
}, 120_000);

afterAll(async () => {
  for (const handle of handles) await handle.terminate('the test is over').catch(() => undefined);
  await workerProcess?.end('SIGTERM');
  await worker?.stop();
  await temporal?.close();
  await logins?.drop();
  await engine?.drop();
});

/** Rows that come over, and rows that do not: with a bad byte, too long, without lookup, with another code. */
async function plant(): Promise<void> {
  const [{ order, sender, instruction }] = (await engine.onTarget<Record<'order' | 'sender' | 'instruction', string>>(
    `SELECT min(order_number) AS "order", min(instruction_id)::text AS instruction,
            (SELECT min(legacy_user_id)::text FROM profiles) AS sender FROM orders`,
  )) as [Record<'order' | 'sender' | 'instruction', string>];
  // More than a load sets aside: so many refusals park the batch.
  const many = Array.from({ length: 12 }, (_, index) => index);
  const states = [
    ...many.map((index) => [instruction, 11, sender, MARKER, `${MARKER} ${index}`]),
    [instruction, 11, sender, MARKER, `${MARKER} notes`],
    [instruction, 12, NUMBER, MARKER, `${MARKER}\\N\t\n`],
    [NUMBER, 11, sender, MARKER, MARKER],
    [instruction, 13, NUMBER, MARKER.repeat(12), MARKER],
    [instruction, 11, null, null, Buffer.from(`${MARKER}\0${MARKER}`)],
  ];
  for (const state of states) {
    await engine.onSource(
      `INSERT INTO dispatch_state (instruction_id, status, \`on\`, actor_id, reason, notes, created_at) VALUES (?, ?, 1, ?, ?, ?, '2024-01-01')`,
      state,
    );
  }
  const texts = [
    [order, sender, MARKER, MARKER],
    [MARKER, sender, MARKER, MARKER],
    [order, NUMBER, MARKER, null],
    [order, sender, MARKER.repeat(12), Buffer.from(`${MARKER}\0`)],
    ...many.map(() => [order, sender, MARKER, MARKER]),
  ];
  for (const [position, text] of texts.entries()) {
    await engine.onSource(
      `INSERT INTO message (thread_id, position, order_number, sender_id, subject, body, sent_at) VALUES (77, ?, ?, ?, ?, ?, '2024-01-01')`,
      [position, ...text],
    );
  }
  for (const [code, parent, title] of [
    [MARKER, null, `${MARKER} root`],
    [`${MARKER} child`, MARKER, MARKER],
    [`0${MARKER}`, `no ${MARKER}`, MARKER],
    [`zz ${MARKER}`, null, MARKER.repeat(3)],
  ]) {
    await engine.onSource(`INSERT INTO department VALUES (?, ?, ?, '2020-02-29')`, [code, parent, title]);
  }
}

/** What refuses the marked rows: a constraint, a trigger that says the value, and a COPY that quotes its line. */
async function obstruct(): Promise<void> {
  await engine.onTarget(`ALTER TABLE case_states ADD CONSTRAINT no_marker CHECK (notes !~ '${MARKER}')`);
  await engine.onTarget(`
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.subject ~ '${MARKER}' THEN
    RAISE EXCEPTION 'refused: % %', NEW.subject, NEW.body USING DETAIL = NEW.subject, HINT = NEW.subject;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse()`);
  await engine.onTarget(`
CREATE FUNCTION spoil() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE made record;
BEGIN
  FOR made IN SELECT d.object_identity AS name FROM pg_event_trigger_ddl_commands() d
              JOIN carryover.runs r ON d.object_identity ~ ('carryover_stage\\.b_' || r.run_id || '_\\d+_\\d+_rows$')
              WHERE d.object_type = 'table' AND r.migration = 'departments' LOOP
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT spoiled CHECK (c0 !~ %L)', made.name, '${MARKER}');
  END LOOP;
END $$;
CREATE EVENT TRIGGER spoil ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION spoil()`);
}

async function clear(): Promise<void> {
  await engine.onTarget('ALTER TABLE case_states DROP CONSTRAINT no_marker');
  await engine.onTarget('DROP TRIGGER refuse ON messages');
  await engine.onTarget('DROP EVENT TRIGGER spoil');
}

const progress = (handle: MigrateHandle): Promise<Progress> => handle.query<Progress>('status');

async function parkedCause(handle: MigrateHandle): Promise<string> {
  await eventually('a parked batch', async () => (await progress(handle)).parked.length > 0, 60_000);
  return (await progress(handle)).parked[0]!.cause;
}

/** Everything that a workflow has left in Temporal: as objects, and each payload as the text that it holds. */
async function leftInTemporal(handle: MigrateHandle): Promise<string> {
  const texts: string[] = [];
  const walk = (value: unknown): void => {
    if (value instanceof Uint8Array) texts.push(Buffer.from(value).toString('utf8'));
    else if (typeof value === 'string') texts.push(value);
    else if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) {
        texts.push(name);
        walk(inner);
      }
    }
  };
  walk(await handle.fetchHistory());
  walk((await handle.describe()).raw);
  walk(await handle.query('__temporal_workflow_metadata'));
  walk(await progress(handle));
  return texts.join('\n');
}

/** Logs of the private servers, and the files in which Temporal keeps what it knows, with their contents. */
function serverFiles(folder: string): (readonly [file: string, text: string])[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /(\.log|\.err|temporal\.db[\w-]*)$/.test(name) || /(^|\/)logs?\/[^/]+$/.test(name))
    .flatMap((name) => {
      const file = join(folder, name);
      try {
        return statSync(file).isFile() ? [[file, readFileSync(file, 'latin1')] as const] : [];
      } catch (error) {
        // The servers live: a journal, or a server of another test with its log, may have gone since the folder was read.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw error;
      }
    });
}

function expectNoMarker(where: string, text: string): void {
  const found = [MARKER, String(NUMBER), Buffer.from(MARKER).toString('base64').slice(0, 20)].filter((each) =>
    text.includes(each),
  );
  const at = found.length === 0 ? '' : text.slice(Math.max(0, text.indexOf(found[0]!) - 200)).slice(0, 400);
  expect({ where, found, at }).toEqual({ where, found: [], at: '' });
}

/** Runs a forecast to its end; its handle is looked over with those of the runs. */
async function forecast(migration: string, taskQueue: string): Promise<ForecastResult> {
  const handle = await temporal.client.workflow.start('forecast', {
    workflowId: `test-${randomUUID()}`,
    taskQueue,
    args: [{ migration, batchRows: migration === 'departments' ? 3 : 1000 }],
  });
  forecasts.push(handle);
  return (await handle.result()) as ForecastResult;
}

describe('marker values in every text column and key', () => {
  it('stay in the databases where they are forecast, and refused', async () => {
    const states = await forecast('case-states', PROCESS_QUEUE);
    expect(states.counts).toMatchObject({ parkedBatches: 1, causes: [expect.stringMatching(/constraint no_marker/)] });
    const texts = await forecast('messages', PROCESS_QUEUE);
    expect(texts.counts).toMatchObject({ parkedBatches: 1, causes: [expect.stringMatching(/SQLSTATE P0001/)] });
    const parts = await forecast('departments', worker.taskQueue);
    expect(parts.counts.columns).toMatchObject({ value_too_long: { title: 2 } });
    for (const handle of forecasts) {
      const left = await leftInTemporal(handle);
      expect(left).toContain('forecastBatches');
      expectNoMarker(handle.workflowId, left);
    }
  }, 60_000);

  it('stay in the databases, also when a COPY, a constraint and a trigger fail', async () => {
    for (const [migration, taskQueue] of [
      ['case-states', PROCESS_QUEUE],
      ['messages', PROCESS_QUEUE],
      ['departments', worker.taskQueue],
    ] as const) {
      handles.push(await temporal.start(taskQueue, { migration, batchRows: 1000 }));
    }
    const causes = await Promise.all(handles.map(parkedCause));
    expect(causes).toEqual([
      expect.stringMatching(/^load: .*SQLSTATE 23514.*constraint no_marker/),
      expect.stringMatching(/^load: .*SQLSTATE P0001/),
      expect.stringMatching(/^extract: .*SQLSTATE 23514.*constraint spoiled/),
    ]);
    await clear();
    const results = await Promise.all(
      handles.map(async (handle) => {
        await handle.executeUpdate('retryBatch', { args: [{ batch: 1 }] });
        return handle.result();
      }),
    );
    for (const result of results) expect(result).toMatchObject({ pending: 0, verdict: 'proven_with_exceptions' });
    // The marked rows have come over, and been kept: what is searched for did pass through.
    const [there] = await engine.onTarget(
      `SELECT (SELECT count(*)::int FROM case_states WHERE notes ~ $1) AS states,
              (SELECT count(*)::int FROM messages WHERE subject ~ $1) AS messages,
              (SELECT count(*)::int FROM departments WHERE code ~ $1) AS departments,
              (SELECT count(*)::int FROM carryover.quarantine WHERE source_row::text ~ $1) AS kept`,
      [MARKER],
    );
    expect(there).toEqual({ states: 14, messages: 13, departments: 2, kept: 7 });
  }, 120_000);

  it('are in no history, description or query of the workflows', async () => {
    for (const handle of handles) {
      const left = await leftInTemporal(handle);
      expect(left).toContain('SQLSTATE');
      expectNoMarker(handle.workflowId, left);
    }
  });

  it('are in no log of ours', () => {
    expect(logged.includes('Activity failed')).toBe(true);
    expectNoMarker('worker within the test', logged);
    expect(workerProcess.log()).toContain('SQLSTATE P0001');
    expectNoMarker('worker process', workerProcess.log());
  });

  it('are in no log of the servers, and in no file of Temporal', () => {
    const files = serverFiles(testHome());
    expect(files.map(([file]) => file.split('/').at(-1))).toEqual(
      expect.arrayContaining(['postgres.log', 'mariadb.log', 'temporal.log', 'temporal.db']),
    );
    for (const [file, text] of files) expectNoMarker(file, text);
  });

  it('are in no report', () => {
    const files = readdirSync(engine.reportsDir).filter((name) => /\.(md|json)$/.test(name));
    expect(files.length).toBeGreaterThanOrEqual(6);
    for (const file of files) expectNoMarker(file, readFileSync(join(engine.reportsDir, file), 'utf8'));
  });
});
