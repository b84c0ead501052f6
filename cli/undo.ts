import type { Command } from 'commander';
import { listProblems } from '../shared/errors';
import { checkUndoInput } from '../shared/input';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { runId } from './input';
import { findRun } from './named-run';
import { startRun } from './start-run';
import { withTarget } from './targets';
import { UserError } from './user-error';

interface Options {
  readonly migration?: string;
  readonly yes?: boolean;
  readonly reason?: string;
  readonly takeOver?: string;
  readonly acceptServer?: string;
  readonly by?: string;
  readonly workflowId?: string;
  readonly wait?: boolean;
  readonly json?: boolean;
}

/** Options that are fields of the workflow's input under the same name. */
const FIELDS = ['reason', 'takeOver', 'acceptServer', 'by'] as const;

/** `carryover undo`: starts the workflow `undo` once the person has said which migration it is, and waits for its end where asked. */
export function undoCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('undo')
    .description('take back what the latest run that wrote something did: its rows go, changed ones are as they were')
    .argument('<run>', 'number of the run', runId)
    .option(
      '--migration <name>',
      "the name of the run's migration, which says that it is meant; asked for unless given",
    )
    .option('--yes', 'do not ask for it')
    .option('--reason <why>', 'why, for the audit')
    .option('--take-over <why>', 'take over an open undo whose owner, on another Temporal, cannot be asked')
    .option('--accept-server <why>', 'go on with an open undo although source or target is another server')
    .option('--by <name>', 'your name, recorded as claimed beside user and host')
    .option('--workflow-id <id>', "the workflow's id (default: carryover-undo-<run>)")
    .option('--wait', 'wait for the end; Ctrl-C leaves the run running')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  carryover undo 7 --wait\n  carryover undo 7 --migration case-states --reason "wrong lookup" --by Anna',
    )
    .action(async (run: string, options: Options) => {
      const { migration } = await withTarget(context.config(), (target) => findRun(target, { run }));
      await confirm(context, run, migration, options);
      const fields = FIELDS.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]);
      const input = { migration, run, ...Object.fromEntries(fields) } as Record<string, unknown>;
      const { problems } = checkUndoInput(input, context.catalog.names());
      const all = [...problems, ...(options.workflowId === '' ? ['--workflow-id must not be empty'] : [])];
      if (all.length > 0) throw new UserError(listProblems('Nothing was undone:', all), EXIT.refused);
      const workflowId = options.workflowId ?? `carryover-undo-${run}`;
      exit(await startRun(context, { type: 'undo', migration, workflowId, input }, options));
    });
}

/** What is taken away cannot be given back by a second thought: the person types which migration it is. */
async function confirm(context: CommandContext, run: string, migration: string, options: Options): Promise<void> {
  if (options.yes === true) return;
  const typed =
    options.migration ??
    (await context.terminal.ask(`Type the name of the migration to undo run ${run} (${migration}): `));
  if (typed?.trim() === migration) return;
  const found = typed === null ? 'nobody was there to ask' : `"${typed.trim().slice(0, 60)}" was typed`;
  throw new UserError(
    `Nothing was undone: run ${run} is one of ${migration}, and ${found}. Say \`--migration ${migration}\`, or \`--yes\`.`,
    EXIT.refused,
  );
}
