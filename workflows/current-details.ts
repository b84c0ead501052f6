/** A run's standing in Markdown, for the current details of the Temporal UI. Pure. */
import { NAMED } from './run-progress';
import type { RunProgress } from './run-progress';
import { listBatches } from '../shared/verb-requests';

export function toMarkdown(progress: RunProgress, now: number): string {
  const { plan, done, parked } = progress;
  if (plan === null) {
    const waits = progress.outage === null ? [] : ['', `**Waits for a server**: ${oneLine(progress.outage)}`];
    return ['**planning**: checking input, servers and mapping', ...waits].join('\n');
  }
  const seconds = Math.max(1, Math.round((now - progress.started) / 1000));
  const rate = Math.round((done.source - progress.startedWith) / seconds);
  const left = Math.max(0, plan.estimatedRows - done.source);
  const share = plan.estimatedRows === 0 ? 100 : Math.min(100, (100 * done.source) / plan.estimatedRows);
  const isMoving = progress.state === 'running' && rate > 0 && left > 0;
  const verdict = progress.verdict === undefined ? '' : `, ${progress.verdict.replaceAll('_', ' ')}`;
  return [
    `**${plan.migration}**, run ${plan.run}: **${progress.state}${verdict}**${plan.resumed ? ' (resumed)' : ''}`,
    '',
    ...attention(progress),
    '| rows | |',
    '| --- | --- |',
    `| done | ${done.source} of ${plan.estimatedRows} (${share.toFixed(1)} %) |`,
    `| inserted, updated, unchanged | ${done.inserted}, ${done.updated}, ${done.unchanged} |`,
    `| quarantined | ${done.quarantined} |`,
    `| excluded | ${done.excluded} |`,
    // A run that waits has neither a rate nor an end in sight.
    ...(progress.state === 'running' ? [`| rate | ${rate} rows/s |`] : []),
    `| remaining | ${left} rows${isMoving ? `, about ${formatSeconds(left / rate)}` : ''} |`,
    '',
    `Batches: ${progress.batchesDone} validated, in flight: ${[...progress.inFlight].join(', ') || 'none'}, at most ${plan.concurrency} at once`,
    ...(progress.skipped.size === 0 ? [] : ['', `Skipped by decision: ${listBatches(progress.skipped)}`]),
    '',
    `Parked: ${parked.size === 0 ? 'none' : parked.size}`,
    ...(parked.size === 0 ? [] : ['']), // without it the list would be one paragraph with the line above
    ...[...parked].slice(0, NAMED).map(([batch, cause]) => `- batch ${batch}: ${oneLine(cause)}`),
    ...(parked.size > NAMED ? [`- and ${parked.size - NAMED} more: \`carryover batches ${plan.run}\` lists them`] : []),
    ...(parked.size === 0 ? [] : ['', PARKED_ADVICE]),
    ...(plan.differing.length === 0 ? [] : ['', ...plan.differing.map((words) => `- ${oneLine(words)}`)]),
  ].join('\n');
}

const PARKED_ADVICE =
  'Mend the cause, then send the update `retryBatch` with `{"batch": <number>}`, a list of numbers, or `"all"`. ' +
  'To leave a batch out, `skipBatch` with its number and a reason.';

/** What a person should see first: what the run waits for. */
function attention(progress: RunProgress): string[] {
  const lines: string[] = [];
  if (progress.outage !== null) lines.push(`**Waits for a server**: ${oneLine(progress.outage)}`, '');
  if (progress.pauseCause !== null) {
    lines.push(`**Paused**: ${oneLine(progress.pauseCause)}. Send the update \`resume\` to go on.`, '');
  }
  return lines;
}

const oneLine = (text: string): string => text.replaceAll('\n', ' ');

function formatSeconds(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
