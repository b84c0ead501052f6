/**
 * Checks what a person sends with an operator's verb, in words that help: all problems at once. Pure, so that the
 * workflow's validators and the command line refuse the same.
 */
import type { Brakes } from './brakes';
import { checkNumber, optionalText } from './fields';
import { MAX_DELETES, MAX_PARKED, MAX_QUARANTINE } from './input';
import type { Verb } from './names';

/** What the checks need to know of the run. */
export interface Standing {
  /** False while the run still reads the ledger. */
  readonly ready: boolean;
  /** True while source and target are compared, before any batch. */
  readonly comparing: boolean;
  /** True from its verification on: its batches are done with. */
  readonly verifying: boolean;
  /** True once the run is over. */
  readonly ended: boolean;
  readonly parked: ReadonlySet<number>;
  readonly skipped: ReadonlySet<number>;
  /** Parked batches that have been loaded: their rows are in the target. */
  readonly loaded: ReadonlySet<number>;
  readonly pauseCause: string | null;
  /** True while an accepted `resume` is being recorded. */
  readonly resuming: boolean;
  readonly cancelling: boolean;
  /** True where the hours of the run are over, and it pauses for the next start. */
  readonly hoursOver?: boolean;
  readonly concurrencyLimit: number;
  /** Why the run would pause under these brakes, its own where none is given; null where it would not. */
  readonly brake: (changed: Partial<Brakes> & { readonly maxDeletes?: number }) => string | null;
}

/** Batch numbers that a message lists before it only counts. */
const NAMED = 20;

export function listBatches(batches: Iterable<number>): string {
  const all = [...batches].sort((a, b) => a - b);
  if (all.length === 0) return 'none';
  const more = all.length > NAMED ? ` and ${all.length - NAMED} more` : '';
  return `${all.slice(0, NAMED).join(', ')}${more}`;
}

/** @returns every problem with a verb's request; empty where it can be done */
export function checkRequest(verb: Verb, request: unknown, standing: Standing): string[] {
  if (standing.ended) return ['the run is over: nothing of it can be changed'];
  if (standing.comparing && verb !== 'cancel' && (verb !== 'resume' || standing.pauseCause === null)) {
    return ['source and target are being compared: there are no batches yet, and only cancel is taken'];
  }
  if (!standing.ready) return ['the run is still reading the ledger; send it again in a moment'];
  if (standing.hoursOver === true) return ['the hours of the run are over: the next start goes on with it'];
  if (standing.verifying && verb !== 'cancel' && (verb !== 'resume' || standing.pauseCause === null)) {
    return ['the run is being verified: its batches are done with, and only cancel is taken'];
  }
  if (standing.cancelling) return ['the run is being cancelled; start it again to go on with it'];
  if (request !== undefined && request !== null && (typeof request !== 'object' || Array.isArray(request))) {
    return [`give one JSON object, such as ${EXAMPLES[verb]}`];
  }
  const fields = (request ?? {}) as Record<string, unknown>;
  const problems: string[] = [];
  const unknown = Object.keys(fields).filter((name) => !FIELDS[verb].includes(name));
  if (unknown.length > 0) {
    const names = unknown.map((name) => JSON.stringify(name.slice(0, 40))).join(', ');
    problems.push(`unknown: ${names}; ${verb} takes ${FIELDS[verb].join(', ')}, such as ${EXAMPLES[verb]}`);
  }
  optionalText('by', fields.by, 'your name', problems);
  if (verb !== 'skipBatch') optionalText('reason', fields.reason, 'why', problems);
  CHECKS[verb](fields, standing, problems);
  return problems;
}

/** What each verb takes, as an example that can be copied. */
export const EXAMPLES: Readonly<Record<Verb, string>> = {
  retryBatch: '{"batch": 3}, {"batch": [3, 9]} or {"batch": "all"}',
  skipBatch: '{"batch": 3, "reason": "archived rows, see the ticket"}',
  pause: '{"reason": "backup until six"}',
  resume: '{} or {"maxQuarantine": 0.2}',
  setConcurrency: '{"concurrency": 4}',
  cancel: '{"reason": "wrong night"}',
};

const FIELDS: Readonly<Record<Verb, readonly string[]>> = {
  retryBatch: ['batch', 'reason', 'by'],
  skipBatch: ['batch', 'reason', 'by'],
  pause: ['reason', 'by'],
  resume: ['maxParked', 'maxQuarantine', 'maxDeletes', 'reason', 'by'],
  setConcurrency: ['concurrency', 'reason', 'by'],
  cancel: ['reason', 'by'],
};

type Check = (fields: Record<string, unknown>, standing: Standing, problems: string[]) => void;

const CHECKS: Readonly<Record<Verb, Check>> = {
  retryBatch: ({ batch }, { parked, skipped }, problems) => {
    const there = new Set([...parked, ...skipped]);
    const stand = `parked: ${listBatches(parked)}${skipped.size > 0 ? `; skipped: ${listBatches(skipped)}` : ''}`;
    if (batch === 'all') {
      if (parked.size === 0) problems.push(`no batch is parked; ${stand}`);
      return;
    }
    const batches = readBatches(batch);
    if (batches === null) {
      problems.push(`give the batch's number, such as ${EXAMPLES.retryBatch}; ${stand}`);
      return;
    }
    const not = batches.filter((each) => !there.has(each));
    if (not.length > 0) problems.push(`${nameBatches(not)} not parked; ${stand}`);
  },
  skipBatch: ({ batch, reason }, { parked, loaded }, problems) => {
    const batches = readBatches(batch);
    if (batches === null) {
      problems.push(`give the batch's number, such as ${EXAMPLES.skipBatch}; parked: ${listBatches(parked)}`);
    } else {
      const not = batches.filter((each) => !parked.has(each));
      if (not.length > 0) problems.push(`${nameBatches(not)} not parked; parked: ${listBatches(parked)}`);
      const there = batches.filter((each) => parked.has(each) && loaded.has(each));
      if (there.length > 0) {
        problems.push(`${nameBatches(there)} loaded, so that rows of it are in the target: retry, do not skip`);
      }
    }
    optionalText('reason', reason, 'why its rows are left out', problems);
    if (reason === undefined || reason === null) {
      problems.push('"reason" is missing: it is what the audit and the report will say of its rows');
    }
  },
  pause: (_fields, { pauseCause }, problems) => {
    if (pauseCause !== null) problems.push(`the run is paused already: ${pauseCause}`);
  },
  resume: (fields, { pauseCause, resuming, brake }, problems) => {
    if (pauseCause === null) problems.push('the run is not paused');
    if (resuming) problems.push('the run is being resumed already');
    const before = problems.length;
    checkNumber('maxParked', fields.maxParked, 0, { ...MAX_PARKED, whole: true }, problems);
    checkNumber('maxQuarantine', fields.maxQuarantine, 0, MAX_QUARANTINE, problems);
    checkNumber('maxDeletes', fields.maxDeletes, 0, MAX_DELETES, problems);
    if (problems.length > before || pauseCause === null) return;
    const still = brake(fields);
    if (still !== null) problems.push(`the run would pause again: ${still}`);
  },
  setConcurrency: ({ concurrency }, { concurrencyLimit }, problems) => {
    if (concurrency === undefined || concurrency === null) {
      problems.push(`give the number of batches in flight, such as ${EXAMPLES.setConcurrency}`);
      return;
    }
    if (concurrencyLimit === 1 && concurrency !== 1) {
      problems.push('rows of this mapping point to one another: its batches run one at a time');
      return;
    }
    checkNumber('concurrency', concurrency, 1, { low: 1, high: concurrencyLimit, whole: true }, problems);
  },
  cancel: () => undefined,
};

/** The numbers of a request's field `batch`: one, or a list without repetition; null where it is neither. */
export function readBatches(given: unknown): number[] | null {
  const list: readonly unknown[] = Array.isArray(given) ? (given as unknown[]) : [given];
  if (list.length === 0 || list.length > 1_000) return null;
  if (!list.every((each) => typeof each === 'number' && Number.isInteger(each))) return null;
  return [...new Set(list as number[])];
}

function nameBatches(batches: readonly number[]): string {
  return batches.length === 1 ? `batch ${batches[0]!} is` : `batches ${listBatches(batches)} are`;
}
