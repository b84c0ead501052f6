import { setTimeout as pause } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import type { Command } from 'commander';
import { checkAbandonInput } from '../shared/input';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { describeFailure } from './failure';
import { runId } from './input';
import type { Temporal } from './temporal';
import { startWorkflow, workflowIdOf } from './start-workflow';
import { withTemporal } from './temporal';
import { printJson } from './terminal';
import { UserError } from './user-error';
import { workflowInput } from './workflow-input';

/** Milliseconds that a person waits for the workflow's words. */
const ANSWER_MS = 30_000;

/** `carryover abandon`: closes an open run that nobody goes on with, by the workflow `abandon`. */
export function abandonCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('abandon')
    .description('close an open run whose owner is gone: what it had not done stays pending')
    .argument('<run>', 'number of the run', runId)
    .option('--reason <why>', 'why nobody goes on with it, for the audit and for later (needed)')
    .option('--by <name>', 'your name, recorded as claimed beside user and host')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExamples:\n  carryover abandon 7 --reason "its table is gone"')
    .action(async (run: string, options: { reason?: string; by?: string; json?: boolean }) => {
      const fields = { run, reason: options.reason, by: options.by };
      const input = workflowInput(fields, checkAbandonInput, 'No run was abandoned:');
      const config = context.config();
      const workflowId = workflowIdOf('abandon', run);
      const answer = await withTemporal(config, async (temporal) => {
        const handle = await startWorkflow(config, temporal, {
          type: 'abandon',
          workflowId,
          input,
          summary: `Carryover: abandon run ${run}`,
          migration: null,
          running: `Run ${run} is being abandoned already, by the workflow "${workflowId}": wait for it.`,
          nothing: 'nothing was abandoned',
        });
        return answerOf(temporal, handle, run);
      });
      if (options.json === true) printJson(context.terminal, { verb: 'abandon', run, workflowId, answer, undo: null });
      else
        context.terminal.out(
          `${answer}\nThis cannot be undone; a new run finds what was loaded, and leaves it as it is.`,
        );
      exit(EXIT.fine);
    });
}

async function answerOf({ connection }: Temporal, handle: WorkflowHandle, run: string): Promise<string> {
  const late = new AbortController();
  const patience = pause(ANSWER_MS, null, { signal: late.signal }).catch(() => null);
  const answer = connection.withAbortSignal(late.signal, () => handle.result());
  try {
    const words = (await Promise.race([answer, patience])) as string | null;
    if (words !== null) return words;
  } catch (error) {
    if (error instanceof WorkflowFailedError) throw new UserError(describeFailure(error.cause).message, EXIT.refused);
    throw new UserError(
      `Temporal does not answer any more; \`carryover status ${run}\` says how it went.`,
      EXIT.unreachable,
    );
  } finally {
    answer.catch(() => undefined);
    late.abort();
  }
  throw new UserError(
    `The decision is taken by workflow ${handle.workflowId}, but not carried out yet: a worker or the target is away. It will be, once that is back; \`carryover status ${run}\` then says "abandoned".`,
    EXIT.unreachable,
  );
}
