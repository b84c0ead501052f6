/** A run's standing in Markdown, for the current details of the Temporal UI. Pure. */
import { NAMED, doneOf } from './run-progress';
import type { RunProgress } from './run-progress';
import type { Progress, RunPlan } from '../shared/messages';
import { listBatches } from '../shared/verb-requests';

export function toMarkdown(progress: RunProgress, now: number): string {
  const { plan, done } = progress;
  if (plan === null) {
    const waits = progress.outage === null ? [] : ['', `**Waits for a server**: ${oneLine(progress.outage)}`];
    return ['**planning**: checking input, servers and mapping', ...waits].join('\n');
  }
  return [
    `### ${plan.migration}, run ${plan.run}: ${standing(progress)}${plan.resumed ? ' (resumed)' : ''}`,
    '',
    ...attention(progress),
    ...parkedBatches(progress, plan.run),
    '| | rows |',
    '| --- | ---: |',
    doneLine(progress, plan),
    `| inserted | ${done.inserted} |`,
    `| updated | ${done.updated} |`,
    `| unchanged | ${done.unchanged} |`,
    `| quarantined | ${done.quarantined} |`,
    `| excluded | ${done.excluded} |`,
    ...((done.takenAway ?? 0) === 0 ? [] : [`| taken out | ${done.takenAway} |`]),
    ...remaining(progress, plan, now),
    '',
    `Batches: ${progress.batchesDone} validated; in flight ${flight(progress)}, at most ${plan.concurrency} at once`,
    ...(progress.skipped.size === 0 ? [] : ['', `Skipped by decision: ${listBatches(progress.skipped)}`]),
    ...(plan.differing.length === 0 ? [] : ['', ...plan.differing.map((words) => `- ${oneLine(words)}`)]),
    ...(progress.verdict === undefined ? [] : ['', `The report: \`carryover report ${plan.run}\``]),
  ].join('\n');
}

/** A state in words that say for what. */
const STATES: Readonly<Record<Progress['state'], string>> = {
  planning: 'planning',
  comparing: 'comparing source and target',
  running: 'running',
  waiting: 'waiting for a person to decide on parked batches',
  pausing: 'pausing, batches in flight end',
  paused: 'paused',
  verifying: 'verifying',
  cancelling: 'cancelled; start it again to go on with it',
  finished: 'ended without a result; the failure says why',
};

function standing({ state, verdict, looks }: RunProgress): string {
  if ((state === 'verifying' || state === 'comparing') && looks !== null)
    return `${state}, ${looks.done} of ${looks.of} ranges and checks looked at`;
  return verdict === undefined ? STATES[state] : `finished, ${verdict.replaceAll('_', ' ')}`;
}

const HOW = '*More Actions* → *Send an Update* →';

/** What a person should see first: what the run waits for. */
function attention(progress: RunProgress): string[] {
  const lines: string[] = [];
  if (progress.outage !== null) lines.push(`**Waits for a server**: ${oneLine(progress.outage)}`, '');
  if (progress.pauseCause !== null) {
    // Then no update is taken: its workflow ends.
    const goOn = progress.hoursOver ? '' : `. To go on: ${HOW} \`resume\`.`;
    lines.push(`**Paused**: ${oneLine(progress.pauseCause)}${goOn}`, '');
  }
  return lines;
}

/** Parked batches with their causes, and what to do about them. */
function parkedBatches({ parked, state }: RunProgress, run: string): string[] {
  const [first] = parked.keys();
  if (first === undefined) return ['Parked: none', ''];
  return [
    `**Parked: ${parked.size}**`,
    '',
    ...[...parked].slice(0, NAMED).map(([batch, cause]) => `- batch ${batch}: ${oneLine(cause)}`),
    ...(parked.size > NAMED ? [`- and ${parked.size - NAMED} more: \`carryover batches ${run}\` lists them`] : []),
    '',
    state === 'finished' || state === 'cancelling'
      ? 'Mend the cause, then start it again.'
      : `Mend the cause, then: ${HOW} \`retryBatch\` with \`{"batch": ${first}}\`, a list of numbers, or \`"all"\`. ` +
        'To leave a batch out: `skipBatch` with its number and a reason.',
    '',
  ];
}

/** Once it is over nothing is left of what was estimated, whatever became of it. */
function doneLine({ done, verdict }: RunProgress, { estimatedRows }: RunPlan): string {
  const rows = doneOf(done);
  return verdict === undefined
    ? `| done | ${rows} of ${estimatedRows} (${percent(rows, estimatedRows)}) |`
    : `| done | ${rows} |`;
}

/** What is left; how long it takes only while the run does something about it. */
function remaining({ done, started, startedWith, state, verdict }: RunProgress, plan: RunPlan, now: number): string[] {
  if (verdict !== undefined) return [];
  const left = Math.max(0, plan.estimatedRows - doneOf(done));
  if (state !== 'running') return [`| remaining | ${left} |`];
  const seconds = Math.max(1, Math.round((now - started) / 1000));
  const rate = Math.round((doneOf(done) - startedWith) / seconds);
  const time = rate > 0 && left > 0 ? `, about ${formatSeconds(left / rate)}` : '';
  return [`| rate | ${rate} a second |`, `| remaining | ${left}${time} |`];
}

function flight({ inFlight }: RunProgress): string {
  if (inFlight.size === 0) return 'none';
  return `${inFlight.size === 1 ? 'batch' : 'batches'} ${listBatches(inFlight)}`;
}

function percent(part: number, whole: number): string {
  return `${(whole === 0 ? 100 : Math.min(100, (100 * part) / whole)).toFixed(1)} %`;
}

const oneLine = (text: string): string => text.replaceAll('\n', ' ');

function formatSeconds(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
