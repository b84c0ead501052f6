/** What a re-sync does before its batches: it compares source and target, and has what differs cut into batches. */
import { patched, workflowInfo } from '@temporalio/workflow';
import { COMPARING_CHECKS, FORMER_COMPARING_CHECKS } from '../shared/resync';
import type { TakenResult } from '../shared/resync';
import type { VerifyPlan } from '../shared/verification';
import { verification } from './activity-proxies';
import { lookOver } from './look-over';
import type { RunControl } from './run-control';

/**
 * @param goOnAnew ends this history and begins the next
 * @returns the comparison, where it left nothing to do: it is looked at to its end then, and proves what it found
 */
export async function compare(control: RunControl, goOnAnew: () => Promise<never>): Promise<VerifyPlan | null> {
  const { progress } = control;
  const { run, migration, epoch, concurrency } = control.plan;
  control.enter('comparing');
  const plan = await control.insist(() =>
    verification.planComparison.executeWithOptions({ summary: `${migration}: plan the comparison` }, [
      { run, migration, epoch, concurrency },
    ]),
  );
  const isLong = (): boolean => workflowInfo().continueAsNewSuggested;
  const checks = patched('the-ledger-names-rows') ? COMPARING_CHECKS : FORMER_COMPARING_CHECKS;
  let left = 0;
  await lookOver(
    plan,
    {
      // Where a look fails for good, the run pauses with the cause: what was not looked at cannot be told from what is gone.
      attempt: (_what, look) => control.insist(look).then(() => undefined),
      tell: (still, of) => {
        left = still;
        progress.looks = { done: of - still, of };
        control.show();
      },
      isOver: () => isLong() || control.hours.isOver,
    },
    (check) => checks.includes(check),
  );
  if (left > 0) {
    control.hours.require();
    await goOnAnew();
  }
  const { keys, held } = await take(control, plan);
  control.plan = { ...control.plan, compares: false, estimatedRows: keys, held };
  // One that an earlier owner began is of another moment: it says what to take, and proves nothing.
  return keys === 0 && !control.plan.resumed ? plan : null;
}

/** Has the batches cut; where too many rows are gone, once a person has said that they may be. */
async function take(control: RunControl, { verification: comparison }: VerifyPlan): Promise<TakenResult> {
  const { run, migration, epoch } = control.plan;
  for (;;) {
    const taken = await control.insist(() =>
      verification.takeFound.executeWithOptions({ summary: `${migration}: take what was found` }, [
        { run, migration, epoch, verification: comparison },
      ]),
    );
    control.progress.gone = taken.brake === null ? null : taken;
    if (taken.brake === null) return taken;
    await control.hold(taken.brake);
    await control.until(() => !control.isPaused);
    control.tell();
  }
}
