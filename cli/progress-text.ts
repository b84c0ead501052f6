/** A run's progress in words and as a bar; pure. */
import type { Progress } from '../shared/messages';
import { duration, rows } from './numbers';

const BAR_CELLS = 24;

/** Share of the estimated rows that is done, 0 to 1; the estimate is a count of some moments ago. */
export function share(progress: Progress): number {
  if (progress.looks != null && progress.looks.of > 0) return progress.looks.done / progress.looks.of;
  if (progress.estimatedRows === 0) return progress.state === 'planning' ? 0 : 1;
  return Math.min(1, progress.doneRows / progress.estimatedRows);
}

/** @param perSecond rate of late, where known */
export function progressText(progress: Progress, perSecond: number | undefined): string {
  if (progress.run === null) return 'planning: looking at input, servers and mapping';
  const name = `${progress.migration ?? ''} run ${progress.run} ${progress.state}`;
  if (progress.looks != null) {
    const { done, of } = progress.looks;
    return `${name}: ${done} of ${of} ranges and checks looked at`;
  }
  const left = progress.estimatedRows - progress.doneRows;
  // Once it is over nothing is left of what was estimated, whatever became of it.
  const isOver = progress.state === 'finished';
  const of = ` of ${rows(progress.estimatedRows)} rows (${Math.floor(share(progress) * 100)} %)`;
  const parts = [
    `${rows(progress.doneRows)}${isOver ? ' rows' : of}`,
    ...(perSecond === undefined ? [] : [`${rows(perSecond)} rows/s`]),
    ...(perSecond === undefined || left <= 0 ? [] : [`about ${duration(left / perSecond)} left`]),
    ...(progress.quarantined > 0 ? [`${rows(progress.quarantined)} quarantined`] : []),
    ...(progress.parked.length > 0 ? [`${progress.parked.length} parked`] : []),
  ];
  return `${name}: ${parts.join(', ')}`;
}

/** `████████░░░░ case-states run 7 running: …`, cut to the terminal's width. */
export function progressBar(progress: Progress, perSecond: number | undefined, columns: number): string {
  const full = Math.round(share(progress) * BAR_CELLS);
  const line = `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${progressText(progress, perSecond)}`;
  return [...line].slice(0, Math.max(20, columns - 1)).join('');
}
