import type { Command } from 'commander';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { purgeCommand, rowCommands } from './quarantine-decide';
import { listCommand } from './quarantine-list';
import { exportCommand, showCommand } from './quarantine-values';

/** `carryover quarantine`: rows that could not be loaded, and what people decide about them. */
export function quarantineCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  const quarantine = program
    .command('quarantine')
    .description('list, show, export, dismiss, restore and purge rows that could not be loaded');
  listCommand(quarantine, context, exit);
  showCommand(quarantine, context, exit);
  exportCommand(quarantine, context, exit);
  rowCommands(quarantine, context, exit);
  purgeCommand(quarantine, context, exit);
}
