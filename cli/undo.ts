import type { Command } from 'commander';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { runId } from './input';
import { findRun } from './named-run';
import { startRun } from './start-run';
import { withTarget } from './targets';
import { UserError } from './user-error';
import type { RunOptions } from './workflow-input';

interface Options extends RunOptions {
  readonly migration?: string;
  readonly yes?: boolean;
  readonly reason?: string;
  readonly takeOver?: string;
  readonly acceptServer?: string;
  readonly by?: string;
}

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
    .action(async (run: string, { migration: typed, yes, ...options }: Options) => {
      const { migration } = await withTarget(context.config(), (target) => findRun(target, { run }));
      if (yes !== true) await confirm(context, run, migration, typed);
      exit(await startRun(context, 'undo', { migration, run }, options));
    });
}

/** What is taken away cannot be given back by a second thought: the person types which migration it is. */
async function confirm(
  context: CommandContext,
  run: string,
  migration: string,
  given: string | undefined,
): Promise<void> {
  const typed =
    given ?? (await context.terminal.ask(`Type the name of the migration to undo run ${run} (${migration}): `));
  if (typed?.trim() === migration) return;
  const found = typed === null ? 'nobody was there to ask' : `"${typed.trim().slice(0, 60)}" was typed`;
  throw new UserError(
    `Nothing was undone: run ${run} is one of ${migration}, and ${found}. Say \`--migration ${migration}\`, or \`--yes\`.`,
    EXIT.refused,
  );
}
