/** What `carryover schedule apply` is to do: pure. */
import type { ScheduleDescription } from '@temporalio/client';
import type { ScheduleDefinition } from './definition';
import { differences, markOf } from './temporal-schedule';

/** A schedule that Temporal has. */
export interface There {
  readonly name: string;
  readonly migration: string;
  readonly description: ScheduleDescription;
}

export type Step =
  | { readonly does: 'create'; readonly name: string; readonly wanted: ScheduleDefinition }
  | {
      readonly does: 'update';
      readonly name: string;
      readonly wanted: ScheduleDefinition;
      readonly changed: readonly string[];
      readonly there: There;
    }
  | { readonly does: 'keep'; readonly name: string; readonly there: There }
  | { readonly does: 'delete'; readonly name: string; readonly there: There };

export interface ApplyPlan {
  readonly steps: readonly Step[];
  /** Why nothing may be done. */
  readonly problems: readonly string[];
}

/**
 * @param wanted what the file names
 * @param there every schedule that the file names, or that `apply` has made, as far as Temporal has it
 * @param taskQueue that of the settings: what another deployment has made in this namespace is not ours
 * @param prune true where those are deleted that the file does not name
 */
export function planApply(
  wanted: readonly ScheduleDefinition[],
  there: readonly There[],
  taskQueue: string,
  prune: boolean,
): ApplyPlan {
  const mark = { by: 'apply', taskQueue } as const;
  const problems: string[] = [];
  const steps: Step[] = [];
  for (const one of wanted) {
    const { name } = one;
    const found = there.find((each) => each.name === name);
    if (found === undefined) {
      steps.push({ does: 'create', name, wanted: one });
      continue;
    }
    const wrong = notOurs(found, taskQueue);
    if (wrong !== null) {
      problems.push(wrong);
      continue;
    }
    const changed = differences(one, mark, found.description);
    steps.push(
      changed.length === 0
        ? { does: 'keep', name, there: found }
        : { does: 'update', name, wanted: one, changed, there: found },
    );
  }
  if (prune) {
    const named = new Set(wanted.map(({ name }) => name));
    for (const found of there) {
      if (!named.has(found.name) && notOurs(found, taskQueue) === null) {
        steps.push({ does: 'delete', name: found.name, there: found });
      }
    }
  }
  return { steps, problems };
}

/** Why a schedule may not be touched; null where `apply` has made it. */
function notOurs({ name, description }: There, taskQueue: string): string | null {
  const mark = markOf(description.memo);
  const other = 'give yours another name, or delete that one first';
  if (mark?.by !== 'apply') {
    const who = mark === null ? 'somebody else' : '`carryover schedule create`';
    return `"${name}" is there already, made by ${who} and not by apply: ${other}`;
  }
  if (mark.taskQueue === taskQueue) return null;
  return `"${name}" is there already, for the workers of the task queue "${mark.taskQueue}": ${other}`;
}
