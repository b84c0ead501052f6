import { activityInfo } from '@temporalio/activity';
import { CarryoverError, listProblems } from '../shared/errors';
import type { CheckResult } from '../shared/verdict';
import type { CheckRef, RangeRef, Unverified, VerifiedRange, VerifyPlan, VerifyResult } from '../shared/verification';
import { checkVerifyInput } from '../shared/verify-input';
import type { Dependencies } from './dependencies';
import { guarded } from './guarded';

export interface VerifyRequest {
  /** Whatever the workflow was started with. */
  readonly input: unknown;
  /** Run id of the first run of the workflow's chain. */
  readonly firstRun: string;
}

/** Source and target compared anew, range by range, and what no range can see. */
export const createVerification = ({ mappings, verifications }: Pick<Dependencies, 'mappings' | 'verifications'>) => ({
  /** Plans a verification, or tells again what this start has planned before. */
  planVerification: (request: VerifyRequest): Promise<VerifyPlan> =>
    guarded(async () => {
      const { input, problems } = checkVerifyInput(request.input, mappings.names());
      if (input === null) throw new CarryoverError('InputRefused', listProblems('Nothing was verified:', problems));
      const { workflowId } = activityInfo().workflowExecution!;
      const starter = { workflow: workflowId, firstRun: request.firstRun };
      return verifications.plan(mappings.get(input.migration), input, starter);
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

  /** Computes the verdict and closes the verification. */
  finishVerification: (request: { verification: string }): Promise<VerifyResult> =>
    guarded(() => verifications.finish(request.verification)),
});
