import type { Command } from 'commander';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { looseNumber } from './input';
import { startRun } from './start-run';
import { UNTIL, ZONE } from './window-option';
import type { RunOptions } from './workflow-input';

interface Options extends RunOptions {
  readonly verification?: string;
  readonly batchRows?: number | string;
  readonly concurrency?: number | string;
  readonly takeOver?: string;
  readonly acceptServer?: string;
  readonly overwrite?: string;
  readonly by?: string;
}

/** `carryover repair`: starts the workflow `repair`, and waits for its end where asked. */
export function repairCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('repair')
    .description("take again what verification found missing, changed or stale; what may be another writer's is kept")
    .argument('<migration>', `one of: ${context.catalog.names().join(', ')}`)
    .option('--verification <number>', 'repair what this one found (default: the latest, and those of a part since)')
    .option('--batch-rows <n>', 'keys that are taken at once, 5,000 at most', looseNumber)
    .option('--concurrency <n>', 'batches in flight at once', looseNumber)
    .option(
      '--overwrite <why>',
      'also write anew what another writer changed or deleted in the target; kept unless given',
    )
    .option('--take-over <why>', 'take over an open repair whose owner, on another Temporal, cannot be asked')
    .option('--accept-server <why>', 'go on with an open repair although source or target is another server')
    .addOption(UNTIL())
    .addOption(ZONE())
    .option('--by <name>', 'your name, recorded as claimed beside user and host')
    .option('--workflow-id <id>', "the workflow's id (default: carryover-repair-<migration>)")
    .option('--wait', 'wait for the end; Ctrl-C leaves the run running')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  carryover repair case-states --wait\n  carryover repair case-states --verification 12 --by Anna',
    )
    .action(async (migration: string, options: Options) => {
      exit(await startRun(context, 'repair', { migration }, options));
    });
}
