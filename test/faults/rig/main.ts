/** All faults: what `npm run test:faults` does. */
import { join } from 'node:path';
import { VICTIMS } from './case';
import type { Fault, Outcome, Victim } from './case';
import { faultsOf, sitesOf, unreached } from './plan';
import { openRig } from './rig';
import type { Rig } from './rig';
import { SCENARIOS } from './scenarios';
import { faultServers, faultWorkers, rehearseAll } from './session';

export interface Options {
  /** A folder for the homes of its servers. */
  readonly home: string;
  readonly only?: string;
  readonly process?: string;
  readonly lanes?: number;
  readonly perWorker?: number;
  readonly perServer?: number;
  readonly say: (line: string) => void;
  readonly isStopped: () => boolean;
}

export interface Summary {
  readonly points: number;
  /** Moments at which something dies: before and after each point, the moment between two of an activity once. */
  readonly places: number;
  readonly faults: number;
  readonly passed: number;
  readonly failures: readonly { readonly name: string; readonly problems: readonly string[] }[];
  readonly serverKills: number;
  readonly snapshots: number;
  /** Of retries before which Temporal lost no attempt. */
  readonly slowestRetry: number;
  /** Deaths of a worker after which Temporal gave an attempt to nobody. */
  readonly undelivered: number;
  readonly slowestEnd: number;
  readonly seconds: number;
}

export const nameOf = ({ place, victim, scenario }: Fault): string =>
  `${victim} ${place.moment} ${place.point} (${scenario.name})`;

const LANES = 2;
const PER_WORKER = 6;
const PER_SERVER = 20;
/** Of the deaths of a worker, those after which Temporal may lose an attempt. */
const UNDELIVERED_SHARE = 0.01;

/** @throws Error where a name that was given is none */
export async function runFaults(options: Options): Promise<Summary> {
  const started = Date.now();
  const { say, only, isStopped } = options;
  const victims = VICTIMS.filter((victim) => options.process === undefined || victim === options.process);
  if (victims.length === 0) throw new Error(`there is no process "${options.process}"; known: ${VICTIMS.join(', ')}`);
  // Two sets of servers: workers die over one while servers die under the other.
  const rigs: Rig[] = [];
  try {
    for (const name of ['workers', 'servers']) rigs.push(await openRig(join(options.home, name)));
    const [forWorkers, forServers] = rigs as [Rig, Rig];
    const rehearsals = await rehearseAll(forWorkers);
    const sites = sitesOf(rehearsals);
    const missing = unreached(sites);
    const points = new Set(sites.map(({ place }) => place.point)).size;
    const between = 2 * points - sites.length;
    say(
      `${SCENARIOS.length} scenarios pass ${points} points: ${sites.length} places, of which ${between} are after one and before the next (${since(started)} s)`,
    );
    const faults = faultsOf(sites, victims).filter(({ place }) => only === undefined || isMeant(only, place.point));
    if (faults.length === 0) throw new Error(`no run passes a point "${only}"`);
    const outcomes: Outcome[] = [];
    const tell = (outcome: Outcome): void => {
      outcomes.push(outcome);
      const { problems, seconds, retried, fault } = outcome;
      const after = retried === undefined ? '' : `, tried again after ${retried.toFixed(1)} s`;
      const count = `${outcomes.length}/${faults.length}`;
      if (problems.length > 0) say(`FAILED ${nameOf(fault)}:\n    ${problems.join('\n    ')}`);
      else say(`${count} ${nameOf(fault)}: ended after ${seconds.toFixed(1)} s${after}`);
    };
    const { lanes = LANES, perWorker = PER_WORKER, perServer = PER_SERVER } = options;
    const pace = { lanes, perWorker, perServer, tell, isStopped };
    const isOfWorker = ({ victim }: Fault): boolean => (['worker', 'stopped'] as Victim[]).includes(victim);
    const [serverKills] = await Promise.all([
      faultServers(
        forServers,
        faults.filter((fault) => !isOfWorker(fault)),
        rehearsals,
        pace,
      ),
      faultWorkers(forWorkers, faults.filter(isOfWorker), rehearsals, pace),
    ]);
    const failures = outcomes
      .filter(({ problems }) => problems.length > 0)
      .map(({ fault, problems }) => ({ name: nameOf(fault), problems }));
    if (missing.length > 0) failures.push({ name: 'points that no scenario passes', problems: missing });
    const delivered = outcomes.filter(({ undelivered }) => undelivered !== true);
    const undelivered = outcomes.length - delivered.length;
    const deaths = outcomes.filter(({ fault }) => fault.victim === 'worker').length;
    if (undelivered > Math.max(1, deaths * UNDELIVERED_SHARE)) {
      const problems = [`after ${undelivered} of ${deaths} deaths: more than a busy server explains`];
      failures.push({ name: 'attempts that came to no worker', problems });
    }
    return {
      points,
      places: sites.length,
      faults: faults.length,
      passed: outcomes.filter(({ problems }) => problems.length === 0).length,
      failures,
      serverKills,
      snapshots: outcomes.reduce((sum, { snapshots }) => sum + snapshots, 0),
      slowestRetry: Math.max(0, ...delivered.map(({ retried }) => retried ?? 0)),
      undelivered,
      slowestEnd: Math.max(0, ...outcomes.map(({ seconds }) => seconds)),
      seconds: (Date.now() - started) / 1000,
    };
  } finally {
    await Promise.all(rigs.map((rig) => rig.close()));
  }
}

/** A point by its name, or all whose names begin alike: `verify.*`. */
const isMeant = (only: string, point: string): boolean =>
  only.endsWith('*') ? point.startsWith(only.slice(0, -1)) : point === only;

const since = (started: number): string => ((Date.now() - started) / 1000).toFixed(0);
