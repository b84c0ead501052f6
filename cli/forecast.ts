import type { Command } from 'commander';
import type { ForecastResult } from '../shared/forecast';
import { checkForecastInput } from '../shared/forecast-input';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { forecastText } from './forecast-text';
import { looseNumber } from './input';
import { startWorkflow, workflowIdOf } from './start-workflow';
import { withTemporal, workflowLink } from './temporal';
import { printJson } from './terminal';
import { workflowInput } from './workflow-input';
import { resultOf } from './workflow-result';

interface Options {
  readonly batchRows?: number | string;
  readonly concurrency?: number | string;
  readonly json?: boolean;
}

/** `carryover forecast`: what a run would do with every row as it is now, by the workflow `forecast`; nothing of it stays. */
export function forecastCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('forecast')
    .description('say what a run would do with every row, by the real rules, and leave nothing of it behind')
    .argument('<migration>', `one of: ${context.catalog.names().join(', ')}`)
    .option('--batch-rows <n>', 'rows of a batch, as the run will have them', looseNumber)
    .option('--concurrency <n>', 'batches that are looked at at once: the load on both servers', looseNumber)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nThe rows are written into the target within transactions that are rolled back: docs/runbook.md says what that means' +
        ' beside live traffic.\n\nExamples:\n  carryover forecast case-states\n  carryover forecast messages --batch-rows 10000 --json',
    )
    .action(async (migration: string, { json, ...fields }: Options) => {
      const check = (given: unknown) => checkForecastInput(given, context.catalog.names());
      const input = workflowInput({ migration, ...fields }, check, 'Nothing was forecast:');
      const config = context.config();
      const result = await withTemporal(config, async (temporal) => {
        const workflowId = workflowIdOf('forecast', migration);
        const handle = await startWorkflow(config, temporal, {
          type: 'forecast',
          workflowId,
          input,
          summary: `Carryover: forecast of ${migration}`,
          migration,
          running: `A forecast of ${migration} is under way already, by the workflow "${workflowId}": wait for it.`,
          nothing: 'nothing was forecast',
        });
        const link = workflowLink(config, workflowId, handle.firstExecutionRunId);
        if (json !== true && link !== null) context.terminal.err(`Watch it at ${link}`);
        return resultOf<ForecastResult>(handle, 'the forecast goes on');
      });
      if (json === true) printJson(context.terminal, result);
      else context.terminal.out(forecastText(result));
      exit(EXIT.fine);
    });
}
