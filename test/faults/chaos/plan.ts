/** What befalls a run of the chaos, and when: drawn from its seed alone, so that a seed gives the same plan again. */
import { POINTS } from '../../../database/points';
import { Random } from '../../../sample/random';
import { VERBS } from '../../../shared/names';
import type { Verb } from '../../../shared/names';
import type { Server } from '../rig/servers';
import type { Place, Stop } from '../rig/worker';

export const WAYS = ['temporal', 'source', 'target'] as const;
export type Way = (typeof WAYS)[number];

/** Lengths are in milliseconds; shares are in [0, 1) and pick from what is there when the time comes. */
export type Action =
  /** Away for so long, then another one is started. */
  | { readonly kind: 'kill worker' | 'end worker'; readonly worker: number; readonly ms: number }
  /** Stopped for so long, then it goes on as if nothing had been. */
  | { readonly kind: 'freeze worker'; readonly worker: number; readonly ms: number }
  | { readonly kind: 'cut way'; readonly worker: number; readonly way: Way; readonly ms: number }
  | { readonly kind: 'end sessions'; readonly server: 'source' | 'target'; readonly share: number }
  | { readonly kind: 'kill servers'; readonly servers: readonly Server[]; readonly ms: number }
  | { readonly kind: 'empty stage' | 'drop stage'; readonly share: number }
  | { readonly kind: 'second start' | 'terminate' | 'cure' }
  | { readonly kind: 'reset'; readonly share: number }
  | { readonly kind: 'verb'; readonly verb: Verb; readonly share: number };

export type Step = Action & {
  /** Batches of the run that are loaded, parked or skipped before it is time; it waits for some seconds only. */
  readonly batches: number;
  /** Milliseconds after that. */
  readonly wait: number;
};

/** Where a worker dies, or freezes, in mid-statement. */
export interface Ambush extends Place {
  /** Which passage, counted from 1. */
  readonly nth: number;
  readonly act: 'kill worker' | 'freeze worker';
  readonly ms: number;
}

export interface Plan {
  readonly seed: number;
  readonly run: number;
  readonly input: { readonly batchRows: number; readonly concurrency: number; readonly maxParked: number };
  /** What makes each worker slow, and what waits for it. */
  readonly workers: readonly { readonly delays: readonly Stop[]; readonly ambush: Ambush | null }[];
  /** Number of the batch whose rows the target refuses until it is cured; null where there is none. */
  readonly poisoned: number | null;
  readonly steps: readonly Step[];
}

/** True where servers are killed, which is felt by every run on them. */
export const killsServers = ({ steps }: Plan): boolean => steps.some(({ kind }) => kind === 'kill servers');

/** Of so many runs one kills servers. */
const SERVERS_ONCE_IN = 5;
/** A worker that is frozen for longer than its heartbeat time-out has been replaced when it goes on. */
const LONG_FREEZE_MS = 17_000;
const LONG_FREEZE_ONCE_IN = 10;
/** Batches of the shortest run but one: the sample has 273 rows. */
const BATCHES = 6;

const SERVER_SETS: readonly (readonly Server[])[] = [
  ['MariaDB'],
  ['PostgreSQL'],
  ['Temporal'],
  ['PostgreSQL', 'Temporal'],
  ['MariaDB', 'PostgreSQL', 'Temporal'],
];

/** Points of the path of a batch and of the run around it. */
const AMBUSH_POINTS = POINTS.filter((point) =>
  /^(attempt|cut|run|extract|references|transform|load|validate|finish|source\.(snapshot|count|read|sum))\b/.test(
    point,
  ),
);

/** How often each kind is drawn, of all. */
const WEIGHTS: readonly (readonly [kind: Exclude<Action['kind'], 'kill servers'>, weight: number])[] = [
  ['verb', 9],
  ['cut way', 4],
  ['end sessions', 3],
  ['kill worker', 2],
  ['end worker', 2],
  ['freeze worker', 2],
  ['empty stage', 2],
  ['drop stage', 1],
  ['second start', 2],
  ['terminate', 2],
  ['reset', 2],
  ['cure', 1],
];
const KINDS = WEIGHTS.flatMap(([kind, weight]) => Array.from({ length: weight }, () => kind));

/** Where no batch is poisoned, those for batches that are set aside are refused as a rule. */
const VERBS_OF_POISONED: readonly Verb[] = [...VERBS, 'skipBatch', 'skipBatch', 'retryBatch', 'retryBatch'];

export function drawPlan(seed: number, run: number): Plan {
  const random = new Random(seed, run);
  const between = (low: number, high: number): number => low + random.below(high - low + 1);
  const workers = Array.from({ length: between(1, 3) }, () => ({
    delays: Array.from({ length: 90 }, () => delay(between(0, 150))),
    ambush: random.onceIn(3) ? drawAmbush(random) : null,
  }));
  const poisoned = random.onceIn(2) ? between(2, 5) : null;
  const actions = Array.from({ length: between(3, 8) }, () => drawAction(random, workers.length, poisoned !== null));
  // A pause that nobody lifts keeps what follows from meeting a run at work.
  const pause = actions.findIndex((action) => action.kind === 'verb' && action.verb === 'pause');
  if (pause !== -1 && !random.onceIn(3)) {
    actions.splice(pause + 1, 0, { kind: 'verb', verb: 'resume', share: random.fraction() });
  }
  if (random.onceIn(SERVERS_ONCE_IN)) {
    for (let kills = between(1, 2); kills > 0; kills -= 1) {
      const kill = { kind: 'kill servers', servers: random.pick(SERVER_SETS), ms: between(0, 1_500) } as const;
      actions.splice(random.below(actions.length + 1), 0, kill);
    }
  }
  const times = actions.map(() => between(0, BATCHES)).sort((a, b) => a - b);
  return {
    seed,
    run,
    input: { batchRows: between(30, 45), concurrency: between(1, 4), maxParked: random.onceIn(4) ? 0 : 10 },
    workers,
    poisoned,
    steps: actions.map((action, index) => ({ ...action, batches: times[index]!, wait: between(0, 500) })),
  };
}

/** Each step of a batch begins at this point. */
const delay = (ms: number): Stop => ({ point: 'attempt.read', moment: 'before', nth: 1, delay: ms });

function drawAmbush(random: Random): Ambush {
  const act = random.onceIn(3) ? 'freeze worker' : 'kill worker';
  return {
    point: random.pick(AMBUSH_POINTS),
    moment: random.pick(['before', 'after']),
    nth: 1 + random.below(6),
    act,
    ms: lengthOf(random, act),
  };
}

function lengthOf(random: Random, kind: 'kill worker' | 'freeze worker' | 'end worker'): number {
  if (kind === 'freeze worker' && random.onceIn(LONG_FREEZE_ONCE_IN)) return LONG_FREEZE_MS;
  return random.below(2_500);
}

function drawAction(random: Random, workers: number, poisoned: boolean): Action {
  const kind = random.pick(KINDS);
  const worker = random.below(workers);
  switch (kind) {
    case 'kill worker':
    case 'end worker':
    case 'freeze worker':
      return { kind, worker, ms: lengthOf(random, kind) };
    case 'cut way':
      return { kind, worker, way: random.pick(WAYS), ms: random.below(2_500) };
    case 'end sessions':
      return { kind, server: random.pick(['source', 'target'] as const), share: random.fraction() };
    case 'empty stage':
    case 'drop stage':
    case 'reset':
      return { kind, share: random.fraction() };
    case 'verb':
      return { kind, verb: random.pick(poisoned ? VERBS_OF_POISONED : VERBS), share: random.fraction() };
    case 'second start':
    case 'terminate':
    case 'cure':
      return { kind };
  }
}

/** A step in short, for the line of its run. */
export function sayStep(step: Step): string {
  if (step.kind === 'kill servers') return `kill ${step.servers.join('+')}`;
  if (step.kind === 'cut way') return `cut ${step.way}`;
  if (step.kind === 'end sessions') return `end ${step.server} sessions`;
  return step.kind === 'verb' ? step.verb : step.kind;
}
