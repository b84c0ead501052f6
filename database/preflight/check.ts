import type { Context } from './context';

/** A check that cannot run without the answer of an earlier one names it here and is skipped when that one failed. */
export interface Check {
  /** Short name in lists, e.g. `source table`. */
  readonly name: string;
  /** A problem stops a run before it starts; a warning is worth a person's look. */
  readonly severity: 'problem' | 'warning';
  readonly needs: readonly string[];
  /** Says what is wrong, one sentence each: the object or setting, what was found, the remedy. */
  readonly run: (context: Context) => Promise<string[]>;
}

export interface CheckOutcome {
  readonly name: string;
  readonly status: 'ok' | 'problem' | 'warning' | 'skipped';
  readonly sentences: readonly string[];
}
