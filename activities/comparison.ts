import { activityInfo } from '@temporalio/activity';
import type { ComparisonRef, TakenResult } from '../shared/resync';
import type { ClosingRequest, VerifyPlan } from '../shared/verification';
import type { Dependencies } from './dependencies';
import { guarded } from './guarded';

/** What a re-sync does before its batches. */
export const createComparison = ({ mappings, verifications }: Pick<Dependencies, 'mappings' | 'verifications'>) => ({
  /** Plans the comparison of source and target, or tells again what was planned for this run by this owner. */
  planComparison: (request: Omit<ClosingRequest, 'round'>): Promise<VerifyPlan> =>
    guarded(() => {
      const { workflowId } = activityInfo().workflowExecution!;
      return verifications.planComparison(mappings.get(request.migration), request, workflowId);
    }),

  /** Cuts the batches of what the comparison has found, unless too many rows are gone. */
  takeFound: (ref: ComparisonRef): Promise<TakenResult> =>
    guarded(() => verifications.take(mappings.get(ref.migration), ref)),
});
