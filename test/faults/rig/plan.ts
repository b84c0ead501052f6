/** Which faults there are: every point of a run's path, at both moments, for everything that can die. */
import { POINTS, TRANSACTIONS } from '../../../database/points';
import type { Point } from '../../../database/points';
import { VICTIMS } from './case';
import type { Fault, Victim } from './case';
import type { Rehearsal } from './rig';
import type { Scenario } from './scenarios';
import type { Place, Stop } from './worker';

/** Points that no run passes, and who passes them. A fault there is the failure of a command, which is given again. */
export const OUTSIDE: readonly (readonly [points: RegExp, who: string])[] = [
  [/^(source|target)\.reach$/, 'the probes of a worker: whether its servers answer'],
  [/^status\./, '`carryover status`'],
  [/^metrics\./, '`/metrics`'],
  [/^baseline\./, '`carryover setup`, which imports what was migrated before'],
  [/^verify\.latestRun$/, '`carryover verify`, and the workflow that it starts'],
  [/^verify\.(ids|openIds|fetchIds|nameIds)(\.|$)/, 'a verification whose source has no SHA-1'],
  [/^verify\.nameErased$/, 'a verification of rows that were erased on both sides'],
  [/^verify\.(splitKey|keySpan)$/, 'a verification that finds a difference among thousands of rows'],
  [/^session\.cancel$/, 'a verification that is cancelled'],
  [/^accept(\.|$)/, '`carryover findings accept`'],
  [/^schedule\./, '`carryover schedule`'],
  [/^(dismiss|purge|quarantine)\./, '`carryover quarantine`'],
  [/^verification\./, '`carryover verify`, `carryover findings`'],
  [/^report\.(stored|latest)$/, '`carryover report`'],
  [
    /^forecast\.(?!leftovers$)/,
    '`carryover forecast`, and the workflow that it starts; a start that finds what a dead one left',
  ],
  [/^gaps\./, '`carryover gaps`'],
  [/^load\.takeUp$/, 'a load that was refused rows for the sake of their neighbours'],
  [/^again\.leftOut$/, 'a run of some rows of a mapping whose key is no number'],
  [/^replay\.standing$/, 'a replay that has nothing to do, and opens no run'],
  [/^preflight\.sourceWhere$/, 'the preflight of a mapping with a rule of exclusion: as its other questions'],
];

/** A place, the scenario that comes there, and what brings it there. */
export type Site = Omit<Fault, 'victim'>;

/**
 * Every place of the scenarios' runs; each point is taken where it is passed first, and the moment between two statements of
 * an activity once: nothing happens in it.
 *
 * @param mergesMoments false where each point is wanted with both of its moments
 */
export function sitesOf(rehearsals: ReadonlyMap<Scenario, Rehearsal>, mergesMoments = true): Site[] {
  const seen = new Map<Point, Omit<Site, 'place'>>();
  for (const [scenario, { points }] of rehearsals) {
    for (const point of points) {
      if (!seen.has(point) && scenario.passesOver?.test(point) !== true) seen.set(point, { scenario });
    }
  }
  for (const name of TRANSACTIONS) {
    const committing = seen.get(`${name}.commit`);
    if (committing === undefined || seen.has(`${name}.rollback`)) continue;
    // Rolled back because the commit fails by a conflict, after which the step is tried again.
    const before: Stop = { point: `${name}.commit`, moment: 'before', nth: 1, fail: '40001' };
    seen.set(`${name}.rollback`, { ...committing, before });
  }
  /** True where a death after the statement is one before the next, which is taken there. */
  const isBeforeNext = (point: Point, { scenario, before }: Omit<Site, 'place'>): boolean => {
    const next = rehearsals.get(scenario)!.next.get(point);
    return mergesMoments && before === undefined && next !== undefined && seen.get(next)?.scenario === scenario;
  };
  return [...seen].flatMap(([point, site]) =>
    (['before', 'after'] as const)
      .filter((moment) => moment === 'before' || !isBeforeNext(point, site))
      .map((moment): Site => ({ ...site, place: { point, moment } satisfies Place })),
  );
}

/** Points that are neither passed nor known to be outside of a run. */
export function unreached(sites: readonly Site[]): Point[] {
  const passed = new Set(sites.map(({ place }) => place.point));
  return POINTS.filter((point) => !passed.has(point) && !OUTSIDE.some(([points]) => points.test(point)));
}

/** Of a worker that is stopped the moments before are enough: what follows a statement belongs to the next. */
export function faultsOf(sites: readonly Site[], victims: readonly Victim[] = VICTIMS): Fault[] {
  return victims.flatMap((victim) =>
    sites.filter(({ place }) => victim !== 'stopped' || place.moment === 'before').map((site) => ({ ...site, victim })),
  );
}
