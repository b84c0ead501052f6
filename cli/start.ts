import type { Command } from 'commander';
import { listProblems } from '../shared/errors';
import { checkMigrateInput } from '../shared/input';
import type { MigrateInput } from '../shared/messages';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { looseNumber, looseShare } from './input';
import { startRun } from './start-run';
import { UserError } from './user-error';
import type { WindowOptions } from './window-option';
import { UNTIL, ZONE, windowField } from './window-option';

interface Options extends WindowOptions {
  readonly batchRows?: number | string;
  readonly concurrency?: number | string;
  readonly maxParked?: number | string;
  readonly maxQuarantine?: number | string;
  readonly takeOver?: string;
  readonly acceptServer?: string;
  readonly overwrite?: string;
  readonly onChange?: string;
  readonly by?: string;
  readonly workflowId?: string;
  readonly wait?: boolean;
  readonly json?: boolean;
}

/** Options that are fields of the workflow's input under the same name. */
const FIELDS = [
  'batchRows',
  'concurrency',
  'maxParked',
  'maxQuarantine',
  'takeOver',
  'acceptServer',
  'overwrite',
  'onChange',
  'by',
] as const;

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
      const input = checkInput(context, migration, options);
      const workflowId = options.workflowId ?? `carryover-${migration}`;
      exit(await startRun(context, { type: 'migrate', migration, workflowId, input }, options));
    });
}

function checkInput(context: CommandContext, migration: string, options: Options): MigrateInput {
  const fields = FIELDS.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]);
  const given = { migration, ...Object.fromEntries(fields), ...windowField(options) } as Record<string, unknown>;
  const { input, problems } = checkMigrateInput(given, context.catalog.names());
  const all = [...problems, ...(options.workflowId === '' ? ['--workflow-id must not be empty'] : [])];
  if (input === null || all.length > 0) {
    throw new UserError(listProblems('Nothing was started:', all), EXIT.refused);
  }
  return given as unknown as MigrateInput;
}
