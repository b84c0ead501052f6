/** A run's standing in words: what needs a person first, with the command that helps; pure. */
import type { RunStatus, VainStart } from '../database/ledger/read-status';
import { isWindowCause } from '../shared/run-window';
import { listBatches } from '../shared/verb-requests';
import { duration, rows } from './numbers';
import type { OwnerReport } from './owners';
import { pauseLine } from './run-display';

/** What the ledger says of a run, and Temporal of its owner; undefined where it has none, or nobody was asked. */
export interface Standing {
  readonly run: RunStatus;
  readonly owner: OwnerReport | undefined;
}

/** Why a run needs a person, each in a sentence or two with the way on; empty where it needs none. */
export function attention({ run, owner }: Standing): string[] {
  const lines: string[] = [];
  if (run.state === 'open') {
    if (restLine(run, owner) === null) lines.push(...ownerLines(run, owner));
    if (run.paused !== null && !isWindowCause(run.paused.cause)) lines.push(pauseLine(run.run, run.paused.cause).replace(/^Paused:/, `Paused since ${run.paused.at}:`)); // prettier-ignore
    if (run.parked.length > 0) {
      // Without its owner nobody would take the decision.
      const mend = isTaken(owner) ? 'mend the cause, then' : 'once the run goes on, and the cause is mended';
      const flags = run.parked.length === 1 ? `--batch ${run.parked[0]!.batch}` : '--all';
      lines.push(
        `${count(run.parked.length, 'parked batch', 'parked batches')}: ${mend}: carryover retry-batch ${run.run} ${flags}`,
      );
    }
  }
  return [...lines, ...vainLines(run.vainStarts)];
}

/** A person who starts it reads why it is refused; of a schedule nobody does. With nothing to do, nobody need do anything. */
export const vainLines = (starts: readonly VainStart[]): string[] =>
  starts
    .filter(({ outcome, schedule }) => outcome === 'missed' || (outcome === 'refused' && schedule !== null))
    .map(startLine);

/** A migration that has had no run, and why, where a schedule wanted one. */
export const printNever = (never: { readonly migration: string; readonly attention: readonly string[] }): string =>
  [
    `${never.migration}: never run${never.attention.length > 0 ? ', NEEDS ATTENTION' : ''}`,
    ...never.attention.map((words) => `  ! ${words.replaceAll('\n', '\n    ')}`),
  ].join('\n');

/** Of a run that rests between its hours: nobody works on it, and nobody need do anything. */
function restLine(run: RunStatus, owner: OwnerReport | undefined): string | null {
  if (run.state !== 'open' || run.paused === null || !isWindowCause(run.paused.cause)) return null;
  if (owner?.state === 'alive' || owner?.state === 'elsewhere') return null;
  return `since ${run.paused.at}, ${run.paused.cause}: its schedule's, or carryover ${startOf(run)} ${run.migration}`;
}

const isTaken = (owner: OwnerReport | undefined): boolean =>
  owner === undefined || owner.state === 'alive' || owner.state === 'unknown';

function ownerLines(run: RunStatus, owner: OwnerReport | undefined): string[] {
  const goOn = `carryover ${startOf(run)} ${run.undoes ?? run.migration}`;
  switch (owner?.state) {
    case 'gone':
      return [
        `Owner gone: workflow ${run.workflow} ${owner.words ?? 'is over'}, and nobody works on the run.\n  to go on: ${goOn}`,
      ];
    case 'elsewhere':
      return [
        `Nobody knows whether the owner lives: workflow ${run.workflow} belongs to the namespace "${run.owner.namespace}" of another Temporal than the one asked (see TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE).\n  where that one is gone for good: ${goOn} --take-over "<why>"`,
      ];
    case 'paused':
      return [
        `Paused by Temporal itself: workflow ${run.workflow} takes no decision until that is undone.\n  to go on: temporal workflow unpause --workflow-id ${run.workflow}, or the Temporal UI`,
      ];
    case 'alive':
      return owner.worker === false
        ? [
            `No worker polls the task queue "${owner.taskQueue ?? ''}": the run stands still.\n  to go on: npm run worker`,
          ]
        : [];
    case 'unknown':
    case undefined:
      return [];
  }
}

function startLine({ outcome, at, times, schedule, workflow, cause }: VainStart): string {
  const who = schedule === null ? `workflow ${workflow}` : `schedule ${schedule}`;
  const often = times === 1 ? '' : `, ${times} since one was taken`;
  const which = outcome === 'nothing_to_do' ? 'start with nothing to do' : `${outcome} start`;
  return `last ${which}: ${at} by ${who}${often}: ${cause ?? 'no cause recorded'}`;
}

/** One run in a few lines. */
export function printRun(standing: Standing): string {
  const { run, owner } = standing;
  const { balance, written } = run;
  const needs = attention(standing);
  const decided = balance.excludedByDecision > 0 ? ` (${rows(balance.excludedByDecision)} by decision)` : '';
  const batches = Object.entries(run.batches).map(([name, number]) => `${number} ${name}`);
  const refused = run.vainStarts.filter(
    ({ outcome, schedule }) => outcome === 'refused' && schedule === null && run.state === 'open',
  );
  const idle = run.vainStarts.filter(({ outcome }) => outcome === 'nothing_to_do');
  const rest = restLine(run, owner);
  return [
    `${run.migration}: ${runText(run)}, ${stateText(run)}${needs.length > 0 ? ', NEEDS ATTENTION' : ''}`,
    ...needs.map((words) => `  ! ${words.replaceAll('\n', '\n    ')}`),
    ...(rest === null ? [] : [`  rests     ${rest}`]),
    ...(owner?.outage == null ? [] : [`  waits     for a server, as of its last word: ${owner.outage}`]),
    ...(owner?.state === 'unknown'
      ? [`  owner     not known: ${owner.words ?? ''}; by the ledger alone the run is open`]
      : []),
    `  balance   ${rows(balance.source)} source = ${rows(balance.loaded)} loaded + ${rows(balance.quarantined)} quarantined + ${rows(balance.excluded)} excluded${decided} + ${rows(balance.pending)} pending`,
    `  written   ${rows(written.inserted)} inserted, ${rows(written.updated)} updated, ${rows(written.unchanged)} unchanged` +
      (written.takenAway === 0 ? '' : `, ${rows(written.takenAway)} taken out or marked as gone`),
    `  batches   ${batches.length === 0 ? 'none cut yet' : batches.join(', ')}`,
    `  started   ${run.startedAt}${run.finishedAt === null ? '' : `, ${run.state} ${run.finishedAt}`}, workflow ${run.workflow}`,
    ...(run.verifying === null
      ? []
      : [`  verifying ${run.verifying.looked} of ${run.verifying.of} ranges and checks looked at`]),
    ...(run.verified === null ? [] : [`  verified  ${verifiedText(run.verified)}`]),
    ...(run.skipped.length === 0 ? [] : [`  skipped   ${namedBatches(run.skipped)}, by decision`]),
    ...byCause(run.parked).map((words) => `  parked    ${words}`),
    ...refused.map((start) => `  refused   ${startLine(start)}`),
    ...idle.map((start) => `  idle      ${startLine(start)}`),
  ].join('\n');
}

/** The command that starts, or goes on with, such a run. */
export const startOf = ({ mode }: Pick<RunStatus, 'mode'>): string => COMMANDS[mode] ?? mode;

const COMMANDS: Readonly<Record<string, string>> = { full: 'start', changed: 'resync' };

/** `run 7`, or what it is where it does not take every row. */
const runText = ({ run, mode }: RunStatus): string =>
  mode === 'full' ? `run ${run}` : `run ${run} (${startOf({ mode })})`;

const verifiedText = ({ verification, verdict, final, at }: NonNullable<RunStatus['verified']>): string =>
  `${verdict.replaceAll('_', ' ')}${final ? ', finally' : ''}, by verification ${verification} of ${at}`;

/** One run in one line, without what changes by itself: it is printed again when it changes. */
export function runLine(standing: Standing): string {
  const { run, owner } = standing;
  const { balance } = run;
  const batches = Object.entries(run.batches).map(([name, number]) => `${number} ${name}`);
  const needs = attention(standing).map((words) => words.split('\n')[0]!);
  return [
    `${run.migration} ${runText(run)} ${run.state === 'open' ? 'open' : stateText(run)}`,
    `${rows(balance.loaded)} of ${rows(Math.max(run.estimatedRows, balance.source))} rows loaded, ${rows(balance.quarantined)} quarantined`,
    ...(batches.length === 0 ? [] : [`batches: ${batches.join(', ')}`]),
    ...(owner?.outage == null ? [] : [`waits for a server: ${owner.outage}`]),
    ...needs,
  ].join('; ');
}

function stateText(run: RunStatus): string {
  if (run.state === 'open') return `open for ${duration(run.age)}`;
  if (run.state === 'abandoned') {
    return run.mode === 'full'
      ? 'abandoned: what it had not done stays pending'
      : 'abandoned: rows that it had not taken count as they did';
  }
  if (run.state === 'superseded') return 'superseded by a later run';
  return (run.verdict ?? 'finished').replaceAll('_', ' ');
}

/** Batches of one cause together: a cause that parks one often parks many. */
export function byCause(batches: readonly { readonly batch: number; readonly cause: string | null }[]): string[] {
  const causes = new Map<string, number[]>();
  for (const { batch, cause } of batches) {
    const words = (cause ?? 'no cause recorded').replaceAll('\n', ' ');
    causes.set(words, [...(causes.get(words) ?? []), batch]);
  }
  return [...causes].map(([words, numbers]) => `${namedBatches(numbers)}: ${words}`);
}

const namedBatches = (numbers: readonly number[]): string =>
  `${numbers.length === 1 ? 'batch' : 'batches'} ${listBatches(numbers)}`;

const count = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`;
