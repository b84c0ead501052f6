/** What a bench leaves: one JSON document, computed from the legs alone, and a table of it for the terminal. */
import type { CarryoverTime } from './carryover';
import type { Facts } from './facts';
import type { FloorTime } from './floor';
import type { Profile } from './profile';
import { round, spread } from './statistics';
import type { Spread } from './statistics';

export const LEGS = ['carryover', 'floorA', 'floorB'] as const;
export type LegName = (typeof LEGS)[number];

/** With the rows that crossed the wire for the re-sync, as the ledger counted them. */
export interface MeasuredCarryover extends CarryoverTime {
  readonly resync: CarryoverTime['resync'] & { readonly rowsRead: number };
}

export interface Round {
  readonly order: readonly LegName[];
  readonly carryover: MeasuredCarryover;
  readonly floorA: FloorTime;
  readonly floorB: FloorTime;
  /** The one checksum that all three legs of the round ended in. */
  readonly checksum: string;
}

export interface Setup extends Facts {
  readonly rows: number;
  readonly seed: number;
  readonly batchRows: number;
  readonly concurrency: number;
  /** What the floors copied by. */
  readonly floorCopy: 'psql' | 'pg-copy-streams';
}

export interface Result extends Setup {
  readonly at: string;
  /** Medians of Carryover's seconds divided by a floor's, round by round. */
  readonly ratios: { readonly floorA: number; readonly floorB: number };
  /** The same of a re-sync in which nothing changed, by the run before it; and the share of the rows that crossed the wire for it. */
  readonly resync: { readonly ratio: Spread; readonly seconds: Spread; readonly read: number };
  readonly ratioRanges: { readonly floorA: Spread; readonly floorB: Spread };
  readonly seconds: Readonly<Record<LegName, Spread>>;
  readonly rowsPerSecond: Readonly<Record<LegName, number>>;
  readonly peakMemory: number | null;
  readonly rounds: readonly Round[];
}

/** @param rounds at least one */
export function resultOf(setup: Setup, rounds: readonly Round[], at: Date): Result {
  const seconds = (leg: LegName): Spread => spread(rounds.map((one) => one[leg].seconds));
  const ratio = (floor: 'floorA' | 'floorB'): Spread =>
    spread(rounds.map((one) => one.carryover.seconds / one[floor].seconds));
  const byLeg = <T>(value: (leg: LegName) => T): Record<LegName, T> => ({
    carryover: value('carryover'),
    floorA: value('floorA'),
    floorB: value('floorB'),
  });
  const peaks = rounds.flatMap(({ carryover: { peakMemory } }) => (peakMemory === null ? [] : [peakMemory]));
  return {
    at: at.toISOString(),
    ratios: { floorA: ratio('floorA').median, floorB: ratio('floorB').median },
    ratioRanges: { floorA: ratio('floorA'), floorB: ratio('floorB') },
    resync: {
      ratio: spread(rounds.map(({ carryover }) => carryover.resync.seconds / carryover.seconds)),
      seconds: spread(rounds.map(({ carryover }) => carryover.resync.seconds)),
      read: Math.max(...rounds.map(({ carryover }) => carryover.resync.rowsRead)) / setup.rows,
    },
    seconds: byLeg(seconds),
    rowsPerSecond: byLeg((leg) => round(setup.rows / seconds(leg).median, 0)),
    peakMemory: peaks.length === 0 ? null : Math.max(...peaks),
    ...setup,
    rounds,
  };
}

/** The result as lines for a terminal. */
export function describeResult(result: Result): string[] {
  const range = ({ low, high }: Spread, digits: number): string => `${low.toFixed(digits)}-${high.toFixed(digits)}`;
  const line = (name: string, leg: LegName, ratio: string): string =>
    [
      name.padEnd(34),
      result.seconds[leg].median.toFixed(2).padStart(8),
      range(result.seconds[leg], 2).padStart(14),
      result.rowsPerSecond[leg].toLocaleString('en-US').padStart(10),
      ratio.padStart(20),
    ].join(' ');
  const against = (floor: 'floorA' | 'floorB'): string =>
    `${result.ratios[floor].toFixed(2)} (${range(result.ratioRanges[floor], 2)})`;
  const { versions } = result;
  return [
    `${result.rows.toLocaleString('en-US')} rows, ${result.rounds.length} rounds, ${result.cores} cores, ` +
      `batches of ${result.batchRows}, ${result.concurrency} in flight`,
    `MariaDB/MySQL ${versions.source}, PostgreSQL ${versions.target}, Temporal ${versions.temporal}, Node ${versions.node}`,
    '',
    [
      ''.padEnd(34),
      'median s'.padStart(8),
      'range'.padStart(14),
      'rows/s'.padStart(10),
      'Carryover : floor'.padStart(20),
    ].join(' '),
    line('Carryover, everything on', 'carryover', ''),
    line('floor A: keys in place', 'floorA', against('floorA')),
    line('floor B: keys built afterwards', 'floorB', against('floorB')),
    '',
    `re-sync of unchanged rows: ${result.resync.seconds.median.toFixed(2)} s, ${result.resync.ratio.median.toFixed(2)} of the run ` +
      `(${range(result.resync.ratio, 2)}), ${(100 * result.resync.read).toFixed(2)} % of the rows over the wire`,
    '',
    ...describeProfile(middleProfile(result.rounds)),
    `worker peak memory (VmHWM): ${result.peakMemory === null ? 'unknown' : `${result.peakMemory} MB`}`,
  ];
}

/** The profile of the round whose Carryover leg is the median (the lower of two). */
function middleProfile(rounds: readonly Round[]): Profile {
  const sorted = [...rounds].sort((a, b) => a.carryover.seconds - b.carryover.seconds);
  return sorted[(sorted.length - 1) >> 1]!.carryover.profile;
}

function describeProfile(profile: Profile): string[] {
  const activities = Object.entries(profile.activities).map(
    ([type, { count, seconds, waited }]) =>
      `  ${type.padEnd(12)} ${String(count).padStart(5)} × ${seconds.toFixed(2).padStart(8)} s ${waited.toFixed(2).padStart(8)} s`,
  );
  const running = Object.entries(profile.running).map(([count, seconds]) => `${count}: ${seconds.toFixed(2)} s`);
  return [
    'Carryover by activity, seconds summed (ran, waited to be taken up):',
    ...activities,
    `  wall clock by activities running at once: ${running.join(', ')}`,
  ];
}
