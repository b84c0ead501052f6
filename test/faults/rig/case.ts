/** One fault: a run is held at a point, a process dies or stops just there, and the run must end as if nothing had been. */
import { setTimeout as sleep } from 'node:timers/promises';
import { differencesOf, tableOf } from './evidence';
import type { Lane } from './lane';
import { readLedger } from './ledger-reader';
import type { LedgerReader } from './ledger-reader';
import type { Operator } from './operator';
import { gather, openLane } from './rig';
import type { Rehearsal, Rig } from './rig';
import type { Scenario } from './scenarios';
import { SERVERS } from './servers';
import { gone } from './servers';
import type { Server } from './servers';
import type { Place, RigWorker, Stop } from './worker';

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
}

/** Seconds within which a run must end, once what died is there again. */
const END_WITHIN_S = 60;
/** The same where a worker sleeps in a transaction: its server ends that only after a minute. */
const END_BESIDE_SLEEPER_S = 150;
/** Seconds from the death of a worker within which its work is tried again. */
export const RETRY_WITHIN_S = 20;
/** Seconds within which an undisturbed run comes to the place of the fault. */
const REACH_WITHIN_S = 100;

/** A run on its way to the place where something is to happen to it. */
export interface Underway {
  readonly fault: Fault;
  readonly lane: Lane;
  readonly worker: RigWorker;
  readonly reader: LedgerReader;
  /** Settles when the run has ended. */
  readonly driven: Promise<unknown>;
  /** True when the run is held; false where it ended, or took too long, without. */
  readonly reached: Promise<boolean>;
}

export async function begin(rig: Rig, fault: Fault): Promise<Underway> {
  const { scenario, place, before } = fault;
  const lane = await openLane(rig, scenario);
  const stops = [...(scenario.stops ?? []), ...(before ? [before] : []), { ...place, nth: 1 }];
  const worker = await lane.startWorker(stops);
  const reader = readLedger(lane.pair.targetUrl, tableOf(scenario.mapping));
  const driven = scenario.drive(lane, rig.operator);
  driven.catch(() => undefined);
  const late = new AbortController();
  const reached = Promise.race([
    worker.held.then(() => true),
    driven.then(
      () => false,
      () => false,
    ),
    sleep(REACH_WITHIN_S * 1000, false, { signal: late.signal }).catch(() => false),
  ]).finally(() => late.abort());
  return { fault, lane, worker, reader, driven, reached };
}

/** Waits for the end of a run, compares what it left with what the undisturbed one did, and clears up. */
export async function conclude(
  { fault, lane, reader, driven }: Underway,
  { evidence }: Rehearsal,
  problems: string[] = [],
): Promise<Outcome> {
  const restarted = Date.now();
  const late = new AbortController();
  try {
    if (problems.length === 0) {
      const ended = driven.then((outcome) => ({ outcome }));
      const over = sleep(END_WITHIN_S * 1000, null, { signal: late.signal });
      over.catch(() => undefined);
      const end = await Promise.race([ended, over]);
      if (end === null) problems.push(`the run did not end within ${END_WITHIN_S} s`);
      else problems.push(...differencesOf(await gather(lane, end.outcome), evidence));
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
    const logs = lane.workers.map((worker) => worker.log().split('\n').slice(-12).join('\n'));
    problems.push(`the workers said: ${logs.join('\n---\n')}`);
  }
  await lane.drop();
  return { fault, problems, snapshots: reader.snapshots, seconds };
}

const NOT_REACHED = 'the run did not come to this point';

/** Kills a worker where it is held, or stops it; another takes over. */
export async function faultWorker(rig: Rig, fault: Fault, rehearsal: Rehearsal): Promise<Outcome> {
  const run = await begin(rig, fault);
  if (!(await run.reached)) return conclude(run, rehearsal, [NOT_REACHED]);
  // It stands by already: what is measured is how soon the death is noticed, not how fast a process starts.
  await run.lane.startWorker();
  if (fault.victim === 'stopped') return faultStopped(run, rehearsal);
  const at = Date.now();
  run.worker.signal('SIGKILL');
  await gone(run.worker.pid);
  const outcome = await conclude(run, rehearsal);
  const retried = await retriedAfter(rig.operator, run.lane, at);
  const late = retried === undefined || retried > RETRY_WITHIN_S;
  const problem = `its work was tried again after ${retried ?? 'no'} s, not within ${RETRY_WITHIN_S} s`;
  return {
    ...outcome,
    ...(retried === undefined ? {} : { retried }),
    problems: [...outcome.problems, ...(late ? [problem] : [])],
  };
}

/**
 * The stopped worker goes on once its work has been tried again elsewhere: what it then sends must fail, or change
 * nothing.
 */
async function faultStopped(run: Underway, rehearsal: Rehearsal): Promise<Outcome> {
  const { worker, lane, driven } = run;
  worker.signal('SIGSTOP');
  // The other one ends the run while this one sleeps.
  const late = sleep(END_BESIDE_SLEEPER_S * 1000, 'late' as const, { ref: false });
  if ((await Promise.race([driven.catch(() => undefined), late])) === 'late') {
    return conclude(run, rehearsal, [
      `the run did not end within ${END_BESIDE_SLEEPER_S} s beside a worker that slept`,
    ]);
  }
  const before = await lane.onTarget<Record<string, unknown>>('SELECT count(*) FROM rig.writes');
  worker.go();
  worker.signal('SIGCONT');
  await sleep(1_000);
  worker.signal('SIGTERM');
  const problems: string[] = [];
  if ((await Promise.race([worker.ended, sleep(30_000, 'late' as const, { ref: false })])) === 'late') {
    problems.push('the worker that had been stopped does not end');
  }
  const after = await lane.onTarget<Record<string, unknown>>('SELECT count(*) FROM rig.writes');
  if (JSON.stringify(before) !== JSON.stringify(after)) problems.push('the worker that had been stopped wrote rows');
  const outcome = await conclude(run, rehearsal);
  return { ...outcome, problems: [...problems, ...outcome.problems] };
}

/** Kills a server under runs that are held, each at its own point, and starts it again. */
export async function faultServer(
  rig: Rig,
  server: Server,
  faults: readonly Fault[],
  rehearsalOf: (scenario: Scenario) => Rehearsal,
): Promise<Outcome[]> {
  const runs = await Promise.all(faults.map((fault) => begin(rig, fault)));
  const reached = await Promise.all(runs.map((run) => run.reached));
  await rig.servers.kill(server);
  await rig.servers.restart();
  for (const { worker } of runs) worker.go();
  return Promise.all(
    runs.map((run, index) =>
      conclude(run, rehearsalOf(run.fault.scenario), reached[index] === true ? [] : [NOT_REACHED]),
    ),
  );
}

/** Seconds until an activity was started again that a worker had in hand when it died. */
async function retriedAfter({ client }: Operator, { name }: Lane, at: number): Promise<number | undefined> {
  const started: number[] = [];
  for (const id of [name, `${name}-next`]) {
    const history = await client.workflow
      .getHandle(id)
      .fetchHistory()
      .catch(() => null);
    for (const { eventTime, activityTaskStartedEventAttributes: attributes } of history?.events ?? []) {
      const when = Number(eventTime?.seconds ?? 0) * 1000 + Number(eventTime?.nanos ?? 0) / 1e6;
      if ((attributes?.attempt ?? 1) > 1 && when > at) started.push((when - at) / 1000);
    }
  }
  return started.length === 0 ? undefined : Math.max(...started);
}
