/**
 * The errors that cross the wire, each with the operator's answer. A class's name is Temporal's failure type, so one
 * list serves every retry policy. No message holds a row value or a secret.
 */

/** Failure types that no retry can mend: Temporal gives them straight to the workflow. */
export const NON_RETRYABLE = [
  'InputRefused',
  'PreflightFailed',
  'AlreadyRunning',
  'Superseded',
  'StageLost',
  'MappingChanged',
  'NotProven',
] as const;

export type NonRetryable = (typeof NON_RETRYABLE)[number];

/** An error whose message an operator can act on; `type` becomes Temporal's failure type. */
export class CarryoverError extends Error {
  constructor(
    readonly type: NonRetryable | 'SourceUnavailable' | 'TargetUnavailable' | 'MappingUnknownHere' | 'DatabaseError',
    message: string,
    /** The driver's or the server's code, such as `ECONNREFUSED` or an SQLSTATE, where there was one. */
    readonly code?: string,
  ) {
    super(message);
    this.name = type;
  }

  get retryable(): boolean {
    return !(NON_RETRYABLE as readonly string[]).includes(this.type);
  }
}

/** Several problems as one message, each on its own line. */
export function listProblems(intro: string, problems: readonly string[]): string {
  return `${intro}\n${problems.map((problem) => `  - ${problem}`).join('\n')}`;
}
