import type { Reason } from '../shared/reasons';

/** What a reason means to an operator, and how rows that it kept back are recovered. One for every reason there is. */
export const REMEDIES: Readonly<Record<Reason, { readonly meaning: string; readonly recover: string }>> = {
  case_unmapped: {
    meaning: 'the record it belongs to is not in the target',
    recover: 'carry over or create the missing record in the lookup table',
  },
  case_ambiguous: {
    meaning: 'the record it belongs to has two different answers in the target',
    recover: 'leave one answer per key in the lookup table',
  },
  actor_unmapped: {
    meaning: 'the person it names is not in the target',
    recover: 'carry over the missing profile, or let the mapping load such rows without a person',
  },
  actor_ambiguous: {
    meaning: 'the person it names has two different answers in the target',
    recover: 'leave one profile per legacy user',
  },
  code_unknown: {
    meaning: 'a code that the mapping does not list',
    recover: 'add the code to the mapping, or correct it in the source',
  },
  value_invalid: {
    meaning: 'a value that the target cannot hold (a missing, impossible or out-of-range one)',
    recover: 'correct the value in the source, or allow it in the mapping and the target',
  },
  value_too_long: {
    meaning: 'a text longer than its target column',
    recover: 'shorten it in the source, or widen the column in target and mapping',
  },
  time_gap: {
    meaning: 'a wall clock that never was: the hour that is skipped in spring',
    recover: 'correct the time in the source; any instant would be invented',
  },
  time_ambiguous: {
    meaning: 'a wall clock that was twice: the hour that is repeated in autumn',
    recover: 'choose the first or the second hour in the mapping (fold)',
  },
  constraint_rejected: {
    meaning:
      'a row that a constraint or trigger of the target refused; its columns name the constraint, or the SQLSTATE',
    recover: 'correct the row in the source, or the rule in the target',
  },
};

/** The remedy of a reason that is read back from a ledger, which an older or newer version may have written. */
export const remedyOf = (reason: string): { readonly meaning: string; readonly recover: string } =>
  (REMEDIES as Readonly<Record<string, { meaning: string; recover: string }>>)[reason] ?? {
    meaning: 'a reason that this version does not know',
    recover: 'look at the rows',
  };
