/**
 * How often an activity has failed with each class. Temporal counts attempts of every kind alike: after a long outage
 * the first deadlock would already be the last one allowed. So the counts go from attempt to attempt with the
 * heartbeats' details.
 */
import type { Info } from '@temporalio/activity';
import { ERROR_CLASSES } from '../shared/errors';
import type { ErrorClass } from '../shared/errors';

/** Details of a heartbeat. */
export interface Failures {
  readonly failed: Readonly<Partial<Record<ErrorClass, number>>>;
}

/** The failures of earlier attempts; none at the first attempt, also where a person has reset the activity. */
export function failuresBefore({ attempt, heartbeatDetails }: Pick<Info, 'attempt' | 'heartbeatDetails'>): Failures {
  const found: unknown = (heartbeatDetails as Partial<Failures> | null | undefined)?.failed;
  if (attempt === 1 || typeof found !== 'object' || found === null) return { failed: {} };
  const known = Object.entries(found).filter(([type, times]) => type in ERROR_CLASSES && Number.isSafeInteger(times));
  return { failed: Object.fromEntries(known) };
}

/** Attempts that ended without a failure of their own: by a time-out, or with the end of their worker. */
export function silentBefore({ attempt }: Pick<Info, 'attempt'>, { failed }: Failures): number {
  return Math.max(0, attempt - 1 - Object.values(failed).reduce((sum, times) => sum + times, 0));
}
