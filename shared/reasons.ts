/**
 * Why a source row could not be loaded. The order is the rank: the first that applies is a row's primary reason, and
 * the quarantine keeps the list of all.
 */
export const REASONS = [
  'case_unmapped',
  'case_ambiguous',
  'actor_unmapped',
  'actor_ambiguous',
  'code_unknown',
  'value_invalid',
  'value_too_long',
  'time_gap',
  'time_ambiguous',
  'constraint_rejected',
] as const;

export type Reason = (typeof REASONS)[number];

/** Reasons that somebody names; undefined where nobody does. */
export function readReasons(given: unknown, problems: string[]): readonly Reason[] | undefined {
  if (given === undefined || given === null) return undefined;
  const isReason = (word: unknown): word is Reason => REASONS.some((reason) => reason === word);
  if (Array.isArray(given) && given.length > 0 && given.every(isReason)) return given;
  problems.push(`"reasons" must be a list of ${REASONS.join(', ')}`);
  return undefined;
}
