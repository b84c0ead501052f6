/**
 * How many of what. At the default size these are the figures of the real run that the sample imitates; any other
 * size keeps their proportions. Whatever else the sample holds is left to the seed; these numbers are not.
 */

export const DEFAULT_ROWS = 4751;

const ORDERS = 23_049;
const CASES = 14_208;
const PROFILES = 9085;
const MESSAGES = 2000;
const WITHOUT_ORDER = { active: 172, closed: 27 };
const WITHOUT_ACTOR = { rows: 195, ofThemNull: 118 };
const LOADED = 4552;
const YEARS = [
  [2018, 17],
  [2019, 40],
  [2020, 53],
  [2021, 229],
  [2022, 653],
  [2023, 663],
  [2024, 1745],
  [2025, 1152],
] as const;

/**
 * Courses of a case as runs of one state: "AC" is active for a while, then closed. With the repeats within runs they
 * make 1,273 A→A, 630 C→C, 278 A→C (248 + 20 + 10) and 117 C→A (87 + 20 + 10) over 2,254 cases, 1,037 of which begin
 * with A.
 */
export const COURSES = ['A', 'C', 'AC', 'CA', 'ACA', 'CAC'] as const;
const COURSE_COUNTS = [769, 1120, 248, 87, 20, 10];
const REPEATS = { A: 1273, C: 630 };

/** Rows of the tables that nothing is computed from are capped, so that large samples are not mostly filling. */
const FILLING = 200_000;

export interface Figures {
  readonly rows: number;
  readonly orders: number;
  readonly cases: number;
  readonly profiles: number;
  readonly messages: number;
  readonly loaded: number;
  /** Rows whose instruction has no order, by status. */
  readonly withoutOrder: { readonly active: number; readonly closed: number };
  /** Rows (of the loaded) with a known actor, with none, and with one that is no profile. */
  readonly actors: { readonly known: number; readonly none: number; readonly unknown: number };
  /** Rows (of the loaded) by year. */
  readonly years: readonly (readonly [year: number, rows: number])[];
  /** Cases by course, in the order of {@link COURSES}. */
  readonly courses: readonly number[];
  /** Rows that repeat the state before them, by state. */
  readonly repeats: { readonly A: number; readonly C: number };
  readonly filling: { readonly instructions: number; readonly users: number; readonly other: number };
}

/** Runs of one state over all courses. */
export function runsOf(courses: readonly number[], state: 'A' | 'C'): number {
  return COURSES.reduce(
    (sum, course, index) => sum + [...course].filter((run) => run === state).length * courses[index]!,
    0,
  );
}

/** The figures of a sample of so many rows in `dispatch_state`. */
export function figuresFor(rows: number): Figures {
  const scale = rows / DEFAULT_ROWS;
  const part = (figure: number): number => Math.floor(figure * scale + 1e-9);
  const withoutOrder = {
    active: rows >= 20 ? Math.max(1, part(WITHOUT_ORDER.active)) : 0,
    closed: part(WITHOUT_ORDER.closed),
  };
  const loaded = rows - withoutOrder.active - withoutOrder.closed;
  const courses = COURSE_COUNTS.map(part);
  const repeats = { A: part(REPEATS.A), C: part(REPEATS.C) };
  // Rounding down leaves a few rows over: cases of a single row take them, the two states in turn.
  const planned = COURSES.reduce((sum, course, index) => sum + course.length * courses[index]!, repeats.A + repeats.C);
  for (let left = loaded - planned; left > 0; left--) courses[left % 2] = courses[left % 2]! + 1;
  const cases = Math.max(
    part(CASES),
    courses.reduce((sum, count) => sum + count, 0),
  );
  const without = Math.round((WITHOUT_ACTOR.rows * loaded) / LOADED);
  const none = Math.round((WITHOUT_ACTOR.ofThemNull * without) / WITHOUT_ACTOR.rows);
  const orders = Math.max(cases + 1, part(ORDERS));
  // People do not grow in number as their cases do.
  const profiles = Math.max(3, Math.round(PROFILES * (scale > 1 ? Math.sqrt(scale) : scale)));
  return {
    rows,
    orders,
    cases,
    profiles,
    messages: Math.max(1, Math.round(MESSAGES * scale)),
    loaded,
    withoutOrder,
    actors: { known: loaded - without, none, unknown: without - none },
    years: yearsOf(loaded),
    courses,
    repeats,
    filling: {
      instructions: Math.min(orders, FILLING),
      users: profiles,
      other: Math.min(Math.ceil(rows / 8), FILLING / 10),
    },
  };
}

function yearsOf(loaded: number): [number, number][] {
  let sum = 0;
  let before = 0;
  return YEARS.map(([year, count]) => {
    sum += count;
    const upTo = Math.round((sum * loaded) / LOADED);
    const rows = upTo - before;
    before = upTo;
    return [year, rows];
  });
}
