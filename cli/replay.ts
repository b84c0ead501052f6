import type { Command } from 'commander';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { looseNumber, words } from './input';
import { startRun } from './start-run';
import { UNTIL, ZONE } from './window-option';
import type { RunOptions } from './workflow-input';

interface Options extends RunOptions {
  readonly reason?: readonly string[];
  readonly batchRows?: number | string;
  readonly concurrency?: number | string;
  readonly takeSkipped?: string;
  readonly takeOver?: string;
  readonly acceptServer?: string;
  readonly by?: string;
}

/** `carryover replay`: starts the workflow `replay`, and waits for its end where asked. */
export function replayCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('replay')
    .description('try rows in quarantine again, from the source as it is now; those whose cause is gone are loaded')
    .argument('<migration>', `one of: ${context.catalog.names().join(', ')}`)
    .option(
      '--reason <codes>',
      'only rows that are there for these reasons, with commas: case_unmapped,code_unknown',
      words,
    )
    .option('--take-skipped <why>', 'the rows of skipped batches instead, all of them, from the source as it is now')
    .option('--batch-rows <n>', 'keys that are taken at once, 5,000 at most', looseNumber)
    .option('--concurrency <n>', 'batches in flight at once', looseNumber)
    .option('--take-over <why>', 'take over an open replay whose owner, on another Temporal, cannot be asked')
    .option('--accept-server <why>', 'go on with an open replay although source or target is another server')
    .addOption(UNTIL())
    .addOption(ZONE())
    .option('--by <name>', 'your name, recorded as claimed beside user and host')
    .option('--workflow-id <id>', "the workflow's id (default: carryover-replay-<migration>)")
    .option('--wait', 'wait for the end; Ctrl-C leaves the run running')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  carryover replay case-states --wait\n  carryover replay case-states --reason case_unmapped --by Anna',
    )
    .action(async (migration: string, { reason: reasons, ...options }: Options) => {
      exit(await startRun(context, 'replay', { migration, reasons }, options));
    });
}
