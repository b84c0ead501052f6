import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError, WorkflowFailedError } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Command } from 'commander';
import type { Config } from '../config';
import { readVerification } from '../database/ledger/read-verification';
import { listProblems } from '../shared/errors';
import type { VerifyInput } from '../shared/verification';
import { checkVerifyInput } from '../shared/verify-input';
import type { CommandContext } from './context';
import type { ExitCode } from './exit-codes';
import { EXIT, exitOfVerdict } from './exit-codes';
import { describeFailure } from './failure';
import { looseNumber } from './input';
import { requireWorker } from './require-worker';
import { withTarget } from './targets';
import type { Temporal } from './temporal';
import { grpcError, withTemporal, workflowLink } from './temporal';
import { printJson } from './terminal';
import { UserError } from './user-error';
import { verificationText } from './verification-text';

interface Options {
  readonly final?: boolean;
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
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExamples:\n  carryover verify case-states\n  carryover verify case-states --final --json')
    .action(async (migration: string, { json, ...fields }: Options) => {
      const given: unknown = JSON.parse(JSON.stringify({ migration, ...fields }));
      const { input, problems } = checkVerifyInput(given, context.catalog.names());
      if (input === null) throw new UserError(listProblems('Nothing was verified:', problems), EXIT.refused);
      const config = context.config();
      await withTemporal(config, async (temporal) => {
        await requireWorker(config, temporal, 'nothing was verified');
        const workflowId = `carryover-verify-${migration}`;
        const handle = await startVerify(config, temporal, workflowId, input);
        const link = workflowLink(config, workflowId, handle.firstExecutionRunId);
        if (json !== true && link !== null) context.terminal.err(`Watch it at ${link}`);
        await ended(handle);
      });
      const found = await withTarget(config, (target) => readVerification(target, migration));
      if (found?.verdict == null) {
        throw new UserError(`The ledger holds no verdict on ${migration}; verify it again.`, EXIT.refused);
      }
      if (json === true) printJson(context.terminal, found);
      else context.terminal.out(verificationText(found));
      exit(exitOfVerdict(found.verdict));
    });
}

/** @throws UserError where it ended without a verdict */
async function ended(handle: WorkflowHandle): Promise<void> {
  try {
    await handle.result();
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) {
      throw new UserError('Temporal does not answer any more; the verification goes on.', EXIT.unreachable);
    }
    const { type, message } = describeFailure(error.cause);
    if (type !== 'NotProven') throw new UserError(message, EXIT.refused);
  }
}

async function startVerify(
  config: Config,
  { client }: Temporal,
  workflowId: string,
  input: VerifyInput,
): Promise<WorkflowHandle & { readonly firstExecutionRunId: string }> {
  try {
    return await client.workflow.start('verify', {
      taskQueue: config.taskQueue,
      workflowId,
      args: [input],
      staticSummary: `Carryover: verify ${input.migration}`,
      typedSearchAttributes: [
        { key: defineSearchAttributeKey('CarryoverMigration', 'KEYWORD'), value: input.migration },
      ],
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) {
      throw new UserError(
        `${input.migration} is being verified already, by the workflow "${workflowId}": wait for it.`,
        EXIT.refused,
      );
    }
    const { code, details } = grpcError(error);
    throw new UserError(
      `Temporal at ${config.temporal.address} refused the start (gRPC status ${code ?? 'unknown'}${details === '' ? '' : `: ${details}`}); nothing was verified.`,
      EXIT.refused,
    );
  }
}
