import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Command } from 'commander';
import type { Config } from '../config';
import { listProblems } from '../shared/errors';
import { checkMigrateInput } from '../shared/input';
import type { MigrateInput } from '../shared/messages';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { finishWaiting } from './finish-waiting';
import { followRun } from './follow-run';
import { looseFraction, looseNumber } from './input';
import type { Temporal } from './temporal';
import { grpcError, hasWorker, withTemporal, workflowLink } from './temporal';
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

/** `carryover start`: starts the workflow `migrate`, and waits for its end where asked. */
export function startCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('start')
    .description('start a migration; with --wait show its progress and print its report')
    .argument('<migration>', `one of: ${context.catalog.names().join(', ')}`)
    .option('--batch-rows <n>', 'rows a batch is cut at', looseNumber)
    .option('--concurrency <n>', 'batches in flight at once', looseNumber)
    .option('--max-parked <n>', 'parked batches beyond which the run pauses', looseNumber)
    .option(
      '--max-quarantine <share>',
      'share of the rows read, 0 to 1, beyond which quarantine pauses it',
      looseFraction,
    )
    .option('--take-over <why>', 'go on with a run whose owner is of another Temporal cluster, and gone for good')
    .option('--accept-server <why>', 'go on with a run although the source or target is another server now')
    .option('--on-change <what>', 'where mapping or source changed since the open run began: refuse, or restart')
    .option('--by <name>', 'your name, recorded as claimed')
    .option('--workflow-id <id>', "the workflow's id (default: carryover-<migration>)")
    .option('--wait', 'wait for the end; Ctrl-C leaves the run running')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  carryover start case-states --wait\n  carryover start messages --batch-rows 20000 --concurrency 4\n  carryover start case-states --take-over "the old cluster is gone"',
    )
    .action(async (migration: string, options: Options) => {
      const input = checkInput(context, migration, options);
      const config = context.config();
      const workflowId = options.workflowId ?? `carryover-${migration}`;
      const code = await withTemporal(config, async (temporal) => {
        await requireWorker(config, temporal);
        const handle = await startWorkflow(config, temporal, workflowId, input);
        const started: Started = {
          migration,
          workflowId,
          runId: handle.firstExecutionRunId,
          taskQueue: config.taskQueue,
          namespace: temporal.namespace,
          ui: workflowLink(config, workflowId, handle.firstExecutionRunId),
        };
        if (options.json !== true) sayStarted(context, started);
        if (options.wait !== true) {
          if (options.json === true) printJson(context.terminal, started);
          return EXIT.fine;
        }
        const outcome = await followRun(temporal, handle, context.terminal);
        return finishWaiting(context, config, started, outcome, options.json === true);
      });
      exit(code);
    });
}

function checkInput(context: CommandContext, migration: string, options: Options): MigrateInput {
  const { batchRows, concurrency, maxParked, maxQuarantine, takeOver, acceptServer, onChange, by } = options;
  const fields = { batchRows, concurrency, maxParked, maxQuarantine, takeOver, acceptServer, onChange, by };
  const given = { migration, ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) };
  const { input, problems } = checkMigrateInput(given, context.catalog.names());
  const all = [...problems, ...(options.workflowId === '' ? ['--workflow-id must not be empty'] : [])];
  if (input === null || all.length > 0) {
    throw new UserError(listProblems('Nothing was started:', all), EXIT.refused);
  }
  return given;
}

/** A worker that starts at the same time needs a moment until it polls. */
const WORKER_PATIENCE_MS = 3_000;

async function requireWorker(config: Config, temporal: Temporal): Promise<void> {
  const patience = Date.now() + WORKER_PATIENCE_MS;
  while (!(await polls(config, temporal))) {
    if (Date.now() > patience) {
      throw new UserError(
        `No worker polls the task queue "${config.taskQueue}" of the namespace "${temporal.namespace}", so that the run would only wait; nothing was started. Start a worker with "npm run worker", or name its queue in CARRYOVER_TASK_QUEUE.`,
        EXIT.unreachable,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

async function polls(config: Config, temporal: Temporal): Promise<boolean> {
  try {
    return await hasWorker(temporal, config.taskQueue);
  } catch (error) {
    const { code } = grpcError(error);
    throw new UserError(
      `Temporal at ${config.temporal.address} does not tell who polls the task queue "${config.taskQueue}" (gRPC status ${code ?? 'unknown'}); nothing was started.`,
      EXIT.unreachable,
    );
  }
}

async function startWorkflow(
  config: Config,
  { client }: Temporal,
  workflowId: string,
  input: MigrateInput,
): Promise<WorkflowHandle & { readonly firstExecutionRunId: string }> {
  try {
    return await client.workflow.start('migrate', {
      taskQueue: config.taskQueue,
      workflowId,
      args: [input],
      staticSummary: `Carryover: ${input.migration}`,
      typedSearchAttributes: [
        { key: defineSearchAttributeKey('CarryoverMigration', 'KEYWORD'), value: input.migration },
      ],
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) {
      throw new UserError(
        `The workflow "${workflowId}" is running already; nothing was started. See how it stands with \`carryover status\`, wait for it, or end it with \`carryover cancel ${input.migration}\`.`,
        EXIT.refused,
      );
    }
    const { code, details } = grpcError(error);
    if (/search attribute/i.test(details)) {
      throw new UserError(
        `Temporal does not know the search attributes of Carryover in this namespace; nothing was started. Run \`carryover setup\`.`,
        EXIT.refused,
      );
    }
    throw new UserError(
      `Temporal at ${config.temporal.address} refused the start (gRPC status ${code ?? 'unknown'}${details === '' ? '' : `: ${details}`}).`,
      EXIT.refused,
    );
  }
}

function sayStarted({ terminal }: CommandContext, started: Started): void {
  terminal.err(`Started ${started.migration}: workflow ${started.workflowId}, run ${started.runId}`);
  if (started.ui !== null) terminal.err(`Watch it at ${started.ui}`);
}
