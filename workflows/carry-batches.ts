/**
 * The loop over a run's batches: through a bounded window, until the ledger holds nothing unfinished below the run's
 * upper bound. Goes on in a new history when the server suggests it. The ledger alone says what is left.
 */
import { allHandlersFinished, condition, workflowInfo } from '@temporalio/workflow';
import type { CutResult, Remaining, UnfinishedBatch } from '../shared/messages';
import { ledger } from './activity-proxies';
import { runBatch, undoBatch } from './run-batch';
import type { Listener } from './run-batch';
import { causeOf, isLost } from './run-control';
import type { RunControl } from './run-control';

/** Unfinished batches that are asked for at once: their answer stays below half of what one payload may hold. */
const REMAINING_LIMIT = 1_000;

/** @param goOnAnew ends this history and begins the next */
export async function carryBatches(control: RunControl, goOnAnew: () => Promise<never>): Promise<void> {
  const { progress, window, retries } = control;
  const { run, migration, epoch } = control.plan;
  const ask = (): Promise<Remaining> => control.insist(() => ledger.remaining({ run, epoch, limit: REMAINING_LIMIT }));
  const cutNext = (batch: number): Promise<CutResult> =>
    control.insist(() =>
      ledger.cut.executeWithOptions({ summary: `${migration} batch ${batch}: cut` }, [
        { run, migration, epoch, batch },
      ]),
    );

  control.enter('running');
  const remaining = await ask();
  progress.begin(control.plan, remaining, Date.now());
  for (const batch of retries) progress.unpark(batch);
  control.tell();

  // A decision about a batch may be in the ledger already, and not yet be answered: it begins with the answer, and once.
  const isToDo = ({ batch, state }: UnfinishedBatch): boolean =>
    state !== 'parked' && !retries.includes(batch) && !progress.deciding.has(batch);
  let unfinished = remaining.batches.filter(isToDo);
  let next = remaining.nextBatch;
  let cutToEnd = remaining.cutToEnd;
  for (;;) {
    if (workflowInfo().continueAsNewSuggested) {
      await window.drain();
      // What is over goes on in no new history.
      control.hours.require();
      await condition(allHandlersFinished);
      await goOnAnew();
    }
    await control.roomOrPause();
    control.hours.require();
    const cause = control.isPaused ? null : progress.brake();
    if (cause !== null) await control.hold(cause);
    if (control.isPaused) {
      await control.waitWhilePaused();
      continue;
    }
    const retried = retries.shift();
    const begun = retried === undefined ? unfinished.shift() : undefined;
    if (retried !== undefined) {
      progress.allDone = false;
      if (progress.phase === 'waiting') control.enter('running');
      window.begin(() => carryBatch(control, retried, false));
    } else if (begun !== undefined) {
      window.begin(() => carryBatch(control, begun.batch, begun.state === 'loaded'));
    } else if (!cutToEnd) {
      const batch = next;
      const cut = await cutNext(batch);
      if (cut.end) cutToEnd = true;
      else {
        next += 1;
        unfinished.push({ batch, state: 'planned', rows: cut.rows, cause: null, loaded: false });
      }
    } else {
      await window.drain();
      if (retries.length > 0) continue;
      const { decided } = progress;
      const left = await ask();
      progress.recount(left);
      // A decision that came meanwhile is newer than the answer; it asks again by itself.
      const isNews = progress.decided === decided && progress.deciding.size === 0;
      if (isNews) progress.agree(left, left.batches.length < REMAINING_LIMIT);
      unfinished = left.batches.filter((batch) => isToDo(batch) && !progress.parked.has(batch.batch));
      cutToEnd = left.cutToEnd;
      if (unfinished.length > 0 || !cutToEnd || retries.length > 0) continue;
      // Once more through the brakes, which look at fewer rows now.
      progress.allDone = true;
      if (control.isPaused || progress.brake() !== null) continue;
      // Batches that differ are loaded: the run ends with them, not proven, and starting again rewrites what is ours.
      if (!progress.isHeldUp) return;
      control.enter('waiting');
      await control.until(
        () =>
          retries.length > 0 ||
          control.isPaused ||
          progress.stale ||
          !progress.isHeldUp ||
          workflowInfo().continueAsNewSuggested,
      );
    }
  }
}

/** Takes one batch through its steps; a batch that fails for good is parked, and the others go on. */
async function carryBatch(control: RunControl, batch: number, alreadyLoaded: boolean): Promise<void> {
  const { progress } = control;
  const { run, migration, epoch } = control.plan;
  const ref = { run, migration, epoch, batch };
  progress.inFlight.add(batch);
  control.show();
  try {
    const listener: Listener = {
      answered: () => control.answered(),
      loaded: (result) => {
        progress.addLoaded(batch, result);
        control.show();
      },
    };
    const isUndo = control.plan.undoes !== undefined;
    const differences = await (isUndo ? undoBatch(ref, listener) : runBatch(ref, alreadyLoaded, listener));
    if (differences === 0) progress.addValidated();
    else progress.park(batch, `difference: ${differences} rows differ between source and target`, true);
  } catch (error) {
    // Somebody else owns the run by now, or it was cancelled: nothing of it may be touched any more.
    if (isLost(error)) throw error;
    const cause = causeOf(error);
    await control.insist(
      () => ledger.park.executeWithOptions({ summary: `${migration} batch ${batch}: park` }, [{ ref, cause }]),
      batch,
    );
    progress.park(batch, cause);
  } finally {
    progress.inFlight.delete(batch);
    control.tell();
  }
}
