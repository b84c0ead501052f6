/** The verdict on a run: computed from what the checks found and from the balance, never asserted. */

export type Verdict = 'proven' | 'proven_with_exceptions' | 'not_proven';

/** Counts of source rows by fate; all are non-negative integers. */
export interface Balance {
  readonly source: number;
  readonly loaded: number;
  readonly quarantined: number;
  readonly excluded: number;
  readonly pending: number;
}

/** One quality check: what it looked at (rows, unless its name says otherwise) and how many faults it found. */
export interface CheckResult {
  readonly name: string;
  readonly compared: number;
  readonly found: number;
}

/** True where every source row has exactly one fate. */
export function isClosed(balance: Balance): boolean {
  return balance.source === balance.loaded + balance.quarantined + balance.excluded + balance.pending;
}

/**
 * *Not proven* where anything was found, is pending or does not add up, and also where no check ran: a proof that
 * could not look is none.
 */
export function decideVerdict(balance: Balance, checks: readonly CheckResult[], complete: boolean): Verdict {
  const found = checks.reduce((sum, check) => sum + check.found, 0);
  if (!complete || checks.length === 0 || found > 0 || balance.pending > 0 || !isClosed(balance)) return 'not_proven';
  return balance.quarantined + balance.excluded > 0 ? 'proven_with_exceptions' : 'proven';
}
