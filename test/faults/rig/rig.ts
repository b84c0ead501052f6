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
import { startServers } from './servers';
import type { Servers } from './servers';

export interface Rehearsal {
  readonly evidence: Evidence;
  /** Points in the order in which they are passed first. */
  readonly points: readonly Point[];
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

/** Runs a scenario undisturbed. */
export async function rehearse(rig: Rig, scenario: Scenario): Promise<Rehearsal> {
  const lane = await openLane(rig, scenario);
  const reader = readLedger(lane.pair.targetUrl);
  try {
    const points = new Set<Point>();
    await lane.startWorker(scenario.stops, { trace: ({ point }) => points.add(point) });
    const outcome = await scenario.drive(lane, rig.operator);
    await reader.stop();
    const evidence = await gather(lane, outcome);
    const wrong = [...reader.violations, ...differencesOf(evidence, { ...evidence, writtenTwice: 0, stages: [] })];
    if (wrong.length > 0) throw new Error(`${scenario.name}, undisturbed: ${wrong.join('; ')}`);
    return { evidence, points: [...points], snapshots: reader.snapshots };
  } finally {
    await reader.stop();
    await lane.drop();
  }
}
