/** Rehearses the scenarios and goes through faults, many runs side by side. */
import { broken, faultServer, faultWorkers as faultProcess } from './case';
import type { Fault, Outcome } from './case';
import { rehearse } from './rig';
import type { Rehearsal, Rig } from './rig';
import { SCENARIOS } from './scenarios';
import type { Scenario } from './scenarios';
import { SERVERS } from './servers';

export interface Pace {
  /** Processes of workers that die side by side: what they leave waits for the heartbeat's time-out most of its time. */
  readonly lanes: number;
  /** Runs that a process of workers dies under at once. */
  readonly perWorker: number;
  /** Runs that a server dies under at once. */
  readonly perServer: number;
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

type Rehearsals = ReadonlyMap<Scenario, Rehearsal>;

/** Faults of workers. Those that are stopped come first: they take longest. */
export async function faultWorkers(
  rig: Rig,
  faults: readonly Fault[],
  rehearsals: Rehearsals,
  { lanes, perWorker, tell, isStopped }: Pace,
): Promise<void> {
  const victims = ['stopped', 'worker'] as const;
  const waves = victims.flatMap((victim) =>
    chunks(
      faults.filter((fault) => fault.victim === victim),
      perWorker,
    ).map((wave) => ({ victim, wave })),
  );
  await inLanes(lanes, waves, async ({ victim, wave }) => {
    if (isStopped()) return;
    const done = await guarded(wave, () => faultProcess(rig, victim, wave, (scenario) => rehearsals.get(scenario)!));
    done.forEach(tell);
  });
}

/** Faults of servers: as many at once as a kill may have. Returns how often a server was killed. */
export async function faultServers(
  rig: Rig,
  faults: readonly Fault[],
  rehearsals: Rehearsals,
  { perServer, tell, isStopped }: Pace,
): Promise<number> {
  let kills = 0;
  for (const server of SERVERS) {
    const own = faults.filter(({ victim }) => victim === server);
    for (const wave of chunks(own, perServer)) {
      if (isStopped()) return kills;
      kills += 1;
      const done = await guarded(
        wave,
        () => faultServer(rig, server, wave, (scenario) => rehearsals.get(scenario)!),
        () => rig.servers.restart(),
      );
      done.forEach(tell);
    }
  }
  return kills;
}

const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));

async function guarded(
  wave: readonly Fault[],
  work: () => Promise<Outcome[]>,
  mend: () => Promise<void> = () => Promise.resolve(),
): Promise<Outcome[]> {
  try {
    return await work();
  } catch (error) {
    await mend();
    return wave.map((fault) => broken(fault, error));
  }
}

async function inLanes<T>(lanes: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(lanes, queue.length) }, lane));
}
