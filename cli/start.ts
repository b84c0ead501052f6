import type { WorkflowHandle } from '@temporalio/client';
import type { Command } from 'commander';
import { listProblems } from '../shared/errors';
import { checkMigrateInput } from '../shared/input';
import type { MigrateInput } from '../shared/messages';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { finishWaiting, headlineText, sayFailure, sayMissed } from './finish-waiting';
import { awaitBeginning, followRun } from './follow-run';
import { looseNumber, looseShare } from './input';
import { requireWorker } from './require-worker';
import { beginning } from './run-display';
import type { Temporal } from './temporal';
import { startWorkflow } from './start-workflow';
import { withTemporal, workflowLink } from './temporal';
import { printJson } from './terminal';
import { UserError } from './user-error';

interface Options {
  readonly batchRows?: number | string;
  readonly concurrency?: number | string;
  readonly maxParked?: number | string;
  readonly maxQuarantine?: number | string;
  readonly takeOver?: string;
  readonly acceptServer?: string;
  readonly onChange?: string;
  readonly by?: string;
  readonly workflowId?: string;
  readonly wait?: boolean;
  readonly json?: boolean;
}

/** What a started workflow is known by. */
export interface Started {
  readonly migration: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly taskQueue: string;
  readonly namespace: string;
  readonly ui: string | null;
}

/** Options that are fields of the workflow's input under the same name. */
const FIELDS = [
  'batchRows',
  'concurrency',
  'maxParked',
  'maxQuarantine',
  'takeOver',
  'acceptServer',
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
    .option('--on-change <what>', 'where mapping or source changed since the open run began: refuse, or restart')
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
      const config = context.config();
      const workflowId = options.workflowId ?? `carryover-${migration}`;
      const code = await withTemporal(config, async (temporal) => {
        await requireWorker(config, temporal, 'nothing was started');
        const handle = await startWorkflow(config, temporal, {
          type: 'migrate',
          workflowId,
          input,
          summary: `Carryover: ${migration}`,
          migration,
          running: `The workflow "${workflowId}" is running already; nothing was started. See how it stands with \`carryover status\`, wait for it, or end it with \`carryover cancel ${migration}\`.`,
          nothing: 'nothing was started',
        });
        const started: Started = {
          migration,
          workflowId,
          runId: handle.firstExecutionRunId,
          taskQueue: config.taskQueue,
          namespace: temporal.namespace,
          ui: workflowLink(config, workflowId, handle.firstExecutionRunId),
        };
        if (options.json !== true) sayStarted(context, started);
        if (options.wait !== true) return sayBeginning(context, temporal, handle, started, options.json === true);
        const outcome = await followRun(temporal, handle, context.terminal);
        return finishWaiting(context, config, started, outcome, options.json === true);
      });
      exit(code);
    });
}

function checkInput(context: CommandContext, migration: string, options: Options): MigrateInput {
  const fields = FIELDS.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]);
  const given = { migration, ...Object.fromEntries(fields) } as Record<string, unknown>;
  const { input, problems } = checkMigrateInput(given, context.catalog.names());
  const all = [...problems, ...(options.workflowId === '' ? ['--workflow-id must not be empty'] : [])];
  if (input === null || all.length > 0) {
    throw new UserError(listProblems('Nothing was started:', all), EXIT.refused);
  }
  return given as unknown as MigrateInput;
}

/** Says how the start began where nobody waits for its end. */
async function sayBeginning(
  context: CommandContext,
  temporal: Temporal,
  handle: WorkflowHandle,
  started: Started,
  json: boolean,
): Promise<ExitCode> {
  const { terminal } = context;
  const begun = await awaitBeginning(temporal, handle);
  if (begun !== null && 'ended' in begun) {
    if (begun.ended === 'missed') return sayMissed(context, started, begun.cause, json);
    if (begun.ended === 'failed') {
      sayFailure(context, started, begun.failure, json);
      return begun.failure.type === 'NotProven' ? EXIT.notProven : EXIT.refused;
    }
  }
  const result = begun !== null && 'ended' in begun && begun.ended === 'completed' ? begun.result : null;
  const progress = begun !== null && 'progress' in begun ? begun.progress : null;
  if (json) {
    const { run = result?.run ?? null, resumed = null, differing = null } = progress ?? {};
    printJson(terminal, { ...started, run, resumed, differing });
  } else if (result !== null) {
    terminal.out(headlineText(started.migration, result));
  } else if (progress === null) {
    terminal.err('It is still planning; `carryover status` says how it stands.');
  } else {
    for (const line of beginning(progress)) terminal.err(line);
    terminal.err(`See how it stands with \`carryover status ${progress.run} --watch\`.`);
  }
  return EXIT.fine;
}

function sayStarted({ terminal }: CommandContext, started: Started): void {
  terminal.err(`Started ${started.migration}: workflow ${started.workflowId}, run ${started.runId}`);
  if (started.ui !== null) terminal.err(`Watch it at ${started.ui}`);
}
