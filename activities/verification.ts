import { activityInfo } from '@temporalio/activity';
import { CarryoverError, listProblems } from '../shared/errors';
import type { CheckResult } from '../shared/verdict';
import type {
  CheckRef,
  ClosingRequest,
  RangeRef,
  Unverified,
  VerifiedRange,
  VerifyPlan,
  VerifyResult,
} from '../shared/verification';
import { checkAcceptInput } from '../shared/accept-input';
import { checkVerifyInput } from '../shared/verify-input';
import type { Dependencies } from './dependencies';
import { guarded } from './guarded';

export interface VerifyRequest {
  /** Whatever the workflow was started with. */
  readonly input: unknown;
}

export interface AcceptRequest {
  /** Whatever the workflow was started with. */
  readonly input: unknown;
  /** Run id of the first run of the workflow's chain: it knows who started it. */
  readonly firstRun: string;
}

/** Source and target compared anew, range by range, and what no range can see. */
export const createVerification = ({ mappings, verifications }: Pick<Dependencies, 'mappings' | 'verifications'>) => ({
  /** Plans a verification, or tells again what this run of the workflow has planned before. */
  planVerification: (request: VerifyRequest): Promise<VerifyPlan> =>
    guarded(async () => {
      const { input, problems } = checkVerifyInput(request.input, mappings.names());
      if (input === null) throw new CarryoverError('InputRefused', listProblems('Nothing was verified:', problems));
      const { workflowId, runId } = activityInfo().workflowExecution!;
      // Not the first run of its chain: by cron, or tried again, a workflow looks anew each time.
      return verifications.plan(mappings.get(input.migration), input, { workflow: workflowId, workflowRun: runId });
    }),

  /** Plans the verification that a run ends with, or tells again what was planned for this end of it. */
  planClosing: (request: ClosingRequest): Promise<VerifyPlan> =>
    guarded(() => {
      const { workflowId, runId } = activityInfo().workflowExecution!;
      return verifications.planClosing(mappings.get(request.migration), request, {
        workflow: workflowId,
        workflowRun: runId,
      });
    }),

  /** What is not verified yet. */
  unverified: (request: { verification: string }): Promise<Unverified> =>
    guarded(() => verifications.unverified(request.verification)),

  /** Compares a range on both servers. */
  verifyRange: (ref: RangeRef): Promise<VerifiedRange> =>
    guarded((signal) => verifications.range(mappings.get(ref.migration), ref, signal)),

  /** Runs a check of what no range can see. */
  verifyCheck: (ref: CheckRef): Promise<CheckResult> =>
    guarded((signal) => verifications.check(mappings.get(ref.migration), ref, signal)),

  /** Accepts findings of a verification that is over, with whoever started the workflow. */
  acceptFindings: (request: AcceptRequest): Promise<string> =>
    guarded(async () => {
      const { input, problems } = checkAcceptInput(request.input, mappings.names());
      if (input === null) throw new CarryoverError('InputRefused', listProblems('Nothing was accepted:', problems));
      const { workflowId } = activityInfo().workflowExecution!;
      return verifications.accept(input, { workflow: workflowId, workflowRun: request.firstRun });
    }),

  /** Computes the verdict and closes the verification. */
  finishVerification: (request: { verification: string }): Promise<VerifyResult> =>
    guarded(() => verifications.finish(request.verification)),
});
