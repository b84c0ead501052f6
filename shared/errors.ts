/**
 * The errors that cross the wire, each with its class. A class's name is Temporal's failure type, so one table serves
 * every retry policy; docs/errors.md holds the operator's answer to each. No message holds a row value or a secret.
 */

/**
 * How often an activity tries again after a failure.
 *
 * - `never`: no retry can mend it; the workflow gets it at once.
 * - `some`: it may pass by itself; a few attempts with growing waits, then the workflow gets it.
 * - `always`: nothing is wrong with the work, something is away; tried until it is back, at most ten seconds apart.
 */
export type Retry = 'never' | 'some' | 'always';

export const ERROR_CLASSES = {
  /** The one JSON object that starts a run, or an update, will not do. */
  InputRefused: 'never',
  /** A server, a right, a table or a type does not fit; nothing was changed. */
  PreflightFailed: 'never',
  /** Another workflow owns the migration's open run. */
  AlreadyRunning: 'never',
  /** The open run began with another mapping, schema or server, or under another kind of workflow. */
  MappingChanged: 'never',
  /** Another owner has the run by now. */
  Superseded: 'never',
  /** The batch is parked or skipped in the ledger: a person decides about it. */
  BatchSetAside: 'never',
  /** The ledger does not know what the workflow has done: the target was restored to an earlier moment. */
  LedgerBehind: 'never',
  /** Staged rows are gone, emptied or not the batch's own any more: back to extract. */
  StageLost: 'never',
  /** The target refused more single rows than the brake allows. */
  RowsRefused: 'never',
  /** The target refused a value or a row; where that is one statement's, its rows are isolated. */
  DataRefused: 'never',
  /** A right is missing, or a login was refused. */
  PrivilegeMissing: 'never',
  /** A table, column or type is not as it was. */
  SchemaChanged: 'never',
  /** A disk is full, or memory or another resource of a server is used up. */
  ResourcesExhausted: 'never',
  /** One attempt after the other ended without a word: its worker died, or it took longer than a step may. */
  WorkerLost: 'never',
  /** The run, or a verification, ended, and is not proven. */
  NotProven: 'never',
  /** Deadlock, lock time-out, serialization failure, statement cancelled. */
  Contention: 'some',
  /** Another attempt of the same owner drew its token later: the one that Temporal waits for draws a new one. */
  Overtaken: 'some',
  /** Any other refusal of a server. */
  DatabaseError: 'some',
  /** An error of our own code. */
  Unexpected: 'some',
  /** The source cannot be reached, restarts, or has no connection left. */
  SourceUnavailable: 'always',
  /** The target cannot be reached, restarts, or has no connection left. */
  TargetUnavailable: 'always',
  /** This worker lacks the mapping, or the source, that the run began with: another may have it. */
  MappingUnknownHere: 'always',
} as const satisfies Record<string, Retry>;

export type ErrorClass = keyof typeof ERROR_CLASSES;

/** Attempts of a class that may pass by itself; locks are held for longer than most that ails a server. */
const SOME_ATTEMPTS = 5;
const CONTENTION_ATTEMPTS = 10;

/**
 * Attempts in a row of which nobody heard, before the workflow is told: workers are replaced a few times under a long
 * step, but a step that ends each worker that takes it, for want of memory say, would do so for ever.
 */
export const SILENT_ATTEMPTS = 20;

/** How many attempts may fail with a class before the workflow gets it. */
export function attemptsOf(type: ErrorClass): number {
  if (ERROR_CLASSES[type] === 'never') return 1;
  if (ERROR_CLASSES[type] === 'always') return Infinity;
  return type === 'Contention' ? CONTENTION_ATTEMPTS : SOME_ATTEMPTS;
}

/** Failure types that Temporal itself must not retry. */
export const NON_RETRYABLE: readonly ErrorClass[] = (Object.keys(ERROR_CLASSES) as ErrorClass[]).filter(
  (name) => ERROR_CLASSES[name] === 'never',
);

/** An error whose message an operator can act on; `type` becomes Temporal's failure type. */
export class CarryoverError extends Error {
  constructor(
    readonly type: ErrorClass,
    message: string,
    /** The driver's or the server's code, such as `ECONNREFUSED` or an SQLSTATE, where there was one. */
    readonly code?: string,
    /** Name of the constraint that refused, where the server told one. */
    readonly constraint?: string,
  ) {
    super(message);
    this.name = type;
  }

  get retry(): Retry {
    return ERROR_CLASSES[this.type];
  }

  get retryable(): boolean {
    return this.retry !== 'never';
  }
}

/** Several problems as one message, each on its own line. */
export function listProblems(intro: string, problems: readonly string[]): string {
  return `${intro}\n${problems.map((problem) => `  - ${problem}`).join('\n')}`;
}
