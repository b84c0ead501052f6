import type { Command } from 'commander';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { looseNumber, looseShare } from './input';
import { startRun } from './start-run';
import { UNTIL, ZONE } from './window-option';
import type { RunOptions } from './workflow-input';

interface Options extends RunOptions {
  readonly batchRows?: number | string;
  readonly concurrency?: number | string;
  readonly maxParked?: number | string;
  readonly maxQuarantine?: number | string;
  readonly takeOver?: string;
  readonly acceptServer?: string;
  readonly overwrite?: string;
  readonly onChange?: string;
  readonly by?: string;
}

/** `carryover start`: starts the workflow `migrate`, and waits for its end where asked. */
export function startCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('start')
    .description('start a migration, or go on with its open run; with --wait show its progress and print its report')
    .argument('<migration>', `one of: ${context.catalog.names().join(', ')}`)
    .option('--batch-rows <n>', 'rows a batch is cut at', looseNumber)
    .option('--concurrency <n>', 'batches in flight at once', looseNumber)
    .option('--max-parked <n>', 'parked batches beyond which the run pauses', looseNumber)
    .option('--max-quarantine <share>', 'share of the rows read, 0 to 1, beyond which quarantine pauses it', looseShare)
    .option('--take-over <why>', 'take over an open run whose owner, on another Temporal, cannot be asked')
    .option('--accept-server <why>', 'go on with an open run although source or target is another server')
    .option('--overwrite <why>', 'write anew what another writer changed or deleted in the target; kept unless given')
    .option('--on-change <what>', 'where mapping or source changed since the open run began: refuse, or restart')
    .addOption(UNTIL())
    .addOption(ZONE())
    .option('--by <name>', 'your name, recorded as claimed beside user and host')
    .option('--workflow-id <id>', "the workflow's id (default: carryover-<migration>)")
    .option('--wait', 'wait for the end; Ctrl-C leaves the run running')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  carryover start case-states --wait\n  carryover start messages --batch-rows 20000 --concurrency 4' +
        '\n  carryover start case-states --take-over "the old Temporal is gone for good" --by Anna',
    )
    .action(async (migration: string, options: Options) => {
      exit(await startRun(context, 'migrate', { migration }, options));
    });
}
