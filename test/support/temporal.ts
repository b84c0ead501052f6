/** A worker and a client on the private Temporal of this run of the tests. */
import { randomUUID } from 'node:crypto';
import { activityInfo } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import type { ResyncInput } from '../../shared/resync';
import type { UndoInput } from '../../shared/undo';
import type { WorkflowHandleWithFirstExecutionRunId, WorkflowStartOptions } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { Workflow } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import type { LogEntry } from '@temporalio/worker';
import type { Dependencies } from '../../activities/dependencies';
import { createWorker } from '../../worker/create-worker';
import type { ForecastInput, ForecastResult } from '../../shared/forecast';
import type {
  AbandonInput,
  MigrateInput,
  MigrateResult,
  Progress,
  RepairInput,
  ReplayInput,
} from '../../shared/messages';
import type { VerifyInput, VerifyResult } from '../../shared/verification';
import { workflowBundle } from './bundle';
import { releaseGates } from './gate';
import type { FakeRun } from './fake-activities';
import { services } from './servers';

/** As a start by hand has it: only a schedule's start can be missed. */
export type Migrate = (input?: MigrateInput) => Promise<MigrateResult>;
export type MigrateHandle = WorkflowHandleWithFirstExecutionRunId<Migrate>;
type Abandon = (input?: AbandonInput) => Promise<string>;
type Verify = (input?: VerifyInput) => Promise<VerifyResult>;
type Forecast = (input?: ForecastInput) => Promise<ForecastResult>;
export type ForecastHandle = WorkflowHandleWithFirstExecutionRunId<Forecast>;
export type VerifyHandle = WorkflowHandleWithFirstExecutionRunId<Verify>;
export type AbandonHandle = WorkflowHandleWithFirstExecutionRunId<Abandon>;
export type History = Awaited<ReturnType<MigrateHandle['fetchHistory']>>;

export interface TestTemporal {
  readonly client: Client;
  /** Starts `migrate` over the fakes, and ends it with `test`. */
  migrate<T>(fake: FakeRun, test: (handle: MigrateHandle) => Promise<T>, args?: [input?: MigrateInput]): Promise<T>;
  /** Starts `repair` likewise. */
  repair<T>(fake: FakeRun, input: RepairInput, test: (handle: MigrateHandle) => Promise<T>): Promise<T>;
  /** Starts `replay` likewise. */
  replay<T>(fake: FakeRun, input: ReplayInput, test: (handle: MigrateHandle) => Promise<T>): Promise<T>;
  /** Starts `resync` likewise. */
  resync<T>(fake: FakeRun, input: ResyncInput, test: (handle: MigrateHandle) => Promise<T>): Promise<T>;
  /** Starts `undo` likewise. */
  undo<T>(fake: FakeRun, input: UndoInput, test: (handle: MigrateHandle) => Promise<T>): Promise<T>;
  /** Starts `abandon` likewise. */
  abandon<T>(fake: FakeRun, input: AbandonInput, test: (handle: AbandonHandle) => Promise<T>): Promise<T>;
  /** Starts `forecast` likewise. */
  forecast<T>(fake: FakeRun, input: ForecastInput, test: (handle: ForecastHandle) => Promise<T>): Promise<T>;
  /** Starts `verify` likewise. */
  verify<T>(fake: FakeRun, input: VerifyInput, test: (handle: VerifyHandle) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * Keeps what the SDK logs out of the output of the tests; once per test file.
 *
 * @param warnings where given, what worker and SDK warn of is added to it
 */
export function installLogger(warnings?: LogEntry[]): void {
  const filter = warnings === undefined ? 'ERROR' : 'WARN';
  Runtime.install({
    logger:
      warnings === undefined ? new DefaultLogger('ERROR') : new DefaultLogger('WARN', (entry) => warnings.push(entry)),
    telemetryOptions: { logging: { filter: { core: filter, other: 'ERROR' }, forward: {} } },
  });
}

/**
 * Connects, and runs one worker on a task queue of its own: each start and end of a worker takes a second.
 *
 * @param address the group's private server unless given
 * @param warnings where given, what worker and SDK warn of is added to it
 */
export async function openTemporal(
  address = services().temporal.address,
  warnings?: LogEntry[],
): Promise<TestTemporal> {
  installLogger(warnings);
  const connection = await NativeConnection.connect({ address });
  const clientConnection = await Connection.connect({ address });
  const client = new Client({ connection: clientConnection });
  const fakes = new Map<string, FakeRun>();
  const taskQueue = `test-${randomUUID()}`;
  const worker = await createWorker(
    { connection, namespace: 'default', taskQueue, workflowBundle: await workflowBundle() },
    dispatch(fakes),
  );
  const running = worker.run();
  const died = running.then((): never => {
    throw new Error('the worker has ended');
  });
  died.catch(() => undefined);
  const start = async <F extends Workflow, T>(
    type: string,
    fake: FakeRun,
    test: (handle: WorkflowHandleWithFirstExecutionRunId<F>) => Promise<T>,
    args: Parameters<F>,
  ): Promise<T> => {
    const workflowId = randomUUID();
    fakes.set(workflowId, fake);
    // By name: the function itself would be loaded outside of the sandbox.
    const options = { workflowId, taskQueue, args } as unknown as WorkflowStartOptions<F>;
    const handle = await client.workflow.start<F>(type, options);
    fake.cancel = async () => {
      await handle.cancel();
    };
    try {
      return await Promise.race([test(handle), died]);
    } finally {
      releaseGates();
      await end(client, workflowId);
    }
  };
  return {
    client,
    migrate: (fake, test, args = [{ migration: 'case-states' }]) => start('migrate', fake, test, args),
    repair: (fake, input, test) => start('repair', fake, test, [input]),
    replay: (fake, input, test) => start('replay', fake, test, [input]),
    resync: (fake, input, test) => start('resync', fake, test, [input]),
    undo: (fake, input, test) => start('undo', fake, test, [input]),
    abandon: (fake, input, test) => start('abandon', fake, test, [input]),
    verify: (fake, input, test) => start('verify', fake, test, [input]),
    forecast: (fake, input, test) => start('forecast', fake, test, [input]),
    close: async () => {
      worker.shutdown();
      await running;
      await clientConnection.close();
      await connection.close();
    },
  };
}

/** Leads each call to the fakes of the workflow that it comes from. */
function dispatch(fakes: ReadonlyMap<string, FakeRun>): Dependencies {
  const part = <K extends keyof Dependencies>(key: K): Dependencies[K] =>
    new Proxy({} as Dependencies[K], {
      get: (_, name): unknown => {
        const fake = fakes.get(activityInfo().workflowExecution!.workflowId);
        return Reflect.get(fake!.dependencies[key], name);
      },
    });
  return {
    mappings: part('mappings'),
    runs: part('runs'),
    steps: part('steps'),
    verifications: part('verifications'),
    forecasts: part('forecasts'),
    quarantine: part('quarantine'),
  };
}

/** Ends the newest run of a workflow where a failed test has left it. */
async function end(client: Client, workflowId: string): Promise<void> {
  const handle = client.workflow.getHandle(workflowId);
  const { status } = await handle.describe();
  if (status.name === 'RUNNING') await handle.terminate('the test is over');
}

export const progressOf = (handle: MigrateHandle): Promise<Progress> => handle.query<Progress>('status');

/** Waits until the progress is as asked for. */
export async function until(handle: MigrateHandle, isSo: (progress: Progress) => boolean): Promise<Progress> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const progress = await progressOf(handle);
    if (isSo(progress)) return progress;
    if (Date.now() > deadline) throw new Error(`the progress stays ${JSON.stringify(progress)}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** What the Temporal UI shows as the workflow's current details. */
export async function currentDetails(handle: MigrateHandle): Promise<string> {
  const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
  return currentDetails;
}

/** Activities in the order in which they were scheduled, with what the UI shows beside them. */
export function scheduledActivities(history: History): { type: string; summary: string | undefined }[] {
  return (history.events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled, userMetadata }) => {
    if (!scheduled) return [];
    const summary = userMetadata?.summary
      ? defaultPayloadConverter.fromPayload<string>(userMetadata.summary)
      : undefined;
    return [{ type: scheduled.activityType?.name ?? '', summary }];
  });
}

/** The failure that a workflow ended with: its type and message, without wrapping. */
export async function failureOf(handle: MigrateHandle): Promise<{ name: string; type?: string; message: string }> {
  try {
    await handle.result();
  } catch (error) {
    const { cause } = error as { cause: { name: string; type?: string; message: string } };
    return cause;
  }
  throw new Error('the workflow did not fail');
}
