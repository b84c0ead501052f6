import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { WorkflowFailedError } from '@temporalio/client';
import type { AbandonInput } from '../shared/messages';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { describeFailure } from './failure';
import { runId } from './input';
import { hasWorker, withTemporal } from './temporal';
import { printJson } from './terminal';
import { UserError } from './user-error';

interface Options {
  readonly reason: string;
  readonly by?: string;
  readonly json?: boolean;
}

/** `carryover abandon`: closes an open run without a living owner, by the workflow of that name. */
export function abandonCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('abandon')
    .description('close an open run that nobody goes on with; what it had not done stays pending, for good')
    .argument('<run>', 'number of the open run', runId)
    .requiredOption('--reason <why>', 'why; it is recorded')
    .option('--by <name>', 'your name, recorded as claimed')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  carryover abandon 7 --reason "its table is gone"')
    .action(async (run: string, { reason, by, json }: Options) => {
      const config = context.config();
      const input: AbandonInput = { run, reason, ...(by === undefined ? {} : { by }) };
      const words = await withTemporal(config, async (temporal) => {
        if (!(await hasWorker(temporal, config.taskQueue).catch(() => true))) {
          throw new UserError(
            `No worker polls the task queue "${config.taskQueue}"; nothing was done. Start one with \`npm run worker\`.`,
            EXIT.unreachable,
          );
        }
        try {
          return await temporal.client.workflow.execute<(input: AbandonInput) => Promise<string>>('abandon', {
            taskQueue: config.taskQueue,
            workflowId: `carryover-abandon-${run}-${randomUUID()}`,
            args: [input],
            staticSummary: `Carryover: abandon run ${run}`,
          });
        } catch (error) {
          if (!(error instanceof WorkflowFailedError)) throw error;
          const { type, message } = describeFailure(error.cause);
          throw new UserError(
            `Run ${run} was not abandoned${type === undefined ? '' : ` (${type})`}: ${message}`,
            EXIT.refused,
          );
        }
      });
      if (json === true) printJson(context.terminal, { verb: 'abandon', run, answer: words });
      else context.terminal.out(words);
      exit(EXIT.fine);
    });
}
