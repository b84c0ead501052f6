/** One run of a migration: plan → batches through a bounded window → verification → report. */
import {
  ApplicationFailure,
  CancellationScope,
  allHandlersFinished,
  condition,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow';
import type { MigrateResult, Planned, RunMode, RunResult } from '../shared/messages';
import type { VerifyPlan } from '../shared/verification';
import { closing, failureType, farewell, run as runActivities, verification } from './activity-proxies';
import { carryBatches } from './carry-batches';
import { compare } from './compare';
import { registerHandlers } from './handlers';
import { lookOver } from './look-over';
import { RunControl, asOwnFailure } from './run-control';
import type { Continued } from './run-control';
import { RunWindow, WindowOver, pauseAtEnd } from './run-window';

/** Times that a run is planned anew because the ledger went back, before the workflow gives up. */
const RESTORES = 5;

/** What a workflow was started with, and what its run is to do. */
interface Start {
  readonly input: unknown;
  /** Every row, unless it is said otherwise. */
  readonly mode?: Exclude<RunMode, 'full'>;
}

/** @param goOn continues as new with what is carried into the next history */
export async function run(
  start: Start,
  continued: Continued | undefined,
  goOn: (next: Continued) => Promise<never>,
): Promise<RunResult> {
  const control = new RunControl(continued);
  registerHandlers(control);
  try {
    const planned = continued?.plan ?? (await planRun(start));
    if ('missed' in planned) return { outcome: 'missed', cause: planned.missed };
    // Whatever the verdict: others have said it, and it is no failure of this start.
    if ('nothingToDo' in planned) {
      return { outcome: 'nothing_to_do', cause: planned.nothingToDo, verdict: planned.verdict };
    }
    control.plan = planned;
    return await withinHours(control, () => carryOut(control, start, goOn));
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => release(control));
    throw asOwnFailure(error, 'RunFailed');
  } finally {
    if (control.progress.phase !== 'cancelling') control.progress.phase = 'finished';
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  }
}

async function withinHours(control: RunControl, work: () => Promise<MigrateResult>): Promise<RunResult> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof WindowOver)) throw error;
    return pauseAtEnd(control);
  }
}

/** @param again true where the run of this very start is planned anew */
async function planRun(start: Start, again = false): Promise<Planned> {
  const { firstExecutionRunId, searchAttributes, startTime } = workflowInfo();
  const schedule = searchAttributes.TemporalScheduledById?.[0];
  const due = searchAttributes.TemporalScheduledStartTime?.[0];
  return runActivities.plan.executeWithOptions({ summary: 'plan' }, [
    {
      ...start,
      firstRun: firstExecutionRunId,
      schedule: typeof schedule === 'string' ? schedule : null,
      // A start that waited for a worker, or was caught up with, has no longer hours for that.
      due: (due instanceof Date ? due : startTime).getTime(),
      again,
    },
  ]);
}

/** Carries the run out; where the target was restored to an earlier moment, from where its ledger stands now. */
async function carryOut(
  control: RunControl,
  start: Start,
  goOn: (next: Continued) => Promise<never>,
): Promise<MigrateResult> {
  for (let restores = 0; ; restores += 1) {
    try {
      const goOnAnew = (): Promise<never> =>
        goOn({ plan: control.plan, retries: control.retries, pauseCause: control.progress.pauseCause });
      const proof = control.plan.compares === true ? await compare(control, goOnAnew) : null;
      await carryBatches(control, goOnAnew);
      return await finish(control, await verifyRun(control, proof));
    } catch (error) {
      if (failureType(error) !== 'LedgerBehind' || restores === RESTORES) throw error;
      await control.wind();
      const planned = await planRun(start, true);
      if (!('run' in planned)) throw error;
      control.restart(planned);
      const { pauseCause } = control.progress;
      // The restored ledger has not heard of the pause.
      if (pauseCause !== null) await control.hold(pauseCause);
    }
  }
}

/**
 * Compares source and target anew: the verdict of a run is not that of the pipeline. Returns the verification's number.
 *
 * @param proof a comparison after which nothing was moved: what it has not looked at is looked at now
 */
async function verifyRun(control: RunControl, proof: VerifyPlan | null): Promise<string> {
  const { progress } = control;
  const { run, migration, epoch, concurrency } = control.plan;
  control.hours.require();
  control.enter('verifying');
  const round = (control.rounds += 1);
  const plan =
    proof ??
    (await control.insist(() =>
      verification.planClosing.executeWithOptions({ summary: `${migration}: plan the verification` }, [
        { run, migration, epoch, concurrency, round },
      ]),
    ));
  await lookOver(plan, {
    // Where one fails for good, the run pauses with the cause: an end with less than all would not be proven.
    attempt: (_what, look) => control.insist(look).then(() => undefined),
    tell: (left, of) => {
      progress.looks = { done: of - left, of };
      control.show();
    },
    isOver: () => control.hours.isOver,
  });
  // With everything looked at, only the verdict is left.
  if (progress.looks === null || progress.looks.done < progress.looks.of) control.hours.require();
  return plan.verification;
}

async function finish(control: RunControl, verified: string): Promise<MigrateResult> {
  const { progress, plan } = control;
  const { run, migration, epoch } = plan;
  const headline = await control.insist(() =>
    closing.finish.executeWithOptions({ summary: `${migration}: verdict` }, [
      { run, migration, epoch, verification: verified },
    ]),
  );
  progress.closed = true;
  // What is over needs no hours: only the report is left, which is made from the ledger.
  control.hours = new RunWindow(undefined);
  // Also where the workflow was cancelled in this moment: the ledger holds the run as finished.
  await control.insist(() =>
    CancellationScope.nonCancellable(() =>
      closing.report.executeWithOptions({ summary: `${migration}: report` }, [{ run, migration, epoch }]),
    ),
  );
  progress.verdict = headline.verdict;
  control.enter('finished');
  const result: MigrateResult = { run, migration, ...headline };
  // An undo has done what was asked of it: rows that are pending now make the migration not proven, as they should.
  if (headline.verdict === 'not_proven' && plan.undoes === undefined) {
    throw ApplicationFailure.nonRetryable(
      `run ${run} of ${migration} is not proven: ${headline.findings} findings, ${headline.pending} rows ` +
        `pending. \`carryover report ${run}\` says what was found.`,
      'NotProven',
      result,
    );
  }
  return result;
}

/** What a cancelled run leaves: nothing in flight, no stage, an open run that can be gone on with. */
async function release(control: RunControl): Promise<void> {
  control.cancelling = true;
  if (control.progress.plan === null) return;
  const { run, migration, epoch } = control.plan;
  control.enter('cancelling');
  await control.window.settle();
  control.tell();
  try {
    await farewell.release.executeWithOptions({ summary: `${migration}: sweep the stage` }, [{ run, epoch }]);
  } catch {
    // The target is away, or another owns the run: its next start sweeps what was left.
  }
}
