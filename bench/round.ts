/** One round: three legs, each from the same start, and the proof that all of them came to the same end. */
import type { Client } from 'pg';
import type { Clients } from './clients';
import { runFloor } from './floor';
import type { FloorTime } from './floor';
import { LEGS } from './result';
import type { LegName, MeasuredCarryover, Round } from './result';
import { differences, makeBare, partsOf, readState, reset } from './target';
import type { State } from './target';

export interface Bench {
  readonly target: Client;
  readonly clients: Clients;
  /** The target by the worker's login, which owns the ledger. */
  readonly ledgerUrl: string;
  readonly carryover: () => Promise<MeasuredCarryover>;
  readonly say: (line: string) => void;
}

interface Legs {
  carryover?: MeasuredCarryover;
  floorA?: FloorTime;
  floorB?: FloorTime;
}

/**
 * Runs the round with this number; the order of the legs rotates, so that each comes first, second and last.
 *
 * @throws Error where two legs did not end in the same state: then nothing was measured
 */
export async function runRound(bench: Bench, number: number): Promise<Round> {
  const first = (number - 1) % LEGS.length;
  const order = [...LEGS.slice(first), ...LEGS.slice(0, first)];
  const legs: Legs = {};
  const states: State[] = [];
  const keys = (await partsOf(bench.target)).map((part) => part.build);
  for (const leg of order) {
    await reset(bench.target, bench.ledgerUrl);
    const seconds = await runLeg(bench, leg, legs);
    const state = await readState(bench.target);
    requireSame(states[0] ?? { ...state, parts: keys }, state, order[0]!, leg);
    states.push(state);
    bench.say(
      `round ${number}: ${leg.padEnd(9)} ${seconds.toFixed(2)} s, ${state.rows} rows, checksum ${state.checksum}`,
    );
  }
  const { carryover, floorA, floorB } = legs;
  return { order, carryover: carryover!, floorA: floorA!, floorB: floorB!, checksum: states[0]!.checksum };
}

async function runLeg({ target, clients, carryover }: Bench, leg: LegName, legs: Legs): Promise<number> {
  switch (leg) {
    case 'carryover':
      return (legs.carryover = await carryover()).seconds;
    case 'floorA':
      return (legs.floorA = await runFloor(clients, target, [])).seconds;
    case 'floorB':
      return (legs.floorB = await runFloor(clients, target, await makeBare(target))).seconds;
  }
}

function requireSame(expected: State, found: State, one: LegName, other: LegName): void {
  const unlike = differences(expected, found);
  if (unlike.length === 0 && found.rows !== '0') return;
  const what = unlike.length === 0 ? 'the table is empty' : `they differ in ${unlike.join(', ')}`;
  throw new Error(`${one} and ${other} did not end in the same state, so their times cannot be compared: ${what}.`);
}
