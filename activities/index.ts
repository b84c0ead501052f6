import type { Dependencies } from './dependencies';
import { createComparison } from './comparison';
import { createForecast } from './forecast';
import { createPlan } from './plan';
import { createQuarantine } from './quarantine';
import { createRun } from './run';
import { createSteps } from './steps';
import { createVerification } from './verification';

/** All activities, over what they receive. */
export function createActivities(dependencies: Dependencies) {
  return {
    ...createPlan(dependencies),
    ...createRun(dependencies),
    ...createSteps(dependencies),
    ...createVerification(dependencies),
    ...createComparison(dependencies),
    ...createForecast(dependencies),
    ...createQuarantine(dependencies),
  };
}

export type Activities = ReturnType<typeof createActivities>;
