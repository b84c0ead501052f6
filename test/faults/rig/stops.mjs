import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Stops of one worker: told where, its statements wait there, and it says so. The product knows of none of this: it is
 * given an interposer.
 *
 * @param say tells the parent
 */
export function createStops({ stops, traced }, say) {
  let left = stops;
  let release = () => undefined;
  return {
    go: () => release(),
    /** @param activity names the attempt of an activity that the statement is of */
    interposer: async (point, moment, activity) => {
      if (traced) say({ kind: 'passed', point, moment, activity });
      const stop = left.find((each) => each.point === point && each.moment === moment);
      if (stop === undefined || --stop.nth > 0) return;
      left = left.filter((each) => each !== stop);
      if (stop.fail !== undefined) throw Object.assign(new Error('broken by the test'), { code: stop.fail });
      if (stop.delay !== undefined) return sleep(stop.delay);
      say({ kind: 'held', point, moment });
      await new Promise((resolve) => (release = resolve));
    },
  };
}
