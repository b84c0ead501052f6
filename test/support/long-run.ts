/** One long run over fake activities on a Temporal of its own: how fast it is, and how large what it leaves there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogEntry } from '@temporalio/worker';
import { FakeRun } from './fake-activities';
import { historiesOf } from './histories';
import { startOwnTemporal } from './own-temporal';
import { newHome } from './servers';
import { openTemporal } from './temporal';
import type { History } from './temporal';

export interface LongRun {
  readonly seconds: number;
  readonly histories: number;
  readonly eventsPerBatch: number;
  /** Of the largest history. */
  readonly events: number;
  readonly bytes: number;
  /** Bytes of the largest single payload: an input, a result, a summary, a search attribute. */
  readonly payload: number;
  /** What worker, SDK or server warned of. */
  readonly warnings: readonly string[];
}

export async function longRun(batches: number): Promise<LongRun> {
  const log = join(newHome(), 'temporal.log');
  const server = await startOwnTemporal({ log, forgetful: true });
  const logged: LogEntry[] = [];
  const temporal = await openTemporal(server.address, logged);
  try {
    const fake = new FakeRun({ batches, concurrency: 8, hasty: true });
    return await temporal.migrate(fake, async (handle) => {
      const begun = Date.now();
      const { pending, source } = await handle.result();
      const seconds = (Date.now() - begun) / 1000;
      const all = Array.from({ length: batches }, (_, index) => index + 1);
      if (pending !== 0 || source !== fake.totals(all).source) throw new Error(`${pending} of ${source} are pending`);
      const histories = await historiesOf(temporal.client, handle.workflowId, handle.firstExecutionRunId);
      const events = histories.map((history) => history.events!.length);
      return {
        seconds,
        histories: histories.length,
        eventsPerBatch: events.reduce((sum, count) => sum + count, 0) / batches,
        events: Math.max(...events),
        bytes: Math.max(...histories.map(sizeOf)),
        payload: histories.flatMap((history) => payloadsIn(history)).reduce((most, size) => Math.max(most, size), 0),
        warnings: [...logged.map(({ message }) => message), ...warningsIn(readFileSync(log, 'utf8'))],
      };
    });
  } finally {
    await temporal.close();
    await server.stop();
  }
}

/** Bytes of a history, as the server tells each workflow task. */
function sizeOf({ events }: History): number {
  return Math.max(...events!.map((event) => Number(event.workflowTaskStartedEventAttributes?.historySizeBytes ?? 0)));
}

function payloadsIn(value: unknown): number[] {
  if (typeof value !== 'object' || value === null) return [];
  if (value instanceof Uint8Array) return [value.length];
  return Object.values(value).flatMap(payloadsIn);
}

/** Lines of the server's log that are about a workflow, and not about its own start. */
function warningsIn(text: string): string[] {
  return text.split('\n').filter((line) => line.includes('wf-') && /warn|error/i.test(line));
}

export function describeRun(batches: number, run: LongRun): string {
  return [
    `${batches} batches: ${run.seconds.toFixed(1)} s, ${(batches / run.seconds).toFixed(1)} batches/s,`,
    `${run.histories} histories, ${run.eventsPerBatch.toFixed(1)} events a batch;`,
    `largest history ${run.events} events, ${(run.bytes / 1024).toFixed(0)} KiB; largest payload ${run.payload} bytes`,
  ].join(' ');
}
