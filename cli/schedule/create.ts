import type { Command } from 'commander';
import { ScheduleAlreadyRunning } from '@temporalio/client';
import { listProblems } from '../../shared/errors';
import type { CommandContext } from '../context';
import type { ExitCode } from '../exit-codes';
import { EXIT } from '../exit-codes';
import { withTemporal } from '../temporal';
import { printJson } from '../terminal';
import { UserError } from '../user-error';
import type { ScheduleDefinition } from './definition';
import { checkDefinition } from './definition';
import type { Reasons } from './handle';
import { checkReasons, decide } from './handle';
import { scheduleLines, toListed } from './listed';
import { toOptions } from './temporal-schedule';
import { SCHEDULED_TYPES } from './types';

interface Options extends Reasons {
  readonly type?: string;
  readonly migration?: string;
  readonly cron?: string;
  readonly every?: string;
  readonly zone?: string;
  readonly jitter?: string;
  readonly catchUp?: string;
  readonly until?: string;
  readonly pauseOnFailure?: boolean;
  readonly paused?: boolean;
  readonly note?: string;
  readonly input?: string;
  readonly json?: boolean;
}

/** `carryover schedule create` */
export function createCommand(schedule: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  schedule
    .command('create')
    .description('make a schedule; a start that finds the one before still at work is left out')
    .argument('<name>', 'name of the schedule, unique in the namespace')
    .option('--type <type>', `what it starts: ${SCHEDULED_TYPES.join(', ')}`)
    .option('--migration <name>', `one of: ${context.catalog.names().join(', ')}`)
    .option('--cron <fields>', 'minute, hour, day of the month, month, day of the week; --zone must be given with it')
    .option('--every <span>', 'instead of --cron: such as 10m or 6h')
    .option('--zone <name>', 'time zone of --cron and --until, such as Europe/Berlin; none is guessed')
    .option('--jitter <span>', 'start up to so much later, by chance')
    .option(
      '--catch-up <span>',
      'make up for a start that Temporal could not make at its time, up to so long after (1h)',
    )
    .option('--until <HH:MM>', 'begin nothing after this time of the day; the next start goes on with what is left')
    .option('--pause-on-failure', 'pause the schedule where a start fails or is not proven (so it is unless denied)')
    .option('--no-pause-on-failure', 'go on nevertheless')
    .option('--paused', 'make it paused')
    .option('--note <text>', 'what it is for')
    .option('--input <json>', "other fields of the workflow's input, such as '{\"concurrency\": 4}'")
    .option('--why <text>', 'why, for the audit')
    .option('--by <name>', 'your name, recorded as claimed beside user and host')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  carryover schedule create nightly --type migrate --migration case-states --cron "15 2 * * *" --zone Europe/Berlin --until 05:00' +
        '\n  carryover schedule create hourly-proof --type verify --migration case-states --every 1h --no-pause-on-failure',
    )
    .action(async (name: string, { why, by, json, ...options }: Options) => {
      const wanted = readDefinition(context, name, options);
      const reasons = checkReasons({ why, by }, false);
      const config = context.config();
      const { taskQueue } = config;
      const made = await withTemporal(config, (temporal) =>
        decide(config, { verb: 'create', name, migration: wanted.migration, ...reasons }, async () => {
          const handle = await temporal.client.schedule
            .create(toOptions(wanted, { by: 'create', taskQueue }))
            .catch((error: unknown) => {
              if (!(error instanceof ScheduleAlreadyRunning)) throw error;
              throw new UserError(`There is a schedule "${name}" already; nothing was changed.`, EXIT.refused);
            });
          return toListed(await handle.describe(), []);
        }),
      );
      if (json === true) printJson(context.terminal, { created: made });
      else context.terminal.out(scheduleLines(made).join('\n'));
      exit(EXIT.fine);
    });
}

/** Options are fields of a definition under the same name. */
function readDefinition(
  context: CommandContext,
  name: string,
  { input, ...fields }: Omit<Options, keyof Reasons | 'json'>,
): ScheduleDefinition {
  const problems: string[] = [];
  const given = { name, ...fields, input: readInput(input, problems) };
  const checked = checkDefinition(given, context.catalog.names());
  const all = [...problems, ...checked.problems];
  if (checked.definition === null || all.length > 0) {
    throw new UserError(listProblems('No schedule was made:', all), EXIT.refused);
  }
  return checked.definition;
}

function readInput(text: string | undefined, problems: string[]): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    problems.push('"input" is no JSON; give one object, such as \'{"concurrency": 4}\'');
    return undefined;
  }
}
