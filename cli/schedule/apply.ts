import type { Command } from 'commander';
import type { ScheduleUpdateOptions } from '@temporalio/client';
import type { Config } from '../../config';
import { listProblems } from '../../shared/errors';
import type { CommandContext } from '../context';
import type { ExitCode } from '../exit-codes';
import { EXIT } from '../exit-codes';
import type { Temporal } from '../temporal';
import { withTemporal } from '../temporal';
import { printJson } from '../terminal';
import { UserError } from '../user-error';
import type { ScheduleDefinition } from './definition';
import { DEFAULT_FILE, readSchedules } from './file';
import type { Reasons } from './handle';
import { checkReasons, decide, describeSchedule } from './handle';
import { ourNames } from './list';
import type { Step, There } from './plan';
import { planApply } from './plan';
import { toOptions } from './temporal-schedule';

interface Options extends Reasons {
  readonly prune?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `carryover schedule apply`: has Temporal hold the schedules that a file names; said again, it changes nothing. */
export function applyCommand(schedule: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  schedule
    .command('apply')
    .description("make the schedules of a file, and change those that are otherwise; an operator's pause stays")
    .argument('[file]', 'a JSON file; schedules.example.json is one', DEFAULT_FILE)
    .option('--prune', 'delete those that an earlier apply has made, and the file does not name any more')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--why <text>', 'why, for the audit')
    .option('--by <name>', 'your name, recorded as claimed beside user and host')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  carryover schedule apply --dry-run\n  carryover schedule apply ops/schedules.json --prune --why "ticket 99"',
    )
    .action(async (file: string, options: Options) => {
      const wanted = readSchedules(context.cwd, file, context.catalog.names());
      const reasons = checkReasons(options, false);
      const config = context.config();
      const dryRun = options.dryRun === true;
      const steps = await withTemporal(config, async (temporal) => {
        const there = await findAll(config, temporal, wanted, options.prune === true);
        const plan = planApply(wanted, there, config.taskQueue, options.prune === true);
        if (plan.problems.length > 0) {
          throw new UserError(listProblems(`Nothing of ${file} was applied:`, plan.problems), EXIT.refused);
        }
        if (!dryRun) for (const step of plan.steps) await carryOut(config, temporal, step, reasons);
        return plan.steps;
      });
      if (options.json === true) printJson(context.terminal, { dryRun, schedules: steps.map(toDocument) });
      else
        context.terminal.out(
          steps.length === 0 ? `${file} names no schedule.` : steps.map((step) => lineOf(step, dryRun)).join('\n'),
        );
      exit(EXIT.fine);
    });
}

/** The schedules that the file names; those that are listed as well where others may have to go. */
async function findAll(
  config: Config,
  temporal: Temporal,
  wanted: readonly ScheduleDefinition[],
  prune: boolean,
): Promise<There[]> {
  const names = new Set([...wanted.map(({ name }) => name), ...(prune ? await ourNames(config, temporal) : [])]);
  const there: There[] = [];
  for (const name of names) {
    const found = await describeSchedule(config, temporal, name);
    if (found !== null) there.push({ name, ...found });
  }
  return there;
}

async function carryOut(config: Config, { client }: Temporal, step: Step, reasons: Reasons): Promise<void> {
  const { name } = step;
  const mark = { by: 'apply', taskQueue: config.taskQueue } as const;
  const handle = client.schedule.getHandle(name);
  switch (step.does) {
    case 'keep':
      return;
    case 'create': {
      const { migration } = step.wanted;
      await decide(config, { verb: 'create', name, migration, ...reasons }, () =>
        client.schedule.create(toOptions(step.wanted, mark)),
      );
      return;
    }
    case 'update': {
      const { spec, action, policies } = toOptions(step.wanted, mark);
      const details = { changed: step.changed.join(', ') };
      await decide(config, { verb: 'update', name, migration: step.wanted.migration, details, ...reasons }, () =>
        // As it is at this moment: a pause that came since it was looked at holds as well.
        handle.update(({ state }): ScheduleUpdateOptions => ({ spec, action, policies: policies!, state })),
      );
      return;
    }
    case 'delete':
      await decide(config, { verb: 'delete', name, migration: step.there.migration, ...reasons }, () =>
        handle.delete(),
      );
  }
}

const WORDS = {
  create: ['made', 'to be made'],
  update: ['changed', 'to be changed'],
  keep: ['unchanged', 'unchanged'],
  delete: ['deleted', 'to be deleted'],
} as const;

function lineOf(step: Step, dryRun: boolean): string {
  const what = step.does === 'update' ? ` (${step.changed.join(', ')})` : '';
  return `${step.name}: ${WORDS[step.does][dryRun ? 1 : 0]}${what}${pauseText(step)}`;
}

/** A file cannot resume what a person has paused. */
function pauseText(step: Step): string {
  if (step.does !== 'keep' && step.does !== 'update') return '';
  const { paused, note } = step.there.description.state;
  return paused ? `, and stays paused: ${note || 'no note'}` : '';
}

function toDocument(step: Step): object {
  const state = step.does === 'create' ? null : step.there.description.state;
  return {
    name: step.name,
    does: step.does,
    changed: step.does === 'update' ? step.changed : [],
    paused: state?.paused ?? (step.does === 'create' && step.wanted.paused),
    note: state?.note ?? null,
  };
}
