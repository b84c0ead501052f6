import { requireEpoch } from '../../database/ledger/epoch';
import type { CarryoverError } from '../../shared/errors';

const refusal = (expected: number, found: number | string | undefined): Pick<CarryoverError, 'type' | 'message'> => {
  try {
    requireEpoch('7', expected, found);
  } catch (error) {
    const { type, message } = error as CarryoverError;
    return { type, message };
  }
  throw new Error('it was let through');
};

describe('the epoch of a caller', () => {
  it.each([1, '1'])('passes where the ledger holds the same (%p)', (found) => {
    expect(() => requireEpoch('7', 1, found)).not.toThrow();
  });

  it('is superseded where another owner came later', () => {
    expect(refusal(1, '2')).toEqual({
      type: 'Superseded',
      message: 'run 7 has another owner by now (epoch 2); this one stands back',
    });
  });

  it('finds the ledger behind where it holds an older owner, or no such run', () => {
    const restored = 'the target was restored to an earlier moment; the run goes on from what its ledger holds';
    expect(refusal(3, 2)).toEqual({
      type: 'LedgerBehind',
      message: `the ledger holds run 7 under an older owner (epoch 2): ${restored}`,
    });
    expect(refusal(1, undefined)).toEqual({
      type: 'LedgerBehind',
      message: `the ledger knows no run 7: ${restored}`,
    });
  });
});
