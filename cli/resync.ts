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
  readonly maxDeletes?: number | string;
  readonly overwrite?: string;
  readonly takeOver?: string;
  readonly acceptServer?: string;
  readonly by?: string;
}

/** `carryover resync`: starts the workflow `resync`, and waits for its end where asked. */
export function resyncCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('resync')
    .description('compare source and target, move what is new or changed, and prove it; trusts no time of change')
    .argument('<migration>', `one of: ${context.catalog.names().join(', ')}`)
    .option('--batch-rows <n>', 'keys that are taken at once, 5,000 at most', looseNumber)
    .option('--concurrency <n>', 'ranges, and then batches, in flight at once', looseNumber)
    .option(
      '--max-deletes <share>',
      'share of the loaded rows, 0 to 1, that may be gone before it pauses (default: 0.01)',
      looseShare,
    )
    .option('--overwrite <why>', 'write anew what another writer changed or deleted in the target')
    .option('--take-over <why>', 'take over an open re-sync whose owner, on another Temporal, cannot be asked')
    .option('--accept-server <why>', 'go on with an open re-sync although source or target is another server')
    .addOption(UNTIL())
    .addOption(ZONE())
    .option('--by <name>', 'your name, recorded as claimed beside user and host')
    .option('--workflow-id <id>', "the workflow's id (default: carryover-resync-<migration>)")
    .option('--wait', 'wait for the end; Ctrl-C leaves the run running')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  carryover resync case-states --wait\n  carryover resync case-states --max-deletes 0.05 --by Anna',
    )
    .action(async (migration: string, options: Options) => {
      exit(await startRun(context, 'resync', { migration }, options));
    });
}
