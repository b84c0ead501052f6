/** The operator's verbs as commands: each sends the update of the same name to the workflow that owns the open run. */
import type { Command } from 'commander';
import type { Verb } from '../shared/names';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { looseFraction, looseNumber } from './input';
import { RUN_ARGUMENT, requireRun } from './named-run';
import { sendVerb } from './send-verb';
import { withTarget } from './targets';
import { withTemporal } from './temporal';
import { printJson } from './terminal';
import { UserError } from './user-error';

interface Options {
  readonly batch?: readonly (number | string)[];
  readonly all?: boolean;
  readonly maxParked?: number | string;
  readonly maxQuarantine?: number | string;
  readonly reason?: string;
  readonly by?: string;
  readonly workflowId?: string;
  readonly json?: boolean;
}

interface Definition {
  readonly verb: Verb;
  /** The command's name; the verb itself is its alias. */
  readonly name: string;
  readonly description: string;
  readonly example: string;
  /** Adds what is the verb's own. */
  readonly options: (command: Command) => Command;
  /** The update's JSON object, but for reason and by. */
  readonly request: (options: Options, argument: string | undefined) => object;
}

const batches = (command: Command): Command =>
  command.option('--batch <n...>', 'number of a batch; several may be given', collect, []);

const plain = (command: Command): Command => command;

const DEFINITIONS: readonly Definition[] = [
  {
    verb: 'retryBatch',
    name: 'retry-batch',
    description: 'run parked batches again, and take skipped ones back',
    example: 'carryover retry-batch case-states --batch 3 9\n  carryover retry-batch 7 --all',
    options: (command) => batches(command).option('--all', 'all that are parked'),
    request: ({ batch = [], all }) => ({ batch: all === true ? 'all' : oneOrList(batch) }),
  },
  {
    verb: 'skipBatch',
    name: 'skip-batch',
    description: 'leave parked batches out: their rows count as excluded by decision; retry-batch takes them back',
    example: 'carryover skip-batch case-states --batch 3 --reason "archived rows, see the ticket"',
    options: batches,
    request: ({ batch = [] }) => ({ batch: oneOrList(batch) }),
  },
  {
    verb: 'pause',
    name: 'pause',
    description: 'begin no batch until resume; those in flight end',
    example: 'carryover pause case-states --reason "backup until six"',
    options: plain,
    request: () => ({}),
  },
  {
    verb: 'resume',
    name: 'resume',
    description: 'go on after a pause; a brake that paused the run must be raised',
    example: 'carryover resume case-states\n  carryover resume case-states --max-quarantine 0.2',
    options: (command) =>
      command
        .option('--max-parked <n>', 'parked batches beyond which the run pauses', looseNumber)
        .option(
          '--max-quarantine <share>',
          'share of the rows read, 0 to 1, beyond which quarantine pauses it',
          looseFraction,
        ),
    request: ({ maxParked, maxQuarantine }) => ({
      ...(maxParked === undefined ? {} : { maxParked }),
      ...(maxQuarantine === undefined ? {} : { maxQuarantine }),
    }),
  },
  {
    verb: 'setConcurrency',
    name: 'set-concurrency',
    description: 'change how many batches are in flight at once',
    example: 'carryover set-concurrency case-states 4',
    options: (command) => command.argument('<n>', 'batches in flight at most'),
    request: (_options, argument) => ({ concurrency: looseNumber(argument ?? '') }),
  },
  {
    verb: 'cancel',
    name: 'cancel',
    description: 'end the workflow: steps in hand end or roll back; starting again goes on with the run',
    example: 'carryover cancel case-states --reason "wrong night"',
    options: plain,
    request: () => ({}),
  },
];

/** `carryover retry-batch | skip-batch | pause | resume | set-concurrency | cancel`. */
export function verbCommands(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  for (const definition of DEFINITIONS) {
    const command = program.command(definition.name).description(definition.description);
    if (definition.name !== definition.verb) command.alias(definition.verb);
    command.argument('<run>', RUN_ARGUMENT);
    definition
      .options(command)
      .option('--reason <why>', 'why; it is recorded')
      .option('--by <name>', 'your name, recorded as claimed')
      .option('--workflow-id <id>', 'the workflow that owns the run, where the ledger cannot be read')
      .option('--json', 'print one JSON document')
      .addHelpText('after', `\nExamples:\n  ${definition.example}`)
      .action(async (run: string, ...rest: unknown[]) => {
        const argument = typeof rest[0] === 'string' ? rest[0] : undefined;
        const options = (argument === undefined ? rest[0] : rest[1]) as Options;
        exit(await send(context, definition, run, argument, options));
      });
  }
}

async function send(
  context: CommandContext,
  { verb, request }: Definition,
  name: string,
  argument: string | undefined,
  options: Options,
): Promise<ExitCode> {
  const config = context.config();
  const workflow = options.workflowId ?? (await findOwner(context, name, verb));
  const { reason, by } = options;
  const body = {
    ...request(options, argument),
    ...(reason === undefined ? {} : { reason }),
    ...(by === undefined ? {} : { by }),
  };
  const { words } = await withTemporal(config, (temporal) => sendVerb(config, temporal, workflow, verb, body));
  if (options.json === true) printJson(context.terminal, { verb, workflow, accepted: true, answer: words });
  else if (words !== null) context.terminal.out(words);
  if (words === null && options.json !== true) {
    context.terminal.out(
      `${verb} is accepted, and will be carried out; it is not yet, perhaps since a server is away. \`carryover status\` and the current details in the Temporal UI tell more.`,
    );
  }
  return EXIT.fine;
}

async function findOwner(context: CommandContext, name: string, verb: Verb): Promise<string> {
  const run = await withTarget(context.config(), (target) => requireRun(context, target, name));
  if (run.state === 'open') return run.workflow;
  throw new UserError(
    `Run ${run.run} of ${run.migration} is ${run.state}, so that ${verb} has nothing to act on; only an open run takes it.`,
    EXIT.refused,
  );
}

function collect(text: string, before: readonly (number | string)[]): (number | string)[] {
  return [...before, ...text.split(',').map((part) => looseNumber(part.trim()))];
}

const oneOrList = (list: readonly (number | string)[]): unknown => (list.length === 1 ? list[0] : list);
