/** Source and target compared anew: by ranges, several at once, then what no range can see; the ledger says what is left. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { STATUS_QUERY } from '../shared/names';
import type { VerifyInput, VerifyPlan, VerifyProgress, VerifyResult } from '../shared/verification';
import { failureType, verification } from './activity-proxies';
import { lookOver } from './look-over';
import { asOwnFailure, causeOf } from './run-control';

const statusQuery = defineQuery<VerifyProgress>(STATUS_QUERY);

/**
 * Workflow type `verify`. It owns nothing: it may run at any time, beside a run too, whose unfinished rows count as pending.
 *
 * @param input one JSON object, such as `{"migration": "case-states", "final": true}`
 * @param continued set by continue-as-new alone
 */
export async function verify(input?: VerifyInput, continued?: VerifyPlan): Promise<VerifyResult> {
  const progress: { plan: VerifyPlan | null; left: number } = { plan: null, left: 0 };
  setHandler(statusQuery, (): VerifyProgress => ({
    verification: progress.plan?.verification ?? null,
    migration: progress.plan?.migration ?? null,
    ranges: progress.plan?.ranges ?? 0,
    looksLeft: progress.left,
  }));
  try {
    const plan =
      continued ?? (await verification.planVerification.executeWithOptions({ summary: 'plan' }, [{ input }]));
    progress.plan = plan;
    const cause = await lookAtAll(
      plan,
      (left) => (progress.left = left),
      () => continueAsNew<typeof verify>(input, plan),
    );
    const result = await verification.finishVerification.executeWithOptions({ summary: `${plan.migration}: verdict` }, [
      { verification: plan.verification },
    ]);
    if (result.verdict === 'not_proven') throw notProven(result, cause);
    return result;
  } catch (error) {
    throw asOwnFailure(error, 'VerifyFailed');
  } finally {
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  }
}

async function lookAtAll(
  plan: VerifyPlan,
  tell: (left: number) => void,
  goOnAnew: () => Promise<never>,
): Promise<string | null> {
  let cause: string | null = null;
  let left = 0;
  const isLong = (): boolean => workflowInfo().continueAsNewSuggested;
  await lookOver(plan, {
    // What cannot be looked at stays not verified, and keeps nobody from looking at the rest.
    attempt: async (what, look) => {
      try {
        await look();
      } catch (error) {
        if (!isOfOne(error)) throw error;
        cause ??= `${what}: ${causeOf(error)}`;
      }
    },
    tell: (still) => {
      left = still;
      tell(still);
    },
    isOver: isLong,
  });
  if (left > 0 && isLong()) await goOnAnew();
  return cause;
}

/** False where the whole is over: it was cancelled, or the ledger holds it no more. */
function isOfOne(error: unknown): boolean {
  if (isCancellation(error) || !(error instanceof ActivityFailure)) return false;
  return !['Superseded', 'LedgerBehind'].includes(failureType(error) ?? '');
}

function notProven(result: VerifyResult, cause: string | null): ApplicationFailure {
  const { verification: id, migration, defects, pending, moved, notVerified } = result;
  return ApplicationFailure.nonRetryable(
    `${migration} is not proven by verification ${id}: ${defects} findings, ${pending} rows pending, ${moved} moved since, ` +
      `${notVerified} not verified${cause === null ? '' : ` (${cause})`}. \`carryover findings ${migration}\` lists what was found.`,
    'NotProven',
    result,
  );
}
