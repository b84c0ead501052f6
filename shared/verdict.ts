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
 *
 * @param accepted findings that a person has accepted: exceptions
 */
export function decideVerdict(
  balance: Balance,
  checks: readonly CheckResult[],
  complete: boolean,
  accepted: number,
): Verdict {
  const found = checks.reduce((sum, check) => sum + check.found, 0);
  if (!complete || checks.length === 0 || found > 0 || balance.pending > 0 || !isClosed(balance)) return 'not_proven';
  return balance.quarantined + balance.excluded + accepted > 0 ? 'proven_with_exceptions' : 'proven';
}

/** What a verification found. */
export interface Verified {
  /** Rows of the source, of the target, and in open quarantine. */
  readonly source: number;
  readonly loaded: number;
  readonly quarantined: number;
  readonly excluded: number;
  readonly pending: number;
  /** Findings that are defects and that nobody has accepted, and faults of checks. */
  readonly defects: number;
  /** Findings that somebody has accepted. */
  readonly accepted: number;
  /** Findings that a source which is written to explains. */
  readonly moved: number;
  /** Ranges and checks that there were to look at, and those that were not. */
  readonly looked: number;
  readonly notVerified: number;
  /** False where rows of the run are pending, or it was not cut to its upper bound. */
  readonly complete: boolean;
  /** True where a person has left batches out. */
  readonly leftOut: boolean;
  /** Writes to the source are frozen: nothing may have moved. */
  readonly final: boolean;
}

export function verifiedVerdict(found: Verified): Verdict {
  const isOpen = found.notVerified > 0 || found.looked === 0 || !found.complete || found.pending > 0;
  // All rows gone at once is no movement: it is another table, or an accident.
  const isEmptied = found.source === 0 && found.loaded + found.quarantined + found.moved > 0;
  if (isOpen || isEmptied || found.defects > 0 || (found.final && found.moved > 0)) return 'not_proven';
  const isException = found.leftOut || found.accepted > 0 || found.quarantined + found.excluded > 0;
  return isException ? 'proven_with_exceptions' : 'proven';
}
