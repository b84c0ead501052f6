/** The command line as a whole: the commands, their help, and how an error becomes a message and an exit code. */
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config';
import { CarryoverError } from '../shared/errors';
import { abandonCommand } from './abandon';
import { acceptFindingsCommand } from './accept-findings';
import { auditCommand } from './audit';
import { batchesCommand } from './batches';
import { checkCommand } from './check';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT, exitCodesHelp } from './exit-codes';
import { findingsCommand } from './findings';
import { forecastCommand } from './forecast';
import { gapsCommand } from './gaps';
import { quarantineCommand } from './quarantine';
import { repairCommand } from './repair';
import { replayCommand } from './replay';
import { resyncCommand } from './resync';
import { reportCommand } from './report';
import { scheduleCommand } from './schedule';
import { setupCommand } from './setup';
import { startCommand } from './start';
import { statusCommand } from './status';
import { printJson } from './terminal';
import { undoCommand } from './undo';
import { UserError } from './user-error';
import { verbCommands } from './verbs';
import { verifyCommand } from './verify';

/** In the order of a run's life, which is that of the help. */
const COMMANDS = [
  checkCommand,
  setupCommand,
  gapsCommand,
  forecastCommand,
  startCommand,
  scheduleCommand,
  statusCommand,
  batchesCommand,
  verbCommands,
  abandonCommand,
  auditCommand,
  reportCommand,
  verifyCommand,
  findingsCommand,
  resyncCommand,
  repairCommand,
  quarantineCommand,
  replayCommand,
  undoCommand,
  acceptFindingsCommand,
];

/**
 * Runs one command line.
 *
 * @param args words after the program's name
 * @returns the exit code
 */
export async function runCommandLine(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  let code: ExitCode = EXIT.fine;
  const program = createProgram(context, (given) => (code = given));
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return explain(error, context, args.includes('--json'));
  }
}

function createProgram(context: CommandContext, exit: (code: ExitCode) => void): Command {
  const { terminal } = context;
  const program = new Command('carryover')
    .description('Carries tables of a MySQL or MariaDB database over to PostgreSQL, by Temporal workflows.')
    .showHelpAfterError('(carryover <command> --help shows what it takes)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    });
  for (const add of COMMANDS) add(program, context, exit);
  program.addHelpText(
    'after',
    '\nExamples:\n  carryover setup\n  carryover check\n  carryover start case-states --wait\n  carryover status' +
      '\n  carryover retry-batch case-states --batch 3',
  );
  const commands = program.commands.flatMap((command) => [command, ...command.commands]);
  for (const command of [program, ...commands]) command.addHelpText('after', exitCodesHelp());
  return program;
}

/** One message for each error of a user; a stack only for a defect of ours. */
function explain(error: unknown, { terminal }: CommandContext, json: boolean): ExitCode {
  if (error instanceof CommanderError) {
    // Commander has printed it already; asking for help is no error.
    if (error.exitCode === 0) return EXIT.fine;
    if (json) printError(error.message, EXIT.refused);
    return EXIT.refused;
  }
  const known =
    error instanceof UserError || error instanceof ConfigError || error instanceof CarryoverError ? error : undefined;
  const exitCode = error instanceof UserError ? error.exitCode : EXIT.refused;
  const name = error instanceof Error ? error.constructor.name : typeof error;
  const message = known?.message ?? `Unexpected ${name}: a defect of Carryover.${placesOf(error)}`;
  terminal.err(message);
  if (json) printError(message, exitCode);
  return exitCode;

  function printError(text: string, code: ExitCode): void {
    printJson(terminal, { error: { message: text, exitCode: code } });
  }
}

/** Where a defect happened; never its message, which may quote a value. */
function placesOf(error: unknown): string {
  const places = (error instanceof Error ? (error.stack ?? '') : '').split('\n').filter((line) => /^\s+at /.test(line));
  return places.length === 0 ? '' : `\n${places.slice(0, 6).join('\n')}`;
}
