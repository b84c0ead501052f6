/** A set of servers with seeds, an operator, and what each scenario leaves and passes where nothing disturbs it. */
import { mkdirSync } from 'node:fs';
import type { Point } from '../../../database/points';
import { differencesOf, numberRuns, readEvidence } from './evidence';
import type { Evidence } from './evidence';
import { readLedger } from './ledger-reader';
import { HostPool } from './host-pool';
import { Lane } from './lane';
import { createOperator } from './operator';
import type { Operator } from './operator';
import type { Scenario } from './scenarios';
import { createSeeds } from './seeds';
import type { Seeds } from './seeds';
import type { Moment, Passed } from './worker';
import { startServers } from './servers';
import type { Servers } from './servers';

export interface Rehearsal {
  readonly evidence: Evidence;
  /** Points in the order in which they are passed first. */
  readonly points: readonly Point[];
  /** For a point, the one that its activity comes to next: after the one is before the other. */
  readonly next: ReadonlyMap<Point, Point>;
  readonly snapshots: number;
}

export interface Rig {
  readonly servers: Servers;
  readonly operator: Operator;
  readonly seeds: Seeds;
  readonly hosts: HostPool;
  close(): Promise<void>;
}

/** @param home a folder of its own for the servers */
export async function openRig(home: string): Promise<Rig> {
  mkdirSync(home, { recursive: true });
  const servers = await startServers(home);
  const operator = await createOperator(servers.services.temporal.address);
  const seeds = await createSeeds(servers.services, operator);
  const hosts = new HostPool(servers.services.temporal.address);
  return {
    servers,
    operator,
    seeds,
    hosts,
    close: async () => {
      await hosts.close();
      await operator.close();
      await servers.stop();
    },
  };
}

/** A fresh pair for a scenario, prepared. */
export async function openLane(
  { servers, seeds }: Rig,
  { seed, mapping, prepare }: Scenario,
  taskQueue?: string,
): Promise<Lane> {
  const lane = await Lane.clone(servers.services, seeds[seed], mapping, taskQueue);
  await prepare?.(lane);
  return lane;
}

/** What a run has left, with what its last workflow ended with. */
export async function gather(lane: Lane, outcome: unknown): Promise<Evidence> {
  const [row] = await lane.onTarget<Record<string, unknown>>(readEvidence(lane.mapping));
  return numberRuns({ outcome, ...row });
}

/**
 * The points in their order, and which follow each other: where an activity goes from one statement to the next, and passes
 * both for the first time, the moment after the one is the moment before the other.
 */
function orderOf(passed: readonly Passed[]): Pick<Rehearsal, 'points' | 'next'> {
  const points = [...new Set(passed.map(({ point }) => point))];
  const first = (point: Point, moment: Moment): number =>
    passed.findIndex((each) => each.point === point && each.moment === moment);
  const next = new Map<Point, Point>();
  for (const point of points) {
    const at = first(point, 'after');
    if (at < 0) continue;
    const { activity } = passed[at]!;
    const following = passed.findIndex((each, index) => index > at && activity !== null && each.activity === activity);
    if (following < 0) continue;
    const { point: other, moment } = passed[following]!;
    if (moment === 'before' && first(other, 'before') === following) next.set(point, other);
  }
  return { points, next };
}

/** Runs a scenario undisturbed. */
export async function rehearse(rig: Rig, scenario: Scenario): Promise<Rehearsal> {
  const lane = await openLane(rig, scenario);
  const reader = readLedger(lane.pair.targetUrl);
  try {
    const passed: Passed[] = [];
    await lane.startWorker(scenario.stops, { trace: (each) => passed.push(each) });
    const outcome = await scenario.drive(lane, rig.operator);
    await reader.stop();
    const evidence = await gather(lane, outcome);
    const wrong = [...reader.violations, ...differencesOf(evidence, { ...evidence, writtenTwice: 0, stages: [] })];
    if (wrong.length > 0) throw new Error(`${scenario.name}, undisturbed: ${wrong.join('; ')}`);
    return { evidence, ...orderOf(passed), snapshots: reader.snapshots };
  } finally {
    await reader.stop();
    await lane.drop();
  }
}
