import type { Command } from 'commander';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { exitCodesHelp } from './exit-codes';
import { applyCommand } from './schedule/apply';
import { changeCommands } from './schedule/change';
import { createCommand } from './schedule/create';
import { listCommand } from './schedule/list';

/** `carryover schedule`: what starts runs by itself, kept by Temporal. */
export function scheduleCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  const schedule = program
    .command('schedule')
    .description(
      'start workflows by the clock: create, list, pause, resume, trigger and delete schedules, or apply a file',
    );
  for (const add of [createCommand, listCommand, changeCommands, applyCommand]) add(schedule, context, exit);
  for (const command of schedule.commands) command.addHelpText('after', exitCodesHelp());
}
