/** Faults: runs are held, each at its point, a process dies or stops just there, and each must end as if nothing had been. */
import { setTimeout as sleep } from 'node:timers/promises';
import { differencesOf } from './evidence';
import type { Evidence } from './evidence';
import { startHost } from './host';
import type { Host, HostedRun } from './host';
import type { Lane } from './lane';
import { readLedger } from './ledger-reader';
import type { LedgerReader } from './ledger-reader';
import { retriedAfter } from './retried';
import type { Retried } from './retried';
import { gather, openLane } from './rig';
import type { Rehearsal, Rig } from './rig';
import type { Scenario } from './scenarios';
import { SERVERS } from './servers';
import { gone } from './servers';
import type { Server } from './servers';
import type { Place, Stop } from './worker';

/** What dies; `stopped` is a worker that is stopped while another takes over its work, and then goes on. */
export const VICTIMS = ['worker', ...SERVERS, 'stopped'] as const;
export type Victim = (typeof VICTIMS)[number];

export interface Fault {
  readonly scenario: Scenario;
  readonly place: Place;
  readonly victim: Victim;
  /** What brings the run to its place, where it does not come there by itself. */
  readonly before?: Stop;
}

export interface Outcome {
  readonly fault: Fault;
  /** What went wrong; empty where all is well. */
  readonly problems: readonly string[];
  readonly snapshots: number;
  /** Seconds from the restart of what died to the end of the run. */
  readonly seconds: number;
  /** Seconds from the death of a worker to the retry of what it had in hand. */
  readonly retried?: number;
  /** True where Temporal gave an attempt to nobody, before the one that this retry was. */
  readonly undelivered?: boolean;
}

/** Seconds within which a run must end, once what died is there again. */
const END_WITHIN_S = 60;
/** The same where a worker sleeps in a transaction: its server ends that only after a minute. */
const END_BESIDE_SLEEPER_S = 150;
/** Seconds from the death of a worker within which its work is tried again. */
export const RETRY_WITHIN_S = 20;
/**
 * What an attempt costs that no worker ever saw: its heartbeat's time-out, and the wait before the next. A development server
 * whose disk or processor is busy can record that an attempt has begun, and lose the answer that should have carried it to a worker.
 */
const UNDELIVERED_COSTS_S = 17;
/** Seconds within which an undisturbed run comes to the place of the fault. */
const REACH_WITHIN_S = 100;

const NOT_REACHED = 'the run did not come to this point';

/** A run on its way to the place where something is to happen to it. */
interface Underway {
  readonly fault: Fault;
  readonly lane: Lane;
  readonly run: HostedRun;
  /** Processes that it is one of the runs of. */
  readonly hosts: Host[];
  readonly reader: LedgerReader;
  /** Settles when the run has ended. */
  readonly driven: Promise<unknown>;
  /** Settles when the run is held, with nothing; where it ended, or took too long, without, with what is wrong. */
  readonly reached: Promise<string[]>;
}

async function begin(rig: Rig, fault: Fault, host: Host): Promise<Underway> {
  const { scenario, place, before } = fault;
  const lane = await openLane(rig, scenario, host.taskQueue);
  const stops = [...(scenario.stops ?? []), ...(before ? [before] : []), { ...place, nth: 1 }];
  const run = await lane.openIn(host, stops);
  const reader = readLedger(lane.pair.targetUrl);
  const driven = scenario.drive(lane, rig.operator);
  driven.catch(() => undefined);
  const late = new AbortController();
  const reached = Promise.race([
    run.held.then(() => []),
    driven.then(
      () => [`${NOT_REACHED}, and ended`],
      (error: unknown) => [`${NOT_REACHED}, and broke off: ${String(error)}`],
    ),
    sleep(REACH_WITHIN_S * 1000, [`${NOT_REACHED} in time`], { signal: late.signal }).catch(() => []),
  ]).finally(() => late.abort());
  return { fault, lane, run, hosts: [host], reader, driven, reached };
}

/**
 * What is left of the stage the next start must remove: of a fault in mid-sweep, because somebody still held it; of a worker that was
 * stopped, because it went on staging after the end of its run, until it was told that nobody waits for it.
 */
async function differencesOfRun(
  rig: Rig,
  { fault, lane }: Underway,
  outcome: unknown,
  evidence: Evidence,
): Promise<string[]> {
  const found = await gather(lane, outcome);
  const mayLeaveStage = fault.victim === 'stopped' || fault.place.point.startsWith('sweep.');
  if (!mayLeaveStage) return differencesOf(found, evidence);
  const differences = differencesOf({ ...found, stages: evidence.stages }, evidence);
  if (differences.length > 0 || differencesOf(found, evidence).length === 0) return differences;
  const next = `${lane.name}-sweep`;
  await rig.operator.start('migrate', lane.taskQueue, next, { migration: lane.mapping.name });
  await rig.operator.outcome(next);
  const { stages } = await gather(lane, outcome);
  return differencesOf({ stages }, { stages: evidence.stages });
}

/** Waits for the end of a run, compares what it left with what the undisturbed one did, and clears up. */
async function conclude(rig: Rig, run: Underway, { evidence }: Rehearsal, problems: string[] = []): Promise<Outcome> {
  const { fault, lane, hosts, reader, driven } = run;
  const restarted = Date.now();
  const late = new AbortController();
  try {
    if (problems.length === 0) {
      const ended = driven.then((outcome) => ({ outcome }));
      const over = sleep(END_WITHIN_S * 1000, null, { signal: late.signal });
      over.catch(() => undefined);
      const end = await Promise.race([ended, over]);
      if (end === null) problems.push(`the run did not end within ${END_WITHIN_S} s`);
      else problems.push(...(await differencesOfRun(rig, run, end.outcome, evidence)));
    }
  } catch (error) {
    problems.push(`the run broke off: ${String(error)}`);
  } finally {
    late.abort();
    await reader.stop();
  }
  const seconds = (Date.now() - restarted) / 1000;
  problems.push(...reader.violations);
  if (reader.snapshots === 0) problems.push('the reader saw no snapshot');
  if (problems.length > 0) {
    problems.push(`the workers said: ${hosts.map((host) => host.logOf(lane.name)).join('\n---\n')}`);
  }
  await Promise.all(hosts.map((host) => host.close(lane.name)));
  await lane.drop();
  return { fault, problems, snapshots: reader.snapshots, seconds };
}

type RehearsalOf = (scenario: Scenario) => Rehearsal;

/** A run, and what is wrong with it so far. */
type Begun = readonly [Underway, string[]];

/** Begins runs whose workers are in one process, and waits until each is held; those that could not even begin are outcomes. */
async function beginAll(rig: Rig, faults: readonly Fault[], host: Host): Promise<[Begun[], Outcome[]]> {
  const runs = await Promise.allSettled(faults.map((fault) => begin(rig, fault, host)));
  const failed = runs.flatMap((run, index) => (run.status === 'rejected' ? [broken(faults[index]!, run.reason)] : []));
  const begun = runs.flatMap((run) => (run.status === 'fulfilled' ? [run.value] : []));
  return [await Promise.all(begun.map(async (run): Promise<Begun> => [run, await run.reached])), failed];
}

export const broken = (fault: Fault, error: unknown): Outcome => ({
  fault,
  problems: [`the test broke off: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`],
  snapshots: 0,
  seconds: 0,
});

/** Kills the process of runs that are held, each at its own point, or stops it; another takes over. */
export async function faultWorkers(
  rig: Rig,
  victim: 'worker' | 'stopped',
  faults: readonly Fault[],
  rehearsalOf: RehearsalOf,
): Promise<Outcome[]> {
  const [host, other] = await Promise.all([startHost(rig.servers.services.temporal.address), rig.hosts.take()]);
  try {
    const [begun, failed] = await beginAll(rig, faults, host);
    // It stands by already: what is measured is how soon the death is noticed, not how fast a process starts.
    await Promise.all(begun.map(([{ lane }]) => lane.openIn(other)));
    await other.serve(host.taskQueue);
    for (const [{ hosts }] of begun) hosts.push(other);
    const outcomes =
      victim === 'worker' ? killed(rig, host, begun, rehearsalOf) : stopped(rig, host, begun, rehearsalOf);
    const done = [...failed, ...(await outcomes)];
    await other.leave(host.taskQueue);
    return done;
  } finally {
    host.signal('SIGKILL');
    await Promise.all([host.ended, rig.hosts.give(other)]);
  }
}

/** Whether the attempt before the last was given to nobody: its heartbeat timed out, and no worker says that it came. */
function isUndelivered({ activity, attempt, before }: Retried, { lane, hosts }: Underway): boolean {
  const came = `${activity} attempt ${attempt - 1} is here`;
  return attempt > 2 && before.includes('HEARTBEAT') && !hosts.some((host) => host.logOf(lane.name).includes(came));
}

/** What is wrong with how soon the death of a worker was noticed. */
function lateness(retried: Retried | string | undefined, run: Underway): string[] {
  if (typeof retried === 'string') return [`how soon its work was tried again cannot be read: ${retried}`];
  if (retried === undefined) return [`its work was not tried again, as it is to be within ${RETRY_WITHIN_S} s`];
  const { lane, hosts } = run;
  const { activity, attempt, after, before } = retried;
  if (after <= RETRY_WITHIN_S + (isUndelivered(retried, run) ? UNDELIVERED_COSTS_S : 0)) return [];
  return [
    `${activity} was tried again after ${after.toFixed(1)} s (attempt ${attempt}), not within ${RETRY_WITHIN_S} s`,
    `the attempt before it: ${before}`,
    `the workers said: ${hosts.map((host) => host.logOf(lane.name)).join('\n---\n')}`,
  ];
}

async function killed(rig: Rig, host: Host, begun: readonly Begun[], rehearsalOf: RehearsalOf): Promise<Outcome[]> {
  const at = Date.now();
  host.signal('SIGKILL');
  await gone(host.pid);
  return Promise.all(
    begun.map(async ([run, problems]): Promise<Outcome> => {
      const outcome = await conclude(rig, run, rehearsalOf(run.fault.scenario), problems);
      const retried = await retriedAfter(rig.operator, run.lane, at).catch((error: unknown) => String(error));
      if (retried === 'nothing in hand') return outcome;
      const tried =
        typeof retried === 'object' ? { retried: retried.after, undelivered: isUndelivered(retried, run) } : {};
      return { ...outcome, ...tried, problems: [...outcome.problems, ...lateness(retried, run)] };
    }),
  );
}

/**
 * The stopped process goes on once the others have ended its runs: what it then sends must fail, or change nothing.
 */
async function stopped(rig: Rig, host: Host, begun: readonly Begun[], rehearsalOf: RehearsalOf): Promise<Outcome[]> {
  host.signal('SIGSTOP');
  const writes = ({ lane }: Underway): Promise<{ writes: number }[]> =>
    lane.onTarget('SELECT count(*)::int AS writes FROM rig.writes');
  const before = await Promise.all(
    begun.map(async ([run, problems]) => {
      const late = sleep(END_BESIDE_SLEEPER_S * 1000, 'late' as const, { ref: false });
      if (problems.length === 0 && (await Promise.race([run.driven.catch(() => undefined), late])) === 'late') {
        problems.push(`the run did not end within ${END_BESIDE_SLEEPER_S} s beside a worker that slept`);
      }
      return writes(run);
    }),
  );
  for (const [{ run }] of begun) run.go();
  host.signal('SIGCONT');
  await sleep(1_000);
  host.signal('SIGTERM');
  const code = await Promise.race([host.ended, sleep(30_000, 'late' as const, { ref: false })]);
  return Promise.all(
    begun.map(async ([run, problems], index) => {
      if (code !== 0) problems.push(`the worker that had been stopped ends with ${code}`);
      const after = await writes(run);
      const wrote = after[0]!.writes - before[index]![0]!.writes;
      if (wrote !== 0) problems.push(`the worker that had been stopped wrote ${wrote} rows`);
      return conclude(rig, run, rehearsalOf(run.fault.scenario), problems);
    }),
  );
}

/** Kills a server under runs that are held, each at its own point, and starts it again. */
export async function faultServer(
  rig: Rig,
  server: Server,
  faults: readonly Fault[],
  rehearsalOf: RehearsalOf,
): Promise<Outcome[]> {
  const host = await rig.hosts.take();
  try {
    const [begun, failed] = await beginAll(rig, faults, host);
    await rig.servers.kill(server);
    await rig.servers.restart();
    for (const [{ run }] of begun) run.go();
    const ended = begun.map(([run, problems]) => conclude(rig, run, rehearsalOf(run.fault.scenario), problems));
    return [...failed, ...(await Promise.all(ended))];
  } finally {
    await rig.hosts.give(host);
  }
}
