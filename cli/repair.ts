import type { Command } from 'commander';
import { listProblems } from '../shared/errors';
import { checkRepairInput } from '../shared/input';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { looseNumber } from './input';
import { startRun } from './start-run';
import { UserError } from './user-error';
import type { WindowOptions } from './window-option';
import { UNTIL, ZONE, windowField } from './window-option';

interface Options extends WindowOptions {
  readonly verification?: string;
  readonly batchRows?: number | string;
  readonly concurrency?: number | string;
  readonly takeOver?: string;
  readonly acceptServer?: string;
  readonly overwrite?: string;
  readonly by?: string;
  readonly workflowId?: string;
  readonly wait?: boolean;
  readonly json?: boolean;
}

/** Options that are fields of the workflow's input under the same name. */
const FIELDS = ['verification', 'batchRows', 'concurrency', 'takeOver', 'acceptServer', 'overwrite', 'by'] as const;

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
      const fields = FIELDS.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]);
      const input = { migration, ...Object.fromEntries(fields), ...windowField(options) } as Record<string, unknown>;
      const { problems } = checkRepairInput(input, context.catalog.names());
      const all = [...problems, ...(options.workflowId === '' ? ['--workflow-id must not be empty'] : [])];
      if (all.length > 0) throw new UserError(listProblems('Nothing was repaired:', all), EXIT.refused);
      const workflowId = options.workflowId ?? `carryover-repair-${migration}`;
      exit(await startRun(context, { type: 'repair', migration, workflowId, input }, options));
    });
}
