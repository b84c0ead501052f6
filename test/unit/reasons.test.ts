import { REASONS } from '../../shared/reasons';

describe('the reasons of the quarantine', () => {
  it('are ranked: lookups before codes, codes before values, values before times, and last the target', () => {
    // The rank decides the primary reason of rows that are in ledgers already: a change is a change of meaning.
    expect(REASONS).toEqual([
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
    ]);
  });
});
