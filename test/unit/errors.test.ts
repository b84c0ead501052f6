import { CarryoverError, ERROR_CLASSES, NON_RETRYABLE, listProblems } from '../../shared/errors';

describe('CarryoverError', () => {
  it.each([...NON_RETRYABLE])('%s is not tried again', (type) => {
    const error = new CarryoverError(type, 'words');
    expect(error.retryable).toBe(false);
    expect(error.name).toBe(type); // Temporal's failure type of an error that leaves without guarded()
  });

  it.each(['SourceUnavailable', 'TargetUnavailable', 'MappingUnknownHere', 'DatabaseError'] as const)(
    '%s is tried again',
    (type) => {
      expect(new CarryoverError(type, 'words').retryable).toBe(true);
    },
  );

  it("keeps out of Temporal's retries exactly the classes that no retry can mend", () => {
    const never = Object.entries(ERROR_CLASSES).filter(([, retry]) => retry === 'never');
    expect([...NON_RETRYABLE]).toEqual(never.map(([name]) => name));
    expect(NON_RETRYABLE).toEqual(expect.arrayContaining(['InputRefused', 'Superseded', 'LedgerBehind', 'NotProven']));
    expect(NON_RETRYABLE).not.toEqual(expect.arrayContaining(['TargetUnavailable']));
  });
});

describe('listProblems', () => {
  it('gives each problem a line of its own', () => {
    expect(listProblems('Refused:', ['one', 'two'])).toBe('Refused:\n  - one\n  - two');
  });
});
