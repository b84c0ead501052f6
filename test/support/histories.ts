/** Recorded histories: one file per kind of run, an event a line, with nothing in them of the machine that recorded them. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils';
import type { Client } from '@temporalio/client';
import type { History } from './temporal';

const FOLDER = join(__dirname, '..', 'histories');

export interface Recorded {
  /** Name of the file, without its ending. */
  readonly name: string;
  /** The histories of one chain, oldest first. */
  readonly histories: readonly History[];
}

/** The histories of a workflow, oldest first. */
export async function historiesOf(client: Client, workflowId: string, firstRun: string): Promise<History[]> {
  const histories: History[] = [];
  let runId: string | null | undefined = firstRun;
  while (runId) {
    const history: History = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    histories.push(history);
    runId = history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  }
  return histories;
}

export function writeHistories(name: string, histories: readonly History[]): void {
  const neutral = new Neutral();
  const texts = histories.map((history) => {
    const { events } = JSON.parse(historyToJSON(history)) as { events: unknown[] };
    return `[\n${events.map((event) => JSON.stringify(neutral.of(event))).join(',\n')}\n]`;
  });
  writeFileSync(join(FOLDER, `${name}.json`), `[${texts.join(',\n')}]\n`);
}

export function readHistories(): Recorded[] {
  return readdirSync(FOLDER)
    .sort()
    .map((file) => {
      const chain = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as unknown[][];
      return { name: file.replace('.json', ''), histories: chain.map((events) => historyFromJSON({ events })) };
    });
}

/** The same text for what differs with machine, process and time alone; none of it decides what a replay does. */
class Neutral {
  private readonly ids = new Map<string, string>();
  private time = Date.UTC(2026, 0, 1);

  of(value: unknown, key = ''): unknown {
    if (Array.isArray(value)) return value.map((each) => this.of(each));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.of(each, name)]));
    }
    if (typeof value !== 'string') return value;
    if (/identity$/i.test(key)) return 'somebody';
    if (/^(buildId|binaryChecksum)$/.test(key)) return 'build';
    if (key === 'stackTrace') return '';
    if (key === 'taskId') return '1';
    if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return new Date((this.time += 10)).toISOString();
    // The queue that a worker has for itself is named after its process and machine.
    if (key === 'name' && /@|^\d+-|-[0-9a-f]{32}$/.test(value)) return 'queue-of-one-worker';
    return value.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => this.idFor(id));
  }

  private idFor(id: string): string {
    const number = (this.ids.size + 1).toString(16).padStart(12, '0');
    const known = this.ids.get(id) ?? `00000000-0000-4000-8000-${number}`;
    this.ids.set(id, known);
    return known;
  }
}
