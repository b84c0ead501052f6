import { CarryoverError, NON_RETRYABLE, listProblems } from '../../shared/errors';

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

  it('knows these types that no retry can mend', () => {
    expect([...NON_RETRYABLE].sort()).toEqual([
      'AlreadyRunning',
      'InputRefused',
      'MappingChanged',
      'NotProven',
      'PreflightFailed',
      'StageLost',
      'Superseded',
    ]);
  });
});

describe('listProblems', () => {
  it('gives each problem a line of its own', () => {
    expect(listProblems('Refused:', ['one', 'two'])).toBe('Refused:\n  - one\n  - two');
  });
});
