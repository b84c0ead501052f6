/** A worker and a client on the private Temporal of this run of the tests. */
import { randomUUID } from 'node:crypto';
import { activityInfo } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import type { Dependencies } from '../../activities/dependencies';
import { createWorker } from '../../worker/create-worker';
import type { MigrateInput, MigrateResult, Progress } from '../../shared/messages';
import { workflowBundle } from './bundle';
import { releaseGates } from './gate';
import type { FakeRun } from './fake-activities';
import { services } from './servers';

/** As a start by hand has it: only a schedule's start can be missed. */
export type Migrate = (input?: MigrateInput) => Promise<MigrateResult>;
export type MigrateHandle = WorkflowHandleWithFirstExecutionRunId<Migrate>;
export type History = Awaited<ReturnType<MigrateHandle['fetchHistory']>>;

export interface TestTemporal {
  readonly client: Client;
  /** Starts `migrate` over the fakes, and ends it with `test`. */
  migrate<T>(fake: FakeRun, test: (handle: MigrateHandle) => Promise<T>, args?: [input?: MigrateInput]): Promise<T>;
  close(): Promise<void>;
}

/**
 * Connects, and runs one worker on a task queue of its own: each start and end of a worker takes a second.
 *
 * @param address the group's private server unless given
 */
export async function openTemporal(address = services().temporal.address): Promise<TestTemporal> {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
  });
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
  return {
    client,
    migrate: async (fake, test, args = [{ migration: 'case-states' }]) => {
      const workflowId = randomUUID();
      fakes.set(workflowId, fake);
      // By name: the function itself would be loaded outside of the sandbox.
      const handle = await client.workflow.start<Migrate>('migrate', { workflowId, taskQueue, args });
      fake.cancel = async () => {
        await handle.cancel();
      };
      try {
        return await Promise.race([test(handle), died]);
      } finally {
        releaseGates();
        await end(client, workflowId);
      }
    },
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
  return { mappings: part('mappings'), runs: part('runs'), steps: part('steps') };
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
