/** Starts a workflow that has a run, and waits for its end where asked: what `start`, `resync`, `repair`, `replay` and `undo` have in common. */
import type { WorkflowHandle } from '@temporalio/client';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { finishWaiting, headlineText, sayFailure, sayIdle, sayMissed, sayPaused } from './finish-waiting';
import { awaitBeginning, followRun } from './follow-run';
import { beginning } from './run-display';
import type { Temporal } from './temporal';
import { startWorkflow, workflowIdOf } from './start-workflow';
import { withTemporal, workflowLink } from './temporal';
import { printJson } from './terminal';
import { runInput } from './workflow-input';
import type { RunOptions, RunType } from './workflow-input';

/** What a started workflow is known by. */
export interface Started {
  readonly migration: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly taskQueue: string;
  readonly namespace: string;
  readonly ui: string | null;
}

/** @param named the migration, and what else names rows or runs in the input */
export async function startRun(
  context: CommandContext,
  type: RunType,
  named: { readonly migration: string; readonly run?: string; readonly reasons?: readonly string[] },
  options: RunOptions,
): Promise<ExitCode> {
  const { migration, run } = named;
  const input = runInput(type, named, options, context.catalog.names());
  const workflowId = options.workflowId ?? workflowIdOf(type, run ?? migration);
  const config = context.config();
  return withTemporal(config, async (temporal) => {
    const handle = await startWorkflow(config, temporal, {
      type,
      workflowId,
      input,
      summary: type === 'migrate' ? `Carryover: ${migration}` : `Carryover: ${type} ${migration}`,
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
    if (begun.ended === 'idle') return sayIdle(context, started, begun.result, json);
    if (begun.ended === 'missed') return sayMissed(context, started, begun.cause, json);
    if (begun.ended === 'paused') return sayPaused(context, started, begun.result, json);
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
