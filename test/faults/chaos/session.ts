/** Many runs: those that meet their own faults alone side by side, those that kill servers one after the other. */
import { createOperator } from '../rig/operator';
import { createClinic } from '../rig/seeds';
import { startServers } from '../rig/servers';
import { drawPlan, killsServers, sayStep } from './plan';
import type { Plan } from './plan';
import { runPlan } from './run';
import type { Result, RunOptions, Stand } from './run';

export interface ChaosOptions {
  readonly seed: number;
  /** Numbers of the runs. */
  readonly runs: readonly number[];
  /** Milliseconds from the last fault to the end. */
  readonly patience: number;
  /** Runs at once on one set of servers. */
  readonly lanes: number;
  /** Folders for sets of servers: with a second one, runs that kill servers go on beside the others. */
  readonly homes: readonly string[];
  readonly keep: string;
  readonly say: (line: string) => void;
  /** Told each event of a run. */
  readonly tell?: (line: string) => void;
}

/** @throws where even an undisturbed run is not as it must be */
export async function runChaos(options: ChaosOptions): Promise<Result[]> {
  const plans = options.runs.map((run) => drawPlan(options.seed, run));
  const [killing, others] = [plans.filter(killsServers), plans.filter((plan) => !killsServers(plan))];
  const homes = killing.length > 0 && others.length > 0 ? options.homes : options.homes.slice(0, 1);
  const stands: Stand[] = [];
  try {
    // One after the other: two first starts at once fight for the same folders.
    for (const home of homes) stands.push(await openStand(home));
    const [first, second = first] = stands as [Stand, Stand?];
    const undisturbed = await rehearse(first, options);
    const results: Result[] = [];
    const work = async (stand: Stand, queue: Plan[]): Promise<void> => {
      for (let plan = queue.shift(); plan !== undefined; plan = queue.shift()) {
        const result = await runPlan(stand, plan, { ...options, undisturbed });
        results.push(result);
        options.say(sayResult(result));
      }
    };
    const quiet = Array.from({ length: options.lanes }, () => work(first, others));
    if (second === first) await Promise.all(quiet);
    await Promise.all([...quiet, work(second, killing)]);
    return results;
  } finally {
    await Promise.all(stands.map(closeStand));
  }
}

async function openStand(home: string): Promise<Stand> {
  const servers = await startServers(home);
  try {
    const operator = await createOperator(servers.services.temporal.address);
    return { servers, operator, seed: await createClinic(servers.services) };
  } catch (error) {
    await servers.stop();
    throw error;
  }
}

async function closeStand({ servers, operator }: Stand): Promise<void> {
  await operator.close().catch(() => undefined);
  await servers.stop();
}

/** What a run leaves that nothing befalls. */
async function rehearse(
  stand: Stand,
  { patience, keep }: Pick<RunOptions, 'patience' | 'keep'>,
): Promise<Result['evidence']> {
  const input = { batchRows: 40, concurrency: 2, maxParked: 10 };
  const plan: Plan = { seed: 0, run: 0, input, workers: [{ delays: [], ambush: null }], poisoned: null, steps: [] };
  const { problems, evidence } = await runPlan(stand, plan, { patience, keep, undisturbed: null });
  if (problems.length > 0) throw new Error(`An undisturbed run is not as it must be: ${problems.join('; ')}`);
  return evidence;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export const faultsOf = ({ workers, steps }: Plan): string[] => [
  ...workers.flatMap(({ ambush }) => (ambush === null ? [] : [`${ambush.act} at ${ambush.moment} ${ambush.point}`])),
  ...steps.map(sayStep),
];

function sayResult({ plan, problems, took, settled }: Result): string {
  const after = settled === null ? 'no end' : `${seconds(settled)} after the last fault`;
  const line =
    `${problems.length === 0 ? 'ok    ' : 'FAILED'} seed ${plan.seed} run ${plan.run}: ${seconds(took)}, ${after}: ` +
    faultsOf(plan).join(', ');
  return [line, ...problems.map((problem) => `         ${problem}`)].join('\n');
}

/** The figures of all runs. */
export function summarize(results: readonly Result[]): string[] {
  const counts = { faults: new Map<string, number>(), verbs: new Map<string, number>() };
  const count = (map: Map<string, number>, name: string): unknown => map.set(name, (map.get(name) ?? 0) + 1);
  for (const { plan, answers } of results) {
    for (const { verb, fate } of answers) count(counts.verbs, `${verb} ${fate}`);
    for (const step of plan.steps) if (step.kind !== 'verb') count(counts.faults, sayStep(step));
    for (const { ambush } of plan.workers) if (ambush !== null) count(counts.faults, `${ambush.act} at a point`);
    if (plan.poisoned !== null) count(counts.faults, 'poison a batch');
  }
  const list = (map: Map<string, number>): string =>
    [...map]
      .sort()
      .map(([name, times]) => `${name} ${times}`)
      .join(', ') || 'none';
  const ends = results.flatMap(({ settled }) => (settled === null ? [] : [settled]));
  return [
    `Faults: ${list(counts.faults)}.`,
    `Verbs: ${list(counts.verbs)}.`,
    `Longest from the last fault to the end: ${ends.length === 0 ? 'none ended' : seconds(Math.max(...ends))}.`,
    `Snapshots of the ledger: ${results.reduce((sum, { snapshots }) => sum + snapshots, 0)}.`,
  ];
}
