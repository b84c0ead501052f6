import type { LoadResult, Remaining, RunPlan } from '../../shared/messages';
import { toMarkdown } from '../../workflows/current-details';
import { RunProgress } from '../../workflows/run-progress';

const plan: RunPlan = {
  run: '7',
  migration: 'case-states',
  epoch: 1,
  batchRows: 1000,
  concurrency: 2,
  concurrencyLimit: 8,
  maxParked: 10,
  maxQuarantine: 0.1,
  estimatedRows: 4751,
  resumed: false,
  differing: [],
};

const none: LoadResult = { source: 0, inserted: 0, updated: 0, unchanged: 0, quarantined: 0, excluded: 0 };
const fresh: Remaining = { batches: [], nextBatch: 1, cutToEnd: false, done: none, skipped: [] };
const resumed: Remaining = {
  batches: [
    {
      batch: 2,
      state: 'parked',
      rows: 1000,
      cause: 'load: the target refused a statement\n(SQLSTATE 23514)',
      loaded: false,
    },
    { batch: 4, state: 'running', rows: 1000, cause: null, loaded: false },
  ],
  nextBatch: 5,
  cutToEnd: false,
  done: { source: 2000, inserted: 1900, updated: 20, unchanged: 30, quarantined: 40, excluded: 10 },
  skipped: [],
};

function begin(remaining: Remaining, more: Partial<RunPlan> = {}): RunProgress {
  const progress = new RunProgress();
  progress.begin({ ...plan, ...more }, remaining, 10_000);
  return progress;
}

describe('the progress of a run', () => {
  it('says that it plans, before there is a plan', () => {
    const progress = new RunProgress();
    expect(toMarkdown(progress, 0)).toBe('**planning**: checking input, servers and mapping');
    expect(progress.toProgress()).toMatchObject({ run: null, migration: null, state: 'planning', estimatedRows: 0 });
  });

  it('reads as follows in the middle of a run', () => {
    const progress = begin(resumed, { resumed: true });
    progress.addLoaded(1, { source: 1000, inserted: 900, updated: 0, unchanged: 0, quarantined: 100, excluded: 0 });
    progress.addValidated();
    progress.inFlight.add(4);
    progress.inFlight.add(5);
    expect(toMarkdown(progress, 20_000)).toBe(
      [
        '### case-states, run 7: running (resumed)',
        '',
        '**Parked: 1**',
        '',
        '- batch 2: load: the target refused a statement (SQLSTATE 23514)',
        '',
        'Mend the cause, then: *More Actions* → *Send an Update* → `retryBatch` with `{"batch": 2}`, a list of numbers, ' +
          'or `"all"`. To leave a batch out: `skipBatch` with its number and a reason.',
        '',
        '| | rows |',
        '| --- | ---: |',
        '| done | 3000 of 4751 (63.1 %) |',
        '| inserted | 2800 |',
        '| updated | 20 |',
        '| unchanged | 30 |',
        '| quarantined | 140 |',
        '| excluded | 10 |',
        '| rate | 100 a second |',
        '| remaining | 1751, about 18 s |',
        '',
        'Batches: 3 validated; in flight batches 4, 5, at most 2 at once',
      ].join('\n'),
    );
    expect(progress.toProgress()).toEqual({
      run: '7',
      migration: 'case-states',
      state: 'running',
      estimatedRows: 4751,
      doneRows: 3000,
      inserted: 2800,
      updated: 20,
      unchanged: 30,
      quarantined: 140,
      excluded: 10,
      batchesDone: 3,
      batchesInFlight: 2,
      batchesParked: 1,
      skipped: [],
      concurrency: 2,
      resumed: true,
      differing: [],
      pauseCause: null,
      outage: null,
      looks: null,
      parked: [{ batch: 2, cause: 'load: the target refused a statement\n(SQLSTATE 23514)' }],
    });
  });

  it('reads as follows at the end, without a rest and without advice', () => {
    const progress = begin(fresh);
    progress.addLoaded(1, { ...none, source: 4751, inserted: 4552, quarantined: 199 });
    progress.addValidated();
    progress.phase = 'finished';
    const ended = toMarkdown(progress, 11_000);
    expect(ended).toContain('### case-states, run 7: ended without a result; the failure says why\n');
    expect(ended).toContain('| done | 4751 of 4751 (100.0 %) |');
    expect(ended).toContain('| remaining | 0 |');
    expect(ended).toContain('Parked: none\n');
    expect(ended).toMatch(/Batches: 1 validated; in flight none, at most 2 at once$/);
    progress.verdict = 'proven_with_exceptions';
    const proven = toMarkdown(progress, 11_000);
    expect(proven).toContain('run 7: finished, proven with exceptions\n');
    expect(proven).toContain('| done | 4751 |');
    expect(proven).not.toContain('remaining');
    expect(proven).toMatch(/\n\nThe report: `carryover report 7`$/);
  });

  it('advises no update where none can be sent any more', () => {
    const progress = begin(resumed);
    expect(toMarkdown(progress, 11_000)).toContain('`retryBatch`');
    progress.phase = 'finished';
    expect(toMarkdown(progress, 11_000)).not.toContain('`retryBatch`');
    expect(toMarkdown(progress, 11_000)).toContain('Mend the cause, then start it again.');
  });

  it('promises no time while it waits', () => {
    const progress = begin(fresh, { estimatedRows: 100 });
    progress.addLoaded(1, { ...none, source: 50, inserted: 50 });
    expect(toMarkdown(progress, 11_000)).toContain('| rate | 50 a second |\n| remaining | 50, about 1 s |');
    progress.phase = 'waiting';
    expect(toMarkdown(progress, 11_000)).toContain('run 7: waiting for a person to decide on parked batches\n');
    expect(toMarkdown(progress, 11_000)).toContain('| excluded | 0 |\n| remaining | 50 |\n');
  });

  it('counts the rate of this history alone, not what an earlier one did', () => {
    expect(toMarkdown(begin(resumed), 20_000)).toContain('| rate | 0 a second |\n| remaining | 2751 |');
  });

  it('counts what was taken out as done', () => {
    const progress = begin({ ...fresh, done: { ...none, takenAway: 40 } }, { estimatedRows: 100 });
    progress.addLoaded(1, { ...none, source: 20, updated: 20, takenAway: 30 });
    expect(toMarkdown(progress, 11_000)).toContain('| done | 90 of 100 (90.0 %) |');
    expect(toMarkdown(progress, 11_000)).toContain('| excluded | 0 |\n| taken out | 70 |\n');
    expect(toMarkdown(progress, 11_000)).toContain('| rate | 50 a second |\n| remaining | 10, about 1 s |');
    expect(progress.toProgress()).toMatchObject({ doneRows: 90, takenAway: 70 });
  });

  it('never shows more than everything, nor less than nothing', () => {
    const progress = begin(fresh, { estimatedRows: 100 });
    progress.addLoaded(1, { ...none, source: 120, inserted: 120 });
    expect(toMarkdown(progress, 20_000)).toContain('| done | 120 of 100 (100.0 %) |');
    expect(toMarkdown(progress, 20_000)).toContain('| remaining | 0 |');
    expect(toMarkdown(begin(fresh, { estimatedRows: 0 }), 10_000)).toContain('| done | 0 of 0 (100.0 %) |');
  });

  it.each([
    [89, '89 s'],
    [90, '2 min'],
    [5399, '90 min'],
    [5400, '1.5 h'],
  ])('writes %i seconds of rest as %s', (seconds, words) => {
    const progress = begin(fresh, { estimatedRows: 1 + seconds });
    progress.addLoaded(1, { ...none, source: 1, inserted: 1 });
    expect(toMarkdown(progress, 11_000)).toContain(`, about ${words} |`);
  });

  it('counts a batch once that was loaded twice, and takes the totals from the ledger where it can', () => {
    const progress = begin(resumed);
    progress.addLoaded(1, { ...none, source: 1000, inserted: 1000 });
    progress.addLoaded(1, { ...none, source: 1000, unchanged: 1000 });
    expect(progress.toProgress()).toMatchObject({ doneRows: 3000, inserted: 1900, unchanged: 1030 });
    progress.recount({ ...resumed, done: { ...resumed.done, source: 3000, inserted: 2900 } });
    expect(progress.toProgress()).toMatchObject({ doneRows: 3000, inserted: 2900, unchanged: 30 });
  });

  it('names the first 20 parked batches, and counts all', () => {
    const progress = begin(fresh);
    for (let batch = 1; batch <= 25; batch += 1) progress.parked.set(batch, 'cause');
    expect(progress.toProgress().parked).toHaveLength(20);
    expect(toMarkdown(progress, 11_000)).toContain('**Parked: 25**\n');
    expect(toMarkdown(progress, 11_000)).toContain('- and 5 more: `carryover batches 7` lists them');
    expect(toMarkdown(progress, 11_000).match(/^- batch/gm)).toHaveLength(20);
  });

  it('says first what it waits for: a server, a person', () => {
    const progress = begin(fresh);
    progress.outage = 'extract of batch 3 waits for the source (ECONNREFUSED)';
    progress.pauseCause = 'backup until six';
    expect(toMarkdown(progress, 11_000)).toMatch(
      /run 7: paused\n\n\*\*Waits for a server\*\*: extract of batch 3 .*\n\n\*\*Paused\*\*: backup until six\. To go on: .* `resume`/,
    );
    expect(progress.toProgress()).toMatchObject({ outage: progress.outage, pauseCause: 'backup until six' });
  });

  it('names skipped batches, and what of the input does not count', () => {
    const progress = begin({ ...fresh, nextBatch: 4, skipped: [2] }, { differing: ['batchRows: 1000, and not 50'] });
    expect(progress.toProgress()).toMatchObject({ skipped: [2], batchesDone: 2 });
    expect(toMarkdown(progress, 11_000)).toContain('Skipped by decision: 2\n');
    expect(toMarkdown(progress, 11_000)).toMatch(/- batchRows: 1000, and not 50$/);
    progress.unpark(2);
    expect(progress.toProgress().skipped).toEqual([]);
  });
});

describe('what the ledger says is set aside', () => {
  const parked = (batch: number): Remaining['batches'][number] => ({
    batch,
    state: 'parked',
    rows: 1,
    cause: 'load: no room',
    loaded: false,
  });
  const asideOf = ({ parked: batches, skipped }: RunProgress): [number[], number[]] => [
    [...batches.keys()],
    [...skipped],
  ];

  it('counts, whatever the workflow took the batches for', () => {
    const progress = begin({ ...fresh, batches: [parked(2), parked(3), parked(4)], nextBatch: 6, skipped: [5] });
    expect(asideOf(progress)).toEqual([[2, 3, 4], [5]]);
    progress.agree({ ...fresh, batches: [parked(3)], skipped: [4] }, true);
    expect(asideOf(progress)).toEqual([[3], [4]]);
    // Batches 1, 2 and 5; a skipped one is not counted as done.
    expect(progress.batchesDone).toBe(3);
  });

  it('leaves batches alone of which an answer that is cut short says nothing', () => {
    const progress = begin({ ...fresh, batches: [parked(2), parked(4)], nextBatch: 6 });
    progress.agree({ ...fresh, batches: [{ ...parked(3), state: 'planned' }] }, false);
    expect(asideOf(progress)).toEqual([[4], []]);
  });
});
