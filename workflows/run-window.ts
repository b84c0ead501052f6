/** The hours of a run: at their end it begins nothing more, lets what is in flight end, pauses, and leaves the run open. */
import { isCancellation, sleep } from '@temporalio/workflow';
import type { PausedResult } from '../shared/messages';
import type { Deadline } from '../shared/run-window';
import { windowCause } from '../shared/run-window';
import { farewell } from './activity-proxies';
import type { RunControl } from './run-control';

/** Thrown where the run would begin something, or waits, and its hours are over. */
export class WindowOver extends Error {}

export class RunWindow {
  private rung = false;

  /** Without a deadline nothing is scheduled: a history of such a run holds no timer. */
  constructor(private readonly deadline: Deadline | undefined) {
    if (deadline === undefined) return;
    // Wakes whatever the run waits for.
    sleep(Math.max(0, deadline.at - Date.now()), { summary: `until ${deadline.until} ${deadline.zone}` }).then(
      () => (this.rung = true),
      (error: unknown) => {
        if (!isCancellation(error)) throw error;
      },
    );
  }

  isUntil(deadline: Deadline | undefined): boolean {
    return this.deadline?.at === deadline?.at;
  }

  get isOver(): boolean {
    return this.rung || (this.deadline !== undefined && Date.now() >= this.deadline.at);
  }

  /** @throws WindowOver where nothing more may begin */
  require(): void {
    if (this.isOver) throw new WindowOver('the hours of the run are over');
  }

  /** Why the run stands still from here on. */
  cause(before: string | null): string {
    return windowCause(this.deadline!, before);
  }
}

/** Lets what is in flight end, and pauses the run in the ledger: open, with no stage, for the next start to go on with. */
export async function pauseAtEnd(control: RunControl): Promise<PausedResult> {
  const { progress } = control;
  const { run, migration, epoch } = control.plan;
  progress.hoursOver = true;
  const cause = control.hours.cause(progress.pauseCause);
  progress.pauseCause = cause;
  control.tell();
  await control.window.settle();
  rethrowOther(control);
  await control.hold(cause);
  try {
    await farewell.release.executeWithOptions({ summary: `${migration}: sweep the stage` }, [{ run, epoch }]);
  } catch (error) {
    // The target is away: the next start sweeps what was left.
    if (isCancellation(error)) throw error;
  }
  return { outcome: 'paused', run, migration, cause };
}

/** A batch that found the run lost, or cancelled, counts; one that found its hours over has said nothing new. */
function rethrowOther(control: RunControl): void {
  try {
    control.window.rethrow();
  } catch (error) {
    if (!(error instanceof WindowOver)) throw error;
  }
}
