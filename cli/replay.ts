import type { Command } from 'commander';
import { listProblems } from '../shared/errors';
import { checkReplayInput } from '../shared/input';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { looseNumber } from './input';
import { startRun } from './start-run';
import { UserError } from './user-error';
import type { WindowOptions } from './window-option';
import { UNTIL, ZONE, windowField } from './window-option';

interface Options extends WindowOptions {
  readonly reason?: readonly string[];
  readonly batchRows?: number | string;
  readonly concurrency?: number | string;
  readonly takeSkipped?: string;
  readonly takeOver?: string;
  readonly acceptServer?: string;
  readonly by?: string;
  readonly workflowId?: string;
  readonly wait?: boolean;
  readonly json?: boolean;
}

/** Options that are fields of the workflow's input under the same name. */
const FIELDS = ['batchRows', 'concurrency', 'takeSkipped', 'takeOver', 'acceptServer', 'by'] as const;

const words = (text: string): string[] => text.split(',').map((word) => word.trim());

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
    .action(async (migration: string, options: Options) => {
      const fields = FIELDS.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]);
      const reasons = options.reason === undefined ? {} : { reasons: options.reason };
      const input = { migration, ...reasons, ...Object.fromEntries(fields), ...windowField(options) } as Record<
        string,
        unknown
      >;
      const { problems } = checkReplayInput(input, context.catalog.names());
      const all = [...problems, ...(options.workflowId === '' ? ['--workflow-id must not be empty'] : [])];
      if (all.length > 0) throw new UserError(listProblems('Nothing was replayed:', all), EXIT.refused);
      const workflowId = options.workflowId ?? `carryover-replay-${migration}`;
      exit(await startRun(context, { type: 'replay', migration, workflowId, input }, options));
    });
}
