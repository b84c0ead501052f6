/** Courses of cases: which case is in which state, again and again, so that the planned transitions come out. */
import { COURSES, type Figures, runsOf } from './figures';
import type { Keys } from './keys';
import { Quota, type Random } from './random';

export interface Course {
  readonly caseIndex: number;
  /** The states still to come, first one first: A(ctive) or C(losed). */
  readonly states: string;
  next: number;
}

/** Deals a number of repeats out to a number of runs, in an order left to chance. */
class Repeats {
  constructor(
    private left: number,
    private runs: number,
  ) {}

  draw(random: Random): number {
    this.runs -= 1;
    let repeats = 0;
    while (this.left > 0 && (this.runs === 0 || random.below(this.left + this.runs) < this.left)) {
      repeats += 1;
      this.left -= 1;
    }
    return repeats;
  }
}

function* plannedCourses(figures: Figures, keys: Keys, random: Random): Generator<Course> {
  const quota = new Quota(figures.courses);
  const repeats = {
    A: new Repeats(figures.repeats.A, runsOf(figures.courses, 'A')),
    C: new Repeats(figures.repeats.C, runsOf(figures.courses, 'C')),
  };
  const total = figures.courses.reduce((sum, count) => sum + count, 0);
  for (let course = 0; course < total; course++) {
    let states = '';
    for (const run of COURSES[quota.draw(random)]!) {
      states += run.repeat(1 + repeats[run as 'A' | 'C'].draw(random));
    }
    yield { caseIndex: keys.caseOfCourse(course, total), states, next: 0 };
  }
}

/** Cases under way at the same time: enough to interleave them, and few, whatever the size of the sample. */
const UNDER_WAY = 300;

/**
 * The state changes of all cases in the order in which they happen, cases interleaved. Now and then a case changes
 * twice in a row, so that ties and late entries (see {@link dispatchStates}) meet the same case.
 */
export function* stateChanges(
  figures: Figures,
  keys: Keys,
  random: Random,
): Generator<[caseIndex: number, state: string]> {
  const courses = plannedCourses(figures, keys, random);
  const underWay: Course[] = [];
  let last = 0;
  for (;;) {
    while (underWay.length < UNDER_WAY) {
      const course = courses.next();
      if (course.done === true) break;
      underWay.push(course.value);
    }
    if (underWay.length === 0) return;
    if (last >= underWay.length || !random.onceIn(5)) last = random.below(underWay.length);
    const course = underWay[last]!;
    yield [course.caseIndex, course.states[course.next++]!];
    if (course.next === course.states.length) {
      const moved = underWay.pop()!;
      if (last < underWay.length) underWay[last] = moved;
    }
  }
}
