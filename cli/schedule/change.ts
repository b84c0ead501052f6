/** What a person does with a schedule that is there: each decision is on record with who took it, and why. */
import type { Command } from 'commander';
import type { CommandContext } from '../context';
import type { ExitCode } from '../exit-codes';
import { EXIT } from '../exit-codes';
import { withTemporal } from '../temporal';
import { printJson } from '../terminal';
import { UserError } from '../user-error';
import type { Found, Reasons } from './handle';
import { checkReasons, decide, findSchedule, noteOf } from './handle';

interface Options extends Reasons {
  readonly yes?: boolean;
  readonly json?: boolean;
}

interface Change {
  readonly verb: 'pause' | 'resume' | 'trigger' | 'delete';
  readonly description: string;
  readonly example: string;
  readonly needsWhy?: boolean;
  /** Why it cannot be done; null where it can. */
  readonly refuse: (found: Found, options: Options) => string | null;
  readonly act: (found: Found, reasons: Reasons) => Promise<void>;
  /** What was done, in words. */
  readonly answer: (name: string, found: Found) => string;
}

const running = ({ description: { info } }: Found): string | undefined => info.runningActions[0]?.workflow.workflowId;

const CHANGES: readonly Change[] = [
  {
    verb: 'pause',
    description: 'let it start nothing until resume; what it has started goes on',
    example: 'pause nightly --why "the clinic moves house" --by Anna',
    needsWhy: true,
    refuse: ({ description: { state } }) => (state.paused ? `it is paused already: ${state.note || 'no note'}` : null),
    act: ({ handle }, reasons) => handle.pause(noteOf('paused', reasons)),
    answer: (name, found) =>
      `${name} is paused${running(found) === undefined ? '' : `; ${running(found)} goes on, \`carryover pause\` pauses its run`}.\nTo undo it: carryover schedule resume ${name}`,
  },
  {
    verb: 'resume',
    description: 'let it start again at its times',
    example: 'resume nightly',
    refuse: ({ description: { state } }) => (state.paused ? null : 'it is not paused'),
    act: ({ handle }, reasons) => handle.unpause(noteOf('resumed', reasons)),
    answer: (name) => `${name} starts again at its times; what fell due while it was paused is not made up for.`,
  },
  {
    verb: 'trigger',
    description: 'start its workflow now, also where it is paused',
    example: 'trigger nightly',
    // Temporal would leave the start out without a word.
    refuse: (found) =>
      running(found) === undefined ? null : `what it started last is still at work: workflow ${running(found)}`,
    act: ({ handle }) => handle.trigger('SKIP'),
    answer: (name) => `${name} starts now; \`carryover schedule list\` says what became of it.`,
  },
  {
    verb: 'delete',
    description: 'delete it; what it has started goes on',
    example: 'delete nightly --yes',
    refuse: ({ migration, description: { action } }, { yes }) =>
      yes === true ? null : `it starts ${action.workflowType} ${migration}: give --yes to delete it`,
    act: ({ handle }) => handle.delete(),
    answer: (name, found) => `${name} is deleted${running(found) === undefined ? '' : `; ${running(found)} goes on`}.`,
  },
];

/** `carryover schedule pause | resume | trigger | delete` */
export function changeCommands(schedule: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  for (const change of CHANGES) {
    const command = schedule
      .command(change.verb)
      .description(change.description)
      .argument('<name>', 'name of the schedule');
    if (change.verb === 'delete') command.option('--yes', 'delete it indeed');
    command
      .option(
        '--why <text>',
        `why, for the audit${change.needsWhy === true ? ' and for whoever finds it (needed)' : ''}`,
      )
      .option('--by <name>', 'your name, recorded as claimed beside user and host')
      .option('--json', 'print one JSON document')
      .addHelpText('after', `\nExamples:\n  carryover schedule ${change.example}`)
      .action(async (name: string, options: Options) => {
        const answer = await make(context, change, name, options);
        const { verb } = change;
        if (options.json === true) printJson(context.terminal, { verb, schedule: name, answer });
        else context.terminal.out(answer);
        exit(EXIT.fine);
      });
  }
}

async function make(context: CommandContext, change: Change, name: string, options: Options): Promise<string> {
  const reasons = checkReasons(options, change.needsWhy === true);
  const config = context.config();
  return withTemporal(config, async (temporal) => {
    const found = await findSchedule(config, temporal, name);
    const refused = change.refuse(found, options);
    if (refused !== null) {
      throw new UserError(`The schedule "${name}" was left as it is: ${refused}.`, EXIT.refused);
    }
    const { migration } = found;
    await decide(config, { verb: change.verb, name, migration, ...reasons }, () => change.act(found, reasons));
    return change.answer(name, found);
  });
}
