/** Which workflows a schedule may start, and by what their one JSON object is checked: one line each. */
import { checkMigrateInput, checkReplayInput, checkResyncInput } from '../../shared/input';
import { checkVerifyInput } from '../../shared/verify-input';

interface ScheduledWorkflow {
  readonly check: (given: unknown, known: readonly string[]) => { readonly problems: readonly string[] };
  /** True where it opens a run, which may have hours. */
  readonly hasHours: boolean;
}

export const SCHEDULED = {
  migrate: { check: checkMigrateInput, hasHours: true },
  replay: { check: checkReplayInput, hasHours: true },
  resync: { check: checkResyncInput, hasHours: true },
  verify: { check: checkVerifyInput, hasHours: false },
} as const satisfies Readonly<Record<string, ScheduledWorkflow>>;

export type ScheduledType = keyof typeof SCHEDULED;

export const SCHEDULED_TYPES = Object.keys(SCHEDULED) as ScheduledType[];

export const isScheduledType = (type: unknown): type is ScheduledType =>
  typeof type === 'string' && Object.hasOwn(SCHEDULED, type);
