import type { Command } from 'commander';
import { readVerification } from '../database/ledger/read-verification';
import { checkAcceptInput } from '../shared/accept-input';
import { DEFECTS } from '../shared/findings';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT } from './exit-codes';
import { words } from './input';
import { requireMigration } from './require-migration';
import { startWorkflow } from './start-workflow';
import { withTarget } from './targets';
import { withTemporal } from './temporal';
import { printJson } from './terminal';
import { UserError } from './user-error';
import { workflowInput } from './workflow-input';
import { resultOf } from './workflow-result';

interface Options {
  readonly kind?: readonly string[];
  readonly finding?: readonly string[];
  readonly reason?: string;
  readonly by?: string;
  readonly json?: boolean;
}

/** `carryover accept-findings`: says of what the latest verification found that it may be so, by the workflow `acceptFindings`. */
export function acceptFindingsCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('accept-findings')
    .description('accept what the latest verification found: exceptions, as long as both sides are as they are')
    .argument('<migration>', `one of: ${context.catalog.names().join(', ')}`)
    .option('--kind <kinds>', `all findings of these kinds, with commas: ${DEFECTS.join(', ')}`, words)
    .option('--finding <numbers>', 'these findings, with commas, by the numbers that `carryover findings` lists', words)
    .option('--reason <why>', 'why they may stay as they are, for whoever asks later (needed)')
    .option('--by <name>', 'your name, recorded as claimed beside user and host')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  carryover accept-findings case-states --kind extra --reason "kept by the registry"' +
        '\n  carryover accept-findings case-states --finding 12,17 --reason "put right by hand, ticket 99"',
    )
    .action(async (given: string, { kind, finding, reason, by, json }: Options) => {
      const migration = requireMigration(context.catalog, given);
      const config = context.config();
      const latest = await withTarget(config, (target) => readVerification(target, { migration }));
      if (latest === null) {
        throw new UserError(`${migration} was never verified; \`carryover verify ${migration}\` does.`, EXIT.refused);
      }
      const { verification } = latest;
      const input = workflowInput(
        { migration, verification, kinds: kind, findings: finding, reason, by },
        (fields) => checkAcceptInput(fields, context.catalog.names()),
        'Nothing was accepted:',
      );
      const workflowId = `carryover-accept-${migration}`;
      const answer = await withTemporal(config, async (temporal) => {
        const handle = await startWorkflow(config, temporal, {
          type: 'acceptFindings',
          workflowId,
          input,
          summary: `Carryover: accept findings of ${migration}`,
          migration,
          running: `Findings of ${migration} are being accepted already, by the workflow "${workflowId}": wait for it.`,
          nothing: 'nothing was accepted',
        });
        return resultOf<string>(handle, '`carryover findings` says how it went');
      });
      if (json === true) printJson(context.terminal, { migration, verification, workflowId, answer });
      else context.terminal.out(`${answer}.\n\`carryover verify ${migration}\` then says what is left.`);
      exit(EXIT.fine);
    });
}
