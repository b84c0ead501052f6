import { printDecisions, printStarts } from '../../cli/audit';
import { printBatches } from '../../cli/batches';
import { batchNumbers, listLimit, looseShare } from '../../cli/input';
import { table } from '../../cli/table';
import type { DecisionLine } from '../../database/ledger/read-audit';
import type { BatchLine } from '../../database/ledger/read-batches';
import { BATCH_STATES } from '../../shared/batch-states';

describe('a table', () => {
  it('aligns figures to the right, and leaves out what is empty everywhere', () => {
    const columns = [{ title: 'n', right: true }, { title: 'empty' }, { title: 'words' }];
    expect(table(columns, [['1', '', 'a'], ['200', '', '']])).toBe('  n  words\n  1  a\n200'); // prettier-ignore
  });
});

describe('batches', () => {
  const line: BatchLine = {
    batch: 3,
    state: 'parked',
    step: 'load',
    keys: { after: ['10', '2'], to: ['20', '1'] },
    listed: null,
    rows: {
      source: 2_000,
      inserted: 0,
      updated: 0,
      unchanged: 0,
      quarantined: 0,
      excluded: 0,
      excludedByDecision: 0,
      pending: 2_000,
    },
    attempts: 5,
    cause: 'load: refused',
    plannedAt: '2026-11-24T03:00:05Z',
    loadedAt: null,
    validatedAt: null,
  };

  it('are lines of figures, their causes below', () => {
    expect(printBatches({ batches: [line, { ...line, batch: 4, keys: null }], total: 7 }, BATCH_STATES)).toBe(
      [
        'batch  state   source  inserted  updated  unchanged  quarantined  excluded  pending  step attempts  last step  cut (UTC)       keys',
        '    3  parked   2,000         ·        ·          ·            ·         ·    2,000              5  load       11-24 03:00:05  above 10/2 to 20/1',
        '    4  parked   2,000         ·        ·          ·            ·         ·    2,000              5  load       11-24 03:00:05',
        '',
        'batches 3, 4: load: refused',
        '',
        'and 5 more; --limit 7 shows them all',
      ].join('\n'),
    );
  });

  it('that there are none of are told from none at all', () => {
    expect(printBatches({ batches: [], total: 0 }, BATCH_STATES)).toBe('No batch is cut yet.');
    expect(printBatches({ batches: [], total: 0 }, ['parked', 'skipped'])).toBe('No batch is parked or skipped.');
  });
});

describe('the audit', () => {
  const decision: DecisionLine = {
    at: '2026-11-24T03:12:05Z',
    verb: 'retryBatch',
    who: 'anna@bastion (carryover)',
    claimedBy: null,
    reason: 'trigger\ndropped',
    migration: 'case-states',
    run: '7',
    batches: [9, 3],
    details: {},
    workflow: 'w',
  };

  it('says when, what, who and why, in a line each', () => {
    const raised = { ...decision, verb: 'resume', batches: null, details: { maxParked: 20 }, claimedBy: 'Anna' };
    expect(printDecisions([decision, decision, raised], 2)).toBe(
      [
        'There are earlier ones; --limit <n> shows more.',
        '',
        'at (UTC)              verb        migration    run  what          who                       claims to be  why',
        '2026-11-24T03:12:05Z  retryBatch  case-states  7    batch 3, 9    anna@bastion (carryover)                trigger dropped',
        '2026-11-24T03:12:05Z  resume      case-states  7    maxParked 20  anna@bastion (carryover)  Anna          trigger dropped',
      ].join('\n'),
    );
  });

  it('says so where there is nothing', () => {
    expect([printDecisions([], 5), printStarts([], 5)]).toEqual(['No decision is recorded.', 'No start is recorded.']);
  });
});

describe('words of the lists and verbs', () => {
  it('reads batch numbers one by one, or several to a word', () => {
    expect(batchNumbers('9', batchNumbers('3,4', undefined))).toEqual([3, 4, 9]);
  });

  it.each(['0', '-1', 'three', '', ',', '1.5', 'case-states'])('takes %j for no batch', (text) =>
    expect(() => batchNumbers(text, undefined)).toThrow(/A batch is named by its number/),
  );

  it.each(['0', '-1', 'many', '1000001'])('takes %j for no limit', (text) =>
    expect(() => listLimit(text)).toThrow(/whole number from 1 to 100000/),
  );

  it.each([
    ['0.2', 0.2],
    ['1', 1],
    ['20%', '20%'],
    ['.', '.'],
    ['1e-1', '1e-1'],
  ])('reads the share %j as %j', (text, value) => expect(looseShare(text)).toBe(value));
});
