import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Command } from 'commander';
import { readVerification } from '../database/ledger/read-verification';
import type { VerifyResult } from '../shared/verification';
import { checkVerifyInput } from '../shared/verify-input';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT, exitOfVerdict } from './exit-codes';
import { describeFailure } from './failure';
import { looseNumber } from './input';
import { withTarget } from './targets';
import { startWorkflow, workflowIdOf } from './start-workflow';
import { withTemporal, workflowLink } from './temporal';
import { printJson } from './terminal';
import { UserError } from './user-error';
import { verificationText } from './verification-text';
import { workflowInput } from './workflow-input';

interface Options {
  readonly final?: boolean;
  readonly range?: string;
  readonly concurrency?: number | string;
  readonly json?: boolean;
}

/** `carryover verify`: compares source and target anew, by the workflow `verify`, and says what was found. */
export function verifyCommand(program: Command, context: CommandContext, exit: (code: ExitCode) => void): void {
  program
    .command('verify')
    .description('compare source and target anew, wait for the verdict and print it')
    .argument('<migration>', `one of: ${context.catalog.names().join(', ')}`)
    .option('--final', 'writes to the source are frozen: what has moved since is a defect too')
    .option('--concurrency <n>', 'ranges that are compared at once: the load on the source', looseNumber)
    .option('--range <from..to>', 'only these keys, both ends included: 100..200, 100.., or of two parts 7,1..7,99')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  carryover verify case-states\n  carryover verify case-states --range 100..200\n  carryover verify case-states --final --json',
    )
    .action(async (migration: string, { json, ...fields }: Options) => {
      const check = (given: unknown) => checkVerifyInput(given, context.catalog.names());
      const input = workflowInput({ migration, ...fields }, check, 'Nothing was verified:');
      const config = context.config();
      const verification = await withTemporal(config, async (temporal) => {
        const workflowId = workflowIdOf('verify', migration);
        const handle = await startWorkflow(config, temporal, {
          type: 'verify',
          workflowId,
          input,
          summary: `Carryover: verify ${migration}`,
          migration,
          running: `${migration} is being verified already, by the workflow "${workflowId}": wait for it.`,
          nothing: 'nothing was verified',
        });
        const link = workflowLink(config, workflowId, handle.firstExecutionRunId);
        if (json !== true && link !== null) context.terminal.err(`Watch it at ${link}`);
        return verificationOf(handle);
      });
      const found = await withTarget(config, (target) => readVerification(target, { verification }));
      if (found?.verdict == null) {
        throw new UserError(`The ledger holds no verdict on ${migration}; verify it again.`, EXIT.refused);
      }
      if (json === true) printJson(context.terminal, found);
      else context.terminal.out(verificationText(found));
      exit(exitOfVerdict(found.verdict));
    });
}

/**
 * Number of the verification that a workflow ended with: another may have been started since.
 *
 * @throws UserError where it ended without a verdict
 */
async function verificationOf(handle: WorkflowHandle): Promise<string> {
  try {
    return ((await handle.result()) as VerifyResult).verification;
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) {
      throw new UserError('Temporal does not answer any more; the verification goes on.', EXIT.unreachable);
    }
    const { cause } = error;
    const details = cause instanceof ApplicationFailure && cause.type === 'NotProven' ? cause.details?.[0] : undefined;
    if (details === undefined) throw new UserError(describeFailure(cause).message, EXIT.refused);
    return (details as VerifyResult).verification;
  }
}
