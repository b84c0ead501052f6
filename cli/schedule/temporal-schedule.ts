/** A schedule as Temporal is told it, and what of one that is there differs from that. */
import type { ScheduleDescription, ScheduleOptions } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { workflowIdOf } from '../start-workflow';
import { fromCalendar, isSameCron, toCalendar } from './cron';
import type { ScheduleDefinition } from './definition';

const MIGRATION = defineSearchAttributeKey('CarryoverMigration', 'KEYWORD');

/** Key in a schedule's memo, which is written once: who made it, for which workers. */
const MARK = 'carryover';

/** What made a schedule: `apply` deletes what it has made itself, and nothing else. */
export interface Mark {
  readonly by: 'apply' | 'create';
  readonly taskQueue: string;
}

export function toOptions(wanted: ScheduleDefinition, mark: Mark): ScheduleOptions {
  const { name, type, migration, when, input } = wanted;
  return {
    scheduleId: name,
    spec: {
      ...('every' in when
        ? { intervals: [{ every: when.every }] }
        : { calendars: [toCalendar(when.fields, when.cron)], timezone: when.zone }),
      ...(wanted.jitter > 0 ? { jitter: wanted.jitter } : {}),
    },
    policies: { overlap: 'SKIP', catchupWindow: wanted.catchUp, pauseOnFailure: wanted.pauseOnFailure },
    action: {
      type: 'startWorkflow',
      workflowType: type,
      // Two schedules of a migration that start at the same time must not have the same id.
      workflowId: `${workflowIdOf(type, migration)}-${name}`,
      taskQueue: mark.taskQueue,
      args: [input],
      staticSummary: `Carryover: ${type === 'migrate' ? '' : `${type} `}${migration}, by schedule ${name}`,
      typedSearchAttributes: [{ key: MIGRATION, value: migration }],
    },
    memo: { [MARK]: mark },
    state: { paused: wanted.paused, ...(wanted.note === null ? {} : { note: wanted.note }) },
  };
}

/** Null where we have not made it. */
export function markOf(memo: Readonly<Record<string, unknown>> | undefined): Mark | null {
  const { by, taskQueue } = (memo?.[MARK] ?? {}) as Partial<Mark>;
  return (by === 'apply' || by === 'create') && typeof taskQueue === 'string' ? { by, taskQueue } : null;
}

/** Fields in which a schedule is not as it is wanted, also where somebody changed it in the UI; its state is not asked. */
export function differences(wanted: ScheduleDefinition, mark: Mark, there: ScheduleDescription): string[] {
  const { action, policies } = toOptions(wanted, mark);
  const { spec } = there;
  const isSame: Readonly<Record<string, boolean>> = {
    when: isSameTime(wanted, spec),
    zone: 'every' in wanted.when || (spec.timezone ?? '') === wanted.when.zone,
    jitter: (spec.jitter ?? 0) === wanted.jitter,
    catchUp: there.policies.catchupWindow === wanted.catchUp,
    pauseOnFailure: there.policies.pauseOnFailure === wanted.pauseOnFailure,
    overlap: there.policies.overlap === policies!.overlap,
    bounds: spec.startAt === undefined && spec.endAt === undefined && (spec.skip ?? []).length === 0,
    type: there.action.workflowType === action.workflowType,
    workflowId: there.action.workflowId === action.workflowId,
    taskQueue: there.action.taskQueue === action.taskQueue,
    input: stable(there.action.args) === stable(action.args),
    migration: String(attributeOf(there)) === wanted.migration,
    summary: there.action.staticSummary === action.staticSummary,
  };
  return Object.keys(isSame).filter((name) => !isSame[name]);
}

function isSameTime(
  { when }: ScheduleDefinition,
  { calendars = [], intervals = [] }: ScheduleDescription['spec'],
): boolean {
  if ('every' in when) {
    const [interval] = intervals;
    const isOne = calendars.length === 0 && intervals.length === 1;
    return isOne && interval!.every === when.every && (interval!.offset ?? 0) === 0;
  }
  const cron = calendars.length === 1 && intervals.length === 0 ? fromCalendar(calendars[0]!) : null;
  return cron !== null && isSameCron(cron, when.fields);
}

function attributeOf({ action }: ScheduleDescription): unknown {
  // As the dictionary of lists that older clients have: the typed one is asked key by key, and knows only whole pairs.
  return (action.searchAttributes as Record<string, readonly unknown[]> | undefined)?.[MIGRATION.name]?.[0];
}

/** JSON whose keys are in order: Temporal gives them as they were sent, a file may be written anew. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([one], [other]) => (one < other ? -1 : 1)))
      : each,
  );
}
