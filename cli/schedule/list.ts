import type { Command } from 'commander';
import type { ScheduleDescription, ScheduleExecutionResult } from '@temporalio/client';
import { WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import type { Config } from '../../config';
import type { RunResult } from '../../shared/messages';
import type { VerifyResult } from '../../shared/verification';
import type { CommandContext } from '../context';
import type { ExitCode } from '../exit-codes';
import { EXIT } from '../exit-codes';
import { describeFailure } from '../failure';
import type { Temporal } from '../temporal';
import { withTemporal } from '../temporal';
import { printJson } from '../terminal';
import { describeSchedule, temporalError } from './handle';
import type { Action, Listed } from './listed';
import { instant, scheduleLines, toListed } from './listed';
import { isScheduledType } from './types';

/** How many of its last starts are looked at. */
const LAST = 3;
/** Milliseconds that the question after one start may take. */
const PATIENCE_MS = 5_000;

/** `carryover schedule list`: asks Temporal alone. */
export function listCommand(schedule: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  schedule
    .command('list')
    .description(
      'list the schedules that start workflows for these workers, what they have started, and what they missed',
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExamples:\n  carryover schedule list\n  carryover schedule list --json')
    .action(async ({ json }: { json?: boolean }) => {
      const config = context.config();
      const schedules = await withTemporal(config, (temporal) => listSchedules(config, temporal));
      if (json === true) printJson(context.terminal, { schedules });
      else if (schedules.length === 0) {
        context.terminal.out(`No schedule starts workflows for the task queue "${config.taskQueue}".`);
      } else context.terminal.out(schedules.map((one) => scheduleLines(one).join('\n')).join('\n\n'));
      exit(EXIT.fine);
    });
}

async function listSchedules(config: Config, temporal: Temporal): Promise<Listed[]> {
  const names = await ourNames(config, temporal);
  const listed: Listed[] = [];
  for (const name of names) {
    // One that was deleted a moment ago is listed for a while.
    const found = await describeSchedule(config, temporal, name);
    if (found === null || found.description.action.taskQueue !== config.taskQueue) continue;
    listed.push(toListed(found.description, await lastActions(temporal, found.description)));
  }
  return listed;
}

/** Names of the schedules that start workflows of ours, in order. */
export async function ourNames(config: Config, { client }: Temporal): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { scheduleId, action } of client.schedule.list()) {
      if (action !== undefined && isScheduledType(action.workflowType)) names.push(scheduleId);
    }
  } catch (error) {
    throw temporalError(config, error, 'nothing was changed');
  }
  return names.sort();
}

function lastActions(temporal: Temporal, { info }: ScheduleDescription): Promise<Action[]> {
  return Promise.all(info.recentActions.slice(-LAST).map((taken) => toAction(temporal, taken)));
}

async function toAction(temporal: Temporal, { takenAt, action }: ScheduleExecutionResult): Promise<Action> {
  const { workflowId } = action.workflow;
  return { at: instant(takenAt), workflowId, outcome: await outcomeOf(temporal, workflowId) };
}

/** How a workflow ended, in words. */
async function outcomeOf({ client, connection }: Temporal, workflowId: string): Promise<string> {
  const within = <T>(ask: () => Promise<T>): Promise<T> => connection.withDeadline(Date.now() + PATIENCE_MS, ask);
  const handle = client.workflow.getHandle(workflowId);
  try {
    const { status } = await within(() => handle.describe());
    if (status.name !== 'COMPLETED' && status.name !== 'FAILED') return status.name.toLowerCase().replaceAll('_', ' ');
    return resultText((await within(() => handle.result())) as RunResult | VerifyResult);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'not known to Temporal any more';
    if (!(error instanceof WorkflowFailedError)) return 'Temporal does not tell';
    const { type, message } = describeFailure(error.cause);
    return `failed${type === undefined ? '' : ` (${type})`}: ${message.split('\n')[0]!}`;
  }
}

function resultText(result: RunResult | VerifyResult): string {
  if ('outcome' in result) return `${result.outcome.replaceAll('_', ' ')}: ${result.cause}`;
  return result.verdict.replaceAll('_', ' ');
}
