import type { Command } from 'commander';
import { numbersOfKeys } from '../database/quarantine/read';
import { listProblems } from '../shared/errors';
import { checkPurgeInput, checkRowChoice } from '../shared/quarantine-input';
import type { QuarantineDecision } from '../shared/quarantine-input';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { looseNumber, words } from './input';
import { requireMigration } from './require-migration';
import { startWorkflow } from './start-workflow';
import { withTarget } from './targets';
import { withTemporal } from './temporal';
import { printJson } from './terminal';
import { UserError } from './user-error';
import { givenFields, workflowInput } from './workflow-input';
import { resultOf } from './workflow-result';

interface RowOptions {
  readonly key?: readonly string[];
  readonly row?: readonly string[];
  readonly reason?: readonly string[];
  readonly all?: boolean;
  readonly why?: string;
  readonly by?: string;
  readonly json?: boolean;
}

const BY = ['--by <name>', 'your name, recorded as claimed beside user and host'] as const;
const numbers = (text: string, before: readonly string[] | undefined): string[] => [...(before ?? []), ...words(text)];

const TEXTS = {
  dismiss: {
    description: 'leave rows in open quarantine out: excluded by decision, as long as the source has them as they are',
    why: 'why they are left out, for whoever asks later (needed)',
    example: 'dismiss case-states --key 4711 4712 --why "test entries of 2019"',
    nothing: 'Nothing was dismissed:',
  },
  restore: {
    description: 'take a dismissal back: the rows are in open quarantine again',
    why: 'why they are not left out after all (needed)',
    example: 'restore case-states --key 4711 --why "it was none"',
    nothing: 'Nothing was restored:',
  },
} as const;

/** `carryover quarantine dismiss` and `restore`, by the workflows of these names. */
export function rowCommands(quarantine: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  for (const decision of ['dismiss', 'restore'] as const) {
    const { description, why, example } = TEXTS[decision];
    quarantine
      .command(decision)
      .description(description)
      .argument('<migration>', `one of: ${context.catalog.names().join(', ')}`)
      .option('--key <keys...>', 'these rows, by their keys')
      .option('--row <numbers...>', 'these rows, by the numbers that `carryover quarantine list` has', numbers)
      .option('--reason <codes>', 'all rows that are there for these primary reasons, with commas', words)
      .option('--all', 'all rows; beside --reason all of these')
      .option('--why <reason>', why)
      .option(...BY)
      .option('--json', 'print one JSON document')
      .addHelpText('after', `\nExamples:\n  carryover quarantine ${example}`)
      .action(async (given: string, options: RowOptions) => {
        const migration = requireMigration(context.catalog, given);
        const { input, undo } = await readChoice(context, decision, migration, options);
        await send(context, decision, migration, input, options.json === true, undo);
        exit(EXIT.fine);
      });
  }
}

/** The workflow's input names rows by numbers of the ledger: their keys are not for Temporal. */
async function readChoice(
  context: CommandContext,
  decision: 'dismiss' | 'restore',
  migration: string,
  { key: keys, row, reason, all, why, by }: RowOptions,
): Promise<{ input: object; undo: string | null }> {
  const found =
    keys === undefined
      ? new Map<string, string>()
      : await withTarget(context.config(), (target) => numbersOfKeys(target, migration, keys));
  const unknown = (keys ?? []).filter((key) => !found.has(key));
  const rows = row === undefined && keys === undefined ? undefined : [...(row ?? []), ...found.values()];
  const given = { migration, rows, reasons: reason, all: reason === undefined ? all : undefined, why, by };
  const { input, problems } = checkRowChoice(decision, givenFields(given), context.catalog.names());
  const isEmpty = rows?.length === 0;
  const others = isEmpty ? problems.filter((problem) => !problem.startsWith('"rows"')) : problems;
  const none = unknown.map((key) => `the quarantine of ${migration} has no row with the key ${JSON.stringify(key)}`);
  if (input === null || none.length > 0) {
    throw new UserError(listProblems(TEXTS[decision].nothing, [...none, ...others]), EXIT.refused);
  }
  const which = input.rows === undefined ? null : `--row ${input.rows.join(' ')}`;
  const opposite = decision === 'dismiss' ? 'restore' : 'dismiss';
  return { input, undo: which && `carryover quarantine ${opposite} ${migration} ${which} --why "…"` };
}

interface PurgeOptions {
  readonly olderThan?: number | string;
  readonly why?: string;
  readonly by?: string;
  readonly json?: boolean;
}

/** `carryover quarantine purge`, by the workflow `purge`. */
export function purgeCommand(quarantine: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  quarantine
    .command('purge')
    .description(
      'remove the values of rows that came over or were dismissed long ago, and old before-images; keys and reasons stay',
    )
    .argument('<migration>', `one of: ${context.catalog.names().join(', ')}`)
    .option('--older-than <days>', 'days since the row was last seen, or the batch loaded (needed)', looseNumber)
    .option('--why <reason>', 'why the values are removed, such as a rule of retention (needed)')
    .option(...BY)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  carryover quarantine purge case-states --older-than 90 --why "retention of 90 days"',
    )
    .action(async (given: string, { olderThan, why, by, json }: PurgeOptions) => {
      const migration = requireMigration(context.catalog, given);
      const input = workflowInput(
        { migration, olderThanDays: olderThan, why, by },
        (fields) => checkPurgeInput(fields, context.catalog.names()),
        'Nothing was purged:',
      );
      await send(context, 'purge', migration, input, json === true, null);
      exit(EXIT.fine);
    });
}

async function send(
  context: CommandContext,
  decision: QuarantineDecision,
  migration: string,
  input: object,
  json: boolean,
  undo: string | null,
): Promise<void> {
  const config = context.config();
  // One decision about a migration's rows at a time.
  const workflowId = `carryover-quarantine-${migration}`;
  const answer = await withTemporal(config, async (temporal) => {
    const handle = await startWorkflow(config, temporal, {
      type: decision,
      workflowId,
      input,
      summary: `Carryover: ${decision} rows in quarantine of ${migration}`,
      migration,
      running: `A decision about rows of ${migration} is being carried out, by the workflow "${workflowId}": wait for it.`,
      nothing: 'nothing was decided',
    });
    return resultOf<string>(handle, '`carryover audit` says how it went');
  });
  if (json) printJson(context.terminal, { decision, migration, workflowId, answer, undo });
  else context.terminal.out(`${answer}.${undo === null ? '' : `\nTo undo: ${undo}`}`);
}
