import type { OwnerReport } from '../../cli/owners';
import { attention, byCause, printRun, runLine, vainLines } from '../../cli/status-text';
import type { RunStatus } from '../../database/ledger/read-status';

const run: RunStatus = {
  run: '7',
  migration: 'case-states',
  mode: 'full',
  state: 'open',
  verdict: null,
  workflow: 'carryover-case-states',
  owner: { cluster: 'c', namespace: 'default', workflow: 'carryover-case-states', firstRun: 'f' },
  startedAt: '2026-11-24T03:00:00Z',
  finishedAt: null,
  age: 7_500,
  undoes: null,
  estimatedRows: 4_000,
  balance: { source: 3_000, loaded: 1_900, quarantined: 100, excluded: 0, excludedByDecision: 0, pending: 1_000 },
  written: { inserted: 1_900, updated: 0, unchanged: 0, takenAway: 0 },
  batches: { validated: 2, parked: 1 },
  paused: null,
  parked: [],
  skipped: [],
  verifying: null,
  verified: null,
  vainStarts: [],
};

const alive: OwnerReport = { state: 'alive', words: null, worker: true, taskQueue: 'carryover', outage: null };

describe('a run that is looked at', () => {
  const verified = {
    verification: '12',
    verdict: 'not_proven',
    final: true,
    own: false,
    at: '2026-11-25T03:00:00Z',
  } as const;

  it('says how far its verification is', () => {
    const text = printRun({ run: { ...run, verifying: { looked: 3, of: 9 } }, owner: alive });
    expect(text).toContain('\n  verifying 3 of 9 ranges and checks looked at');
    expect(printRun({ run, owner: alive })).not.toContain('verif');
  });

  it('says what the latest verification said, and when', () => {
    const text = printRun({ run: { ...run, state: 'finished', verdict: 'proven', verified }, owner: undefined });
    expect(text).toContain('\n  verified  not proven, finally, by verification 12 of 2026-11-25T03:00:00Z');
  });
});

describe('attention', () => {
  it('is needed by no run that goes on, and none that is over', () => {
    expect(attention({ run, owner: alive })).toEqual([]);
    const over = {
      ...run,
      state: 'finished' as const,
      verdict: 'not_proven',
      parked: [{ batch: 1, cause: 'difference' }],
    };
    expect(attention({ run: over, owner: undefined })).toEqual([]);
  });

  it.each<[Partial<OwnerReport>, RegExp]>([
    [
      { state: 'gone', words: 'is over (terminated)' },
      /^Owner gone: .* is over \(terminated\).*\n.*carryover start case-states$/,
    ],
    [{ state: 'elsewhere' }, /another Temporal[^]*carryover start case-states --take-over "<why>"$/],
    [
      { state: 'paused' },
      /^Paused by Temporal itself[^]*temporal workflow unpause --workflow-id carryover-case-states/,
    ],
    [{ worker: false }, /^No worker polls the task queue "carryover": the run stands still.\n.*npm run worker$/],
  ])('is needed where the owner is %j', (change, words) => {
    expect(attention({ run, owner: { ...alive, ...change } })).toEqual([expect.stringMatching(words)]);
  });

  it('is not claimed where nobody could be asked', () => {
    expect(attention({ run, owner: { ...alive, state: 'unknown', worker: null } })).toEqual([]);
  });

  it('names the command for a pause, with the brake that it must raise, and for parked batches', () => {
    const parked = [3, 9].map((batch) => ({ batch, cause: 'load: x' }));
    const paused = { at: '2026-11-24T03:12:00Z', cause: '11 batches are parked, more than maxParked (10)' };
    expect(attention({ run: { ...run, parked, paused }, owner: alive })).toEqual([
      'Paused since 2026-11-24T03:12:00Z: 11 batches are parked, more than maxParked (10)\n  to go on: carryover resume 7, with --max-parked <n> to raise the brake',
      '2 parked batches: mend the cause, then: carryover retry-batch 7 --all',
    ]);
    const gone = { ...alive, state: 'gone' as const, words: 'is over (failed)' };
    expect(attention({ run: { ...run, parked: parked.slice(1) }, owner: gone })[1]).toBe(
      '1 parked batch: once the run goes on, and the cause is mended: carryover retry-batch 7 --batch 9',
    );
  });

  it('is needed where a schedule missed, or was refused, and not where a person was', () => {
    const start = { at: 't', workflow: 'w', schedule: 'nightly', cause: 'run 6 is open', times: 3 };
    const vainStarts = [
      { ...start, outcome: 'missed' as const },
      { ...start, schedule: null, outcome: 'refused' as const },
    ];
    expect(attention({ run: { ...run, vainStarts }, owner: alive })).toEqual([
      'last missed start: t by schedule nightly, 3 since one was taken: run 6 is open',
    ]);
    const refused = [{ ...start, outcome: 'refused' as const, cause: 'no SELECT' }];
    const over = { ...run, state: 'finished' as const, verdict: 'proven', vainStarts: refused };
    expect(attention({ run: over, owner: undefined })).toEqual([
      'last refused start: t by schedule nightly, 3 since one was taken: no SELECT',
    ]);
  });

  it('is not needed where a start had nothing to do: that is told, and no more', () => {
    const [schedule, cause] = ['replays', 'no row of case-states is in open quarantine'];
    const idle = { at: 't', workflow: 'w', schedule, cause, times: 9, outcome: 'nothing_to_do' as const };
    const over = { ...run, state: 'finished' as const, verdict: 'proven', vainStarts: [idle] };
    expect(attention({ run: over, owner: undefined })).toEqual([]);
    expect(vainLines([idle])).toEqual([]);
    expect(printRun({ run: over, owner: undefined })).toContain(
      `\n  idle      last start with nothing to do: t by schedule replays, 9 since one was taken: ${cause}`,
    );
  });

  it('is not needed by a run that rests between its hours', () => {
    const words = 'window: it was to work until 05:00 Europe/Berlin; the next start goes on with it';
    const paused = { at: '2026-11-24T04:00:00Z', cause: words };
    const gone = { ...alive, state: 'gone' as const, words: 'is over (completed)' };
    expect(attention({ run: { ...run, paused }, owner: gone })).toEqual([]);
    expect(printRun({ run: { ...run, paused }, owner: gone })).toContain(
      `\n  rests     since 2026-11-24T04:00:00Z, ${words}: its schedule's, or carryover start case-states\n`,
    );
    // One that somebody else paused, and nobody works on, needs a person as before.
    expect(attention({ run: { ...run, paused: { ...paused, cause: 'backup' } }, owner: gone })).toHaveLength(2);
    expect(attention({ run: { ...run, paused }, owner: { ...alive, state: 'elsewhere' } })).toHaveLength(1);
  });
});

describe('a run in words', () => {
  it('begins with what needs a person', () => {
    const parked = [1, 2].map((batch) => ({ batch, cause: 'load: the target\nrefused' }));
    const balance = { ...run.balance, excluded: 400, excludedByDecision: 400, pending: 600 };
    expect(
      printRun({ run: { ...run, parked, balance, skipped: [4] }, owner: { ...alive, outage: 'the source is away' } }),
    ).toBe(
      [
        'case-states: run 7, open for 2 h 5 min, NEEDS ATTENTION',
        '  ! 2 parked batches: mend the cause, then: carryover retry-batch 7 --all',
        '  waits     for a server, as of its last word: the source is away',
        '  balance   3,000 source = 1,900 loaded + 100 quarantined + 400 excluded (400 by decision) + 600 pending',
        '  written   1,900 inserted, 0 updated, 0 unchanged',
        '  batches   2 validated, 1 parked',
        '  started   2026-11-24T03:00:00Z, workflow carryover-case-states',
        '  skipped   batch 4, by decision',
        '  parked    batches 1, 2: load: the target refused',
      ].join('\n'),
    );
  });

  it.each<[Partial<RunStatus>, string]>([
    [{ state: 'finished', verdict: 'proven_with_exceptions' }, 'case-states: run 7, proven with exceptions'],
    [{ state: 'abandoned' }, 'case-states: run 7, abandoned: what it had not done stays pending'],
    [{ state: 'superseded' }, 'case-states: run 7, superseded by a later run'],
  ])('says how it ended: %j', (change, words) => {
    expect(printRun({ run: { ...run, ...change }, owner: undefined }).split('\n')[0]).toBe(words);
  });

  it('is the same line as long as nothing but time goes by', () => {
    const line = runLine({ run, owner: alive });
    expect(line).toBe(
      'case-states run 7 open; 1,900 of 4,000 rows loaded, 100 quarantined; batches: 2 validated, 1 parked',
    );
    expect(runLine({ run: { ...run, age: 8_000 }, owner: alive })).toBe(line);
    expect(runLine({ run, owner: { ...alive, worker: false } })).toMatch(
      /; No worker polls the task queue "carryover": the/,
    );
  });

  it('names batches of one cause together', () => {
    const batches = [1, 2, 3].map((batch) => ({ batch, cause: batch === 2 ? null : 'load: x' }));
    expect(byCause(batches)).toEqual(['batches 1, 3: load: x', 'batch 2: no cause recorded']);
  });
});
