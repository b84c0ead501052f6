/** The operator's verbs: the same as the updates of a workflow's page in the Temporal UI. */
import type { Command } from 'commander';
import { CONCURRENCY } from '../shared/input';
import { listProblems } from '../shared/errors';
import type { Verb } from '../shared/names';
import { checkRequest, listBatches } from '../shared/verb-requests';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { batchNumbers, looseNumber, looseShare } from './input';
import { runName } from './named-run';
import type { Addressee } from './send-verb';
import { findAddressee, sendVerb } from './send-verb';
import { printJson } from './terminal';
import { UserError } from './user-error';
import { givenFields } from './workflow-input';
import { startOf } from './status-text';

interface Options {
  readonly batch?: readonly number[];
  readonly all?: boolean;
  readonly maxParked?: number | string;
  readonly maxQuarantine?: number | string;
  readonly maxDeletes?: number | string;
  readonly reason?: string;
  readonly by?: string;
  readonly workflowId?: string;
  readonly json?: boolean;
}

interface VerbCommand {
  readonly verb: Verb;
  readonly name: string;
  readonly description: string;
  readonly examples: readonly string[];
  /** Adds what only this verb takes. */
  readonly takes?: (command: Command) => Command;
  /** Fields of the request beside reason and name. */
  readonly fields?: (options: Options, figure: string | undefined) => object;
  /** The command that takes the decision back, where it is not the next thing that the answer names. */
  readonly undo?: (subject: string, options: Options, addressee: Addressee) => string;
}

const BATCHES = 'numbers of the batches, such as 3 or 3 9';

const COMMANDS: readonly VerbCommand[] = [
  {
    verb: 'retryBatch',
    name: 'retry-batch',
    description: 'run parked batches again, and take skipped ones back',
    examples: ['retry-batch case-states --batch 3', 'retry-batch 7 --batch 3 9', 'retry-batch 7 --all'],
    takes: (command) =>
      command.option('--batch <n...>', BATCHES, batchNumbers).option('--all', 'every parked batch of the run'),
    fields: ({ batch, all }) => ({ batch: all === true ? 'all' : batch }),
  },
  {
    verb: 'skipBatch',
    name: 'skip-batch',
    description: 'leave parked batches out: their rows count as excluded by decision; retry-batch takes them back',
    examples: ['skip-batch 7 --batch 3 --reason "archived rows, see the ticket"'],
    takes: (command) => command.option('--batch <n...>', BATCHES, batchNumbers),
    fields: ({ batch }) => ({ batch }),
    undo: (subject, { batch }) => `carryover retry-batch ${subject} --batch ${(batch ?? []).join(' ')}`,
  },
  {
    verb: 'pause',
    name: 'pause',
    description: 'begin no batch until resume; those in flight end',
    examples: ['pause case-states --reason "backup until six"'],
    undo: (subject) => `carryover resume ${subject}`,
  },
  {
    verb: 'resume',
    name: 'resume',
    description: 'go on after a pause, under higher brakes where they are named',
    examples: ['resume case-states', 'resume 7 --max-parked 30', 'resume 7 --max-quarantine 0.2'],
    takes: (command) =>
      command
        .option('--max-parked <n>', 'parked batches beyond which the run pauses', looseNumber)
        .option(
          '--max-quarantine <share>',
          'share of the rows read, 0 to 1, beyond which quarantine pauses it',
          looseShare,
        )
        .option(
          '--max-deletes <share>',
          'share of the loaded rows, 0 to 1, that may be gone before a re-sync pauses',
          looseShare,
        ),
    fields: ({ maxParked, maxQuarantine, maxDeletes }) => ({ maxParked, maxQuarantine, maxDeletes }),
  },
  {
    verb: 'setConcurrency',
    name: 'set-concurrency',
    description: 'change how many batches are in flight at once',
    examples: ['set-concurrency case-states 4'],
    takes: (command) => command.argument('[n]', `batches in flight, ${CONCURRENCY.low} to ${CONCURRENCY.high}`),
    fields: (_options, figure) => ({ concurrency: figure === undefined ? undefined : looseNumber(figure) }),
  },
  {
    verb: 'cancel',
    name: 'cancel',
    description: 'end the workflow: steps in hand end or roll back, the run stays open and can be gone on with',
    examples: ['cancel case-states --reason "wrong night"'],
    undo: (_subject, _options, { run }) =>
      `carryover ${run === null ? 'start' : startOf(run)} ${run?.migration ?? '<migration>'}`,
  },
];

/** `carryover retry-batch | skip-batch | pause | resume | set-concurrency | cancel` */
export function verbCommands(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  for (const described of COMMANDS) {
    const { verb, name, description, examples, takes = (command: Command) => command } = described;
    const command = program
      .command(name)
      .description(description)
      .argument('[run|migration]', 'number of the open run, or its migration');
    if (verb !== name) command.alias(verb);
    takes(command)
      .option('--reason <why>', 'why, for the audit')
      .option('--by <name>', 'your name, recorded as claimed beside user and host')
      .option('--workflow-id <id>', "the run's workflow, where the ledger cannot be asked for it")
      .option('--json', 'print one JSON document')
      .addHelpText('after', `\nExamples:\n${examples.map((example) => `  carryover ${example}`).join('\n')}`)
      .action(async (...given: unknown[]) => {
        const options = command.opts<Options>();
        const words = given.filter((word): word is string => typeof word === 'string');
        exit(await decide(context, described, words, options));
      });
  }
}

async function decide(
  context: CommandContext,
  { verb, fields, undo }: VerbCommand,
  words: readonly string[],
  options: Options,
): Promise<ExitCode> {
  const { reason, by, workflowId } = options;
  // A workflow's id stands in the place of the run.
  const [first, second] = workflowId !== undefined && words.length === 1 ? [undefined, words[0]] : words;
  const request = givenFields({ ...fields?.(options, second), reason, by });
  const problems = problemsOf(verb, request, options, first);
  if (problems.length > 0) throw new UserError(listProblems('Nothing was sent:', problems), EXIT.refused);

  const name = first === undefined ? undefined : runName(context.catalog, first);
  const config = context.config();
  const addressee = await findAddressee(config, name, workflowId);
  const answer = await sendVerb(config, addressee, verb, request);
  const { run } = addressee;
  const takeBack = undo?.(run?.run ?? `--workflow-id ${addressee.workflowId}`, options, addressee) ?? null;
  if (options.json === true) {
    printJson(context.terminal, {
      verb,
      run: run?.run ?? null,
      migration: run?.migration ?? null,
      workflowId: addressee.workflowId,
      update: answer.update,
      answer: answer.words,
      undo: takeBack,
    });
  } else {
    const whose = run === null ? addressee.workflowId : `${run.migration}, run ${run.run}`;
    context.terminal.out(`${whose}: ${answer.words}`);
    if (takeBack !== null) context.terminal.out(`To undo it: ${takeBack}`);
  }
  return EXIT.fine;
}

/** What can be said without the run; what only the run knows, its workflow refuses. */
function problemsOf(verb: Verb, request: object, options: Options, run: string | undefined): string[] {
  const problems: string[] = [];
  const { workflowId, batch, all } = options;
  if (run === undefined && workflowId === undefined) {
    problems.push('name the run by its number or its migration, or its workflow by --workflow-id');
  }
  if (workflowId === '') problems.push('--workflow-id must not be empty');
  const takesBatches = verb === 'retryBatch' || verb === 'skipBatch';
  if (takesBatches && batch === undefined && all !== true) {
    problems.push(`name the batches: --batch <n...>${verb === 'retryBatch' ? ' or --all' : ''}`);
  }
  if (batch !== undefined && all === true) problems.push(`--all stands alone: leave out --batch ${listBatches(batch)}`);
  const parked = new Set(batch ?? [1]);
  const checked = takesBatches ? { ...request, batch: [...parked] } : request;
  return [
    ...problems,
    ...checkRequest(verb, checked, {
      ready: true,
      comparing: false,
      verifying: false,
      ended: false,
      parked,
      skipped: new Set(),
      loaded: new Set(),
      pauseCause: verb === 'resume' ? 'not known here' : null,
      resuming: false,
      cancelling: false,
      concurrencyLimit: CONCURRENCY.high,
      brake: () => null,
    }),
  ];
}
