/** A schedule by its name: found, and changed with the decision on record. */
import { randomUUID } from 'node:crypto';
import type { ScheduleDescription, ScheduleHandle } from '@temporalio/client';
import { ScheduleNotFoundError } from '@temporalio/client';
import type { Config } from '../../config';
import { decideAround } from '../../database/ledger/schedule-decision';
import { optionalText } from '../../shared/fields';
import { listProblems } from '../../shared/errors';
import { EXIT } from '../exit-codes';
import { identity } from '../identity';
import { withTarget } from '../targets';
import type { Temporal } from '../temporal';
import { grpcError } from '../temporal';
import { UserError } from '../user-error';
import { isScheduledType } from './types';

/** Who decides, and why, as the command was told. */
export interface Reasons {
  readonly why?: string;
  readonly by?: string;
}

export interface Found {
  readonly handle: ScheduleHandle;
  readonly description: ScheduleDescription;
  readonly migration: string;
}

/** @throws UserError where there is none, it starts none of our workflows, or it is for other workers */
export async function findSchedule(config: Config, temporal: Temporal, name: string): Promise<Found> {
  const found = await describeSchedule(config, temporal, name);
  if (found === null) {
    throw new UserError(
      `Temporal knows no schedule "${name}" in the namespace "${temporal.namespace}"; \`carryover schedule list\` lists them.`,
      EXIT.refused,
    );
  }
  const { workflowType, taskQueue } = found.description.action;
  if (!isScheduledType(workflowType)) {
    throw new UserError(
      `The schedule "${name}" starts workflows of type "${workflowType}", which are none of Carryover's; nothing was changed.`,
      EXIT.refused,
    );
  }
  // Its decisions belong into the ledger of those workers.
  if (taskQueue !== config.taskQueue) {
    throw new UserError(
      `The schedule "${name}" is for the workers of the task queue "${taskQueue}", and the settings name "${config.taskQueue}"; nothing was changed. Correct CARRYOVER_TASK_QUEUE, and see that the target is theirs.`,
      EXIT.refused,
    );
  }
  return found;
}

/** Null where there is none of that name. */
export async function describeSchedule(config: Config, { client }: Temporal, name: string): Promise<Found | null> {
  const handle = client.schedule.getHandle(name);
  try {
    const description = await handle.describe();
    return { handle, description, migration: migrationOf(description) };
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return null;
    throw temporalError(config, error, 'nothing was changed');
  }
}

/** The migration that a schedule's input names; a dash where it names none. */
export function migrationOf({ action }: ScheduleDescription): string {
  const { migration } = ((action.args ?? [])[0] ?? {}) as { migration?: unknown };
  return typeof migration === 'string' ? migration : '-';
}

export interface ScheduleDecision extends Reasons {
  readonly verb: 'create' | 'update' | 'pause' | 'resume' | 'trigger' | 'delete';
  readonly name: string;
  readonly migration: string;
  readonly details?: Readonly<Record<string, string>>;
}

/**
 * Changes a schedule, and writes down who decided so.
 *
 * @throws UserError where the ledger cannot be written, before anything is changed, or Temporal refuses the change
 */
export async function decide<T>(config: Config, decision: ScheduleDecision, change: () => Promise<T>): Promise<T> {
  const { verb, name, migration, why, by, details = {} } = decision;
  let isDone = false;
  try {
    return await withTarget(config, (target) =>
      decideAround(
        target,
        {
          verb: `schedule.${verb}`,
          who: identity(),
          by,
          reason: why,
          migration,
          run: null,
          details: { schedule: name, ...details },
          workflow: `schedule ${name}`,
          decision: randomUUID(),
        },
        async () => {
          const result = await change().catch((error: unknown) => {
            throw temporalError(config, error, 'nothing was changed');
          });
          isDone = true;
          return result;
        },
      ),
    );
  } catch (error) {
    if (!isDone) throw error;
    throw new UserError(
      `The schedule "${name}" was changed (${verb}), but the ledger could not keep who did so: ${error instanceof Error ? error.message : ''}`,
      EXIT.unreachable,
    );
  }
}

/** @throws UserError with every problem */
export function checkReasons(given: Reasons, needsWhy: boolean): Reasons {
  const problems: string[] = [];
  const reasons = {
    ...optionalText('why', given.why, 'why', problems),
    ...optionalText('by', given.by, 'your name', problems),
  };
  if (needsWhy && given.why === undefined)
    problems.push('"why" is missing: give --why "<reason>", for whoever finds it paused');
  if (problems.length > 0) throw new UserError(listProblems('Nothing was changed:', problems), EXIT.refused);
  return reasons;
}

/** The words that Temporal shows beside a schedule. */
export const noteOf = (done: string, { why, by }: Reasons): string =>
  `${done} by ${identity()}${by === undefined ? '' : ` (${by})`}${why === undefined ? '' : `: ${why}`}`;

/** @param harmless what did not happen, such as `nothing was changed` */
export function temporalError(config: Config, error: unknown, harmless: string): unknown {
  if (error instanceof UserError) return error;
  if (error instanceof ScheduleNotFoundError) {
    return new UserError(`The schedule is gone by now; ${harmless}.`, EXIT.refused);
  }
  const { code, details } = grpcError(error);
  if (code === undefined) return error;
  if (/search attribute/i.test(details)) {
    return new UserError(
      `Temporal does not know the search attributes of Carryover in this namespace; ${harmless}. Run \`carryover setup\`.`,
      EXIT.refused,
    );
  }
  // By gRPC's numbers: the deadline is exceeded, or the server is away.
  const isAway = code === 4 || code === 14;
  return new UserError(
    `Temporal at ${config.temporal.address} ${isAway ? 'does not answer' : 'refuses it'} (gRPC status ${code}${details === '' ? '' : `: ${details}`}); ${harmless}.`,
    isAway ? EXIT.unreachable : EXIT.refused,
  );
}
