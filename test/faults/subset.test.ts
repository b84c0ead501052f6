/** A fixed part of `npm run test:faults`: each process dies at each kind of place. */
import type { Point } from '../../database/points';
import { newHome } from '../support/servers';
import { SERVERS } from './rig/servers';
import type { Server } from './rig/servers';
import type { Fault, Outcome, Victim } from './rig/case';
import { nameOf } from './rig/main';
import { OUTSIDE, sitesOf, unreached } from './rig/plan';
import type { Site } from './rig/plan';
import { openRig } from './rig/rig';
import type { Rehearsal, Rig } from './rig/rig';
import type { Scenario } from './rig/scenarios';
import { faultServers, faultWorkers, rehearseAll } from './rig/session';
import type { Moment } from './rig/worker';

type Spot = readonly [Moment, Point];

/** Around what is written for good: by the run, by its steps, by people, at its end. */
const COMMITS: readonly Spot[] = [
  ['before', 'run.open.commit'],
  ['after', 'again.cut'],
  ['after', 'attempt.drawToken'],
  ['after', 'extract.commit'],
  ['before', 'load.commit'],
  ['after', 'load.commit'],
  ['after', 'park.commit'],
  ['after', 'decide.commit'],
  ['after', 'finish.close'],
];

/** In the midst of what a worker does: what it leaves is half done. */
const MIDST: readonly Spot[] = [
  ['before', 'source.read'],
  ['after', 'load.write'],
  ['after', 'load.settle'],
  ['before', 'report.save'],
];

const PLACES: Readonly<Record<Victim, readonly Spot[]>> = {
  worker: [...COMMITS, ...MIDST],
  MariaDB: [
    ['before', 'source.boundKey'],
    ['before', 'source.lastKey'],
    ['after', 'source.count'],
    ['before', 'source.read'],
    ['before', 'source.sum'],
    ['before', 'source.hashes'],
    ['after', 'load.insertFresh'],
  ],
  PostgreSQL: [...COMMITS, ['before', 'extract.copy'], ['after', 'load.write'], ['before', 'validate.record']],
  Temporal: COMMITS,
  stopped: [
    ['before', 'attempt.lock'],
    ['before', 'load.commit'],
    ['before', 'extract.copy'],
    ['before', 'validate.record'],
  ],
};

let rig: Rig;
let rehearsals: Map<Scenario, Rehearsal>;
let sites: Site[];

beforeAll(async () => {
  rig = await openRig(newHome());
  rehearsals = await rehearseAll(rig);
  sites = sitesOf(rehearsals, false);
}, 180_000);

afterAll(() => rig?.close(), 60_000);

const faultsAt = (victim: Victim): Fault[] =>
  PLACES[victim].map(([moment, point]) => {
    const site = sites.find(({ place }) => place.point === point && place.moment === moment);
    if (site === undefined) throw new Error(`no run passes ${point}`);
    return { ...site, victim };
  });

/** Every fault with what went wrong, so that a failure shows all of them. */
async function outcomesOf(
  faults: readonly Fault[],
  run: (tell: (outcome: Outcome) => void) => Promise<unknown>,
): Promise<void> {
  const outcomes: Outcome[] = [];
  await run((outcome) => outcomes.push(outcome));
  const wrong = outcomes.filter(({ problems }) => problems.length > 0);
  expect(wrong.map(({ fault, problems }) => [nameOf(fault), ...problems])).toEqual([]);
  expect(outcomes).toHaveLength(faults.length);
}

const pace = { lanes: 3, perWorker: 6, perServer: 12, isStopped: () => false };

describe('the points of database/', () => {
  it('are each passed by a scenario, or known to be outside of a run', () => {
    expect(unreached(sites)).toEqual([]);
    for (const [points] of OUTSIDE) {
      expect(sites.filter(({ place }) => points.test(place.point)).map(({ place }) => place.point)).toEqual([]);
    }
  });
});

describe('a run ends as if nothing had been, within a minute, when', () => {
  it.each<Server>([...SERVERS])(
    '%s is killed under it',
    async (server) => {
      const faults = faultsAt(server);
      await outcomesOf(faults, (tell) => faultServers(rig, faults, rehearsals, { ...pace, tell }));
    },
    240_000,
  );

  it('its worker is killed, or stopped until another has taken over', async () => {
    // The slowest first: Temporal hands a stopped worker what is to be tried again, until its open polls are used up.
    const faults = [...faultsAt('stopped'), ...faultsAt('worker')];
    await outcomesOf(faults, (tell) => faultWorkers(rig, faults, rehearsals, { ...pace, tell }));
  }, 300_000);
});
