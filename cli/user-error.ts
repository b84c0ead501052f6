import type { ExitCode } from './exit-codes';

/** What a person at the terminal can act on: shown as it is, without a stack. */
export class UserError extends Error {
  constructor(
    message: string,
    readonly exitCode: ExitCode,
  ) {
    super(message);
    this.name = 'UserError';
  }
}
