import { activityInfo } from '@temporalio/activity';
import type { BatchRef, CutResult, Decision, Headline, Hold, Remaining, RunPlan } from '../shared/messages';
import type { ClosingRef } from '../shared/verification';
import type { Dependencies } from './dependencies';
import { guarded } from './guarded';

/** What a run asks of the ledger around its batches. */
export const createRun = ({ mappings, runs }: Pick<Dependencies, 'mappings' | 'runs'>) => ({
  /** Cuts the batch with the given number, or says that there is none to cut. */
  cut: (ref: BatchRef): Promise<CutResult> => guarded(() => runs.cut(mappings.get(ref.migration), ref), ref.batch),

  /** What the ledger holds as unfinished. */
  remaining: (request: { run: string; epoch: number; limit: number }): Promise<Remaining> =>
    guarded(() => runs.remaining(request.run, request.epoch, request.limit)),

  /** Parks a batch with the cause that an operator reads. */
  park: (request: { ref: BatchRef; cause: string }): Promise<void> =>
    guarded(() => runs.park(request.ref, request.cause), request.ref.batch),

  /** Records a person's decision, with whoever sent it. */
  decide: (decision: Decision): Promise<void> =>
    guarded(() => {
      const { workflowId, runId } = activityInfo().workflowExecution!;
      return runs.decide(decision, { workflow: workflowId, workflowRun: runId });
    }),

  /** Pauses the run in the ledger, with the cause that an operator reads. */
  hold: (hold: Hold): Promise<void> => guarded(() => runs.hold(hold)),

  /** Sweeps the stage of a cancelled run, which stays open. */
  release: (request: { run: string; epoch: number }): Promise<void> =>
    guarded(() => runs.release(request.run, request.epoch)),

  /** Closes the run with what its verification has found, and computes its verdict; no run is closed that has no report. */
  finish: (closing: ClosingRef): Promise<Headline> =>
    guarded(async () => {
      const { run, migration, epoch } = closing;
      await runs.check(closing);
      await runs.draft(mappings.get(migration), run, epoch);
      return runs.finish(run, epoch);
    }),

  /** Writes the report; returns where. */
  report: (plan: Pick<RunPlan, 'run' | 'migration' | 'epoch'>): Promise<string> =>
    guarded(() => runs.report(mappings.get(plan.migration), plan.run, plan.epoch)),
});
