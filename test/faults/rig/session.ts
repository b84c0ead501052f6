/** Rehearses the scenarios and goes through faults, many runs side by side. */
import { faultServer, faultWorker } from './case';
import type { Fault, Outcome } from './case';
import { rehearse } from './rig';
import type { Rehearsal, Rig } from './rig';
import { SCENARIOS } from './scenarios';
import type { Scenario } from './scenarios';
import { SERVERS } from './servers';
import type { Server } from './servers';

export interface Pace {
  /** Runs whose worker dies, side by side: each waits for the heartbeat's time-out most of its time. */
  readonly lanes: number;
  /** Runs that a server dies under at once. */
  readonly perKill: number;
  readonly tell: (outcome: Outcome) => void;
  readonly isStopped: () => boolean;
}

export async function rehearseAll(
  rig: Rig,
  scenarios: readonly Scenario[] = SCENARIOS,
): Promise<Map<Scenario, Rehearsal>> {
  const rehearsals = new Map<Scenario, Rehearsal>();
  await inLanes(4, scenarios, async (scenario) => {
    rehearsals.set(scenario, await rehearse(rig, scenario));
  });
  return new Map(scenarios.map((scenario) => [scenario, rehearsals.get(scenario)!]));
}

/** Faults of workers: each in a lane of its own. */
export async function faultWorkers(
  rig: Rig,
  faults: readonly Fault[],
  rehearsals: ReadonlyMap<Scenario, Rehearsal>,
  { lanes, tell, isStopped }: Pace,
): Promise<void> {
  await inLanes(lanes, faults, async (fault) => {
    if (!isStopped()) tell(await guarded(fault, () => faultWorker(rig, fault, rehearsals.get(fault.scenario)!)));
  });
}

/** Faults of servers: as many at once as a kill may have. Returns how often a server was killed. */
export async function faultServers(
  rig: Rig,
  faults: readonly Fault[],
  rehearsals: ReadonlyMap<Scenario, Rehearsal>,
  { perKill, tell, isStopped }: Pace,
): Promise<number> {
  let kills = 0;
  for (const server of SERVERS) {
    const own = faults.filter(({ victim }) => victim === server);
    for (let from = 0; from < own.length && !isStopped(); from += perKill) {
      kills += 1;
      await wave(rig, server, own.slice(from, from + perKill), rehearsals, tell);
    }
  }
  return kills;
}

async function wave(
  rig: Rig,
  server: Server,
  faults: readonly Fault[],
  rehearsals: ReadonlyMap<Scenario, Rehearsal>,
  tell: Pace['tell'],
): Promise<void> {
  try {
    for (const each of await faultServer(rig, server, faults, (scenario) => rehearsals.get(scenario)!)) tell(each);
  } catch (error) {
    await rig.servers.restart();
    for (const fault of faults) tell(broken(fault, error));
  }
}

async function guarded(fault: Fault, work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    return broken(fault, error);
  }
}

const broken = (fault: Fault, error: unknown): Outcome => ({
  fault,
  problems: [`the test broke off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`],
  snapshots: 0,
  seconds: 0,
});

async function inLanes<T>(lanes: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(lanes, queue.length) }, lane));
}
