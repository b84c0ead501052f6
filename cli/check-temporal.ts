/** The preflight's part that Temporal answers. */
import type { Config } from '../config';
import type { CheckOutcome } from '../database/preflight/check';
import type { Temporal } from './temporal';
import { hasWorker, registerCommand, searchAttributes, withTemporal } from './temporal';
import { UserError } from './user-error';

const NAMES = ['temporal reachable', 'search attributes', 'worker'] as const;

/** Reachability with namespace, search attributes, and (as a warning) a worker on the queue. */
export async function checkTemporal(config: Config): Promise<CheckOutcome[]> {
  const [reachable, attributes, worker] = NAMES;
  try {
    return await withTemporal(config, async (temporal) => [
      { name: reachable, status: 'ok', sentences: [] },
      outcome(attributes, 'problem', await attributeProblems(temporal)),
      outcome(worker, 'warning', await workerProblems(config, temporal)),
    ]);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const skipped = [`Not looked at, since "${reachable}" failed.`];
    return [
      { name: reachable, status: 'problem', sentences: [error.message] },
      { name: attributes, status: 'skipped', sentences: skipped },
      { name: worker, status: 'skipped', sentences: skipped },
    ];
  }
}

const outcome = (name: string, severity: 'problem' | 'warning', sentences: string[]): CheckOutcome => ({
  name,
  status: sentences.length === 0 ? 'ok' : severity,
  sentences,
});

async function attributeProblems(temporal: Temporal): Promise<string[]> {
  const states = await searchAttributes(temporal);
  // A server that does not tell (Temporal Cloud) says so when a run starts.
  const named = [...(states ?? [])];
  const missing = named.filter(([, state]) => state === 'missing').map(([name]) => name);
  const other = named.filter(([, state]) => state === 'other type').map(([name]) => name);
  return [
    ...(missing.length === 0
      ? []
      : [
          `The namespace "${temporal.namespace}" lacks the search attributes ${missing.join(', ')}; run \`carryover setup\`, or: ${registerCommand(missing, temporal.namespace)}`,
        ]),
    ...other.map(
      (name) => `The search attribute ${name} is registered with another type; remove it, and run \`carryover setup\`.`,
    ),
  ];
}

async function workerProblems(config: Config, temporal: Temporal): Promise<string[]> {
  if (await hasWorker(temporal, config.taskQueue)) return [];
  return [
    `No worker polls the task queue "${config.taskQueue}"; start one with \`npm run worker\`, or name its queue in CARRYOVER_TASK_QUEUE.`,
  ];
}
