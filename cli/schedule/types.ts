/** Which workflows a schedule may start, and by what their one JSON object is checked: one line each. */
import { checkMigrateInput, checkReplayInput, checkResyncInput } from '../../shared/input';
import { checkVerifyInput } from '../../shared/verify-input';

interface ScheduledWorkflow {
  readonly check: (given: unknown, known: readonly string[]) => { readonly problems: readonly string[] };
  /** As a start by hand has it; Temporal appends the time to the id of each start by a schedule. */
  readonly workflowId: (migration: string) => string;
  /** True where it opens a run, which may have hours. */
  readonly hasHours: boolean;
}

export const SCHEDULED = {
  migrate: { check: checkMigrateInput, workflowId: (migration) => `carryover-${migration}`, hasHours: true },
  replay: { check: checkReplayInput, workflowId: (migration) => `carryover-replay-${migration}`, hasHours: true },
  resync: { check: checkResyncInput, workflowId: (migration) => `carryover-resync-${migration}`, hasHours: true },
  verify: { check: checkVerifyInput, workflowId: (migration) => `carryover-verify-${migration}`, hasHours: false },
} as const satisfies Readonly<Record<string, ScheduledWorkflow>>;

export type ScheduledType = keyof typeof SCHEDULED;

export const SCHEDULED_TYPES = Object.keys(SCHEDULED) as ScheduledType[];

export const isScheduledType = (type: unknown): type is ScheduledType =>
  typeof type === 'string' && Object.hasOwn(SCHEDULED, type);
