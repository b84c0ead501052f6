/** What a person sees of a run that is waited for: a bar on a terminal, a line every now and then elsewhere. */
import type { Progress } from '../shared/messages';
import { isWindowCause } from '../shared/run-window';
import { progressBar, progressText } from './progress-text';
import { Rate } from './rate';
import type { Terminal } from './terminal';

/** The brakes that pause a run, by the name that their cause has, and the option that raises each. */
const BRAKES = [
  ['maxParked', '--max-parked <n>'],
  ['maxQuarantine', '--max-quarantine <share>'],
  ['maxDeletes', '--max-deletes <share>'],
] as const;

/** Milliseconds. */
const LINE_EVERY_MS = 2_000;
/** Without an answer for so long, a person should know. */
const SILENT_MS = 15_000;

/** What a run says once: when it begins, and when what holds it up changes. Pure but for its memory. */
export class Announcements {
  private begun = false;
  private parked = new Map<number, string>();
  private pauseCause: string | null = null;
  private outage: string | null = null;

  /** The lines that are new since the progress before. */
  of(progress: Progress): string[] {
    if (progress.run === null) return this.outageLines(progress);
    const lines = this.begun ? [] : beginning(progress);
    this.begun = true;
    lines.push(...this.outageLines(progress), ...this.parkedLines(progress, progress.run));
    if (progress.pauseCause !== this.pauseCause) {
      lines.push(progress.pauseCause === null ? 'No longer paused.' : pauseLine(progress.run, progress.pauseCause));
      this.pauseCause = progress.pauseCause;
    }
    return lines;
  }

  private outageLines({ outage }: Progress): string[] {
    if (outage === this.outage) return [];
    this.outage = outage;
    return [outage === null ? 'The server is back.' : `Waits for a server: ${outage}`];
  }

  private parkedLines({ parked }: Progress, run: string): string[] {
    const lines = parked
      .filter(({ batch, cause }) => this.parked.get(batch) !== cause)
      .map(
        ({ batch, cause }) =>
          `Batch ${batch} is parked: ${cause}\n  mend the cause, then: carryover retry-batch ${run} --batch ${batch}`,
      );
    this.parked = new Map(parked.map(({ batch, cause }) => [batch, cause]));
    return lines;
  }
}

/** Says that a run is not a new one, and what of the input it does not take. */
export function beginning({ run, migration, resumed, differing }: Progress): string[] {
  if (!resumed) return [];
  return [
    `Goes on with run ${run} of ${migration}, which was open: nothing that it has done is done again.`,
    ...differing.map((words) => `  ${words}`),
  ];
}

/** Why a run stands still, and the command that lets it go on. */
export function pauseLine(run: string, cause: string): string {
  // Its workflow ends, so that nobody would take a decision.
  if (isWindowCause(cause)) return `Paused: ${cause}`;
  const brake = BRAKES.find(([name]) => cause.includes(name));
  const flag = brake === undefined ? '' : `, with ${brake[1]} to raise the brake`;
  return `Paused: ${cause}\n  to go on: carryover resume ${run}${flag}`;
}

export class RunDisplay {
  last: Progress | undefined;
  private readonly rate = new Rate();
  private readonly announcements = new Announcements();
  private shown = '';
  private shownAt = 0;
  private heardAt = Date.now();

  constructor(private readonly terminal: Terminal) {}

  /** @param progress undefined where no worker has answered */
  show(progress: Progress | undefined): void {
    const now = Date.now();
    if (progress === undefined) {
      if (now - this.heardAt > SILENT_MS) {
        this.line('No worker answers for this run; it waits. Start one with `npm run worker`.');
        this.heardAt = now;
      }
      return;
    }
    this.heardAt = now;
    this.last = progress;
    this.rate.add(performance.now() / 1000, progress.doneRows);
    for (const line of this.announcements.of(progress)) this.line(line);
    const perSecond = this.rate.perSecond();
    if (this.terminal.drawable) {
      this.terminal.redraw(progressBar(progress, perSecond, this.terminal.columns));
      return;
    }
    // What has not moved is not worth a line, however the rate falls.
    const key = progressText(progress, undefined);
    if (key === this.shown || now - this.shownAt < LINE_EVERY_MS) return;
    [this.shown, this.shownAt] = [key, now];
    this.terminal.err(progressText(progress, perSecond));
  }

  /** The last state stays on the screen. */
  end(progress: Progress | undefined): void {
    this.clear();
    if (progress?.run != null) this.terminal.err(progressText(progress, undefined));
  }

  clear(): void {
    if (this.terminal.drawable) this.terminal.redraw('');
  }

  private line(text: string): void {
    this.clear();
    this.terminal.err(text);
  }
}
