import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import { code, table } from '../../report/format';
import { toJson } from '../../report/json';
import { toMarkdown } from '../../report/markdown';
import { buildReport, type Report } from '../../report/model';
import { remedyOf, REMEDIES } from '../../report/remedies';
import schema from '../../report/report.schema.json';
import { writeReport } from '../../report/write';
import { REASONS } from '../../shared/reasons';
import { sampleFacts } from './report-facts';

const report = buildReport(sampleFacts);

describe('the JSON report', () => {
  const validate = new Ajv2020({ allErrors: true, strictTypes: false }).compile<unknown>(schema);
  const errors = (value: unknown): string =>
    validate(value) ? '' : (validate.errors ?? []).map((e) => `${e.instancePath} ${e.message}`).join('; ');

  it('is as its schema says', () => {
    expect(errors(JSON.parse(toJson(report)))).toBe('');
  });

  it.each<[string, object]>([
    ['/balance must NOT have additional', { balance: { ...report.balance, other: 0 } }],
    [
      "/balance must have required property 'pending'",
      { balance: { source: 1, loaded: 1, quarantined: 0, excluded: 0 } },
    ],
    ['/actors must NOT have additional', { actors: { ...report.actors, rate: 1 } }],
    ["must have required property 'missing'", { actors: { mapped: 1 } }],
    ['/run must be string', { run: 7 }],
    ['/verdict must be equal', { verdict: 'ok' }],
    ['/states/0/share must be number', { states: [{ state: 'a', rows: 1, share: '53.32' }] }],
    ['/years/0', { years: [{ year: 2018, rows: 1 }] }],
    [
      '/estate/run/tables must be integer',
      { estate: { ...report.estate, run: { tables: 'one', records: 1, rate: 1 } } },
    ],
  ])('the schema refuses: %s', (message, change) => {
    expect(errors({ ...report, ...change })).toContain(message);
  });

  it('keeps the order of its keys, also when the ledger has shuffled them', () => {
    const shuffle = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(shuffle)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(
              Object.entries(value)
                .sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1))
                .map(([key, entry]) => [key, shuffle(entry)]),
            )
          : value;
    const shuffled = shuffle(report) as Report;
    expect(Object.keys(shuffled.balance)).not.toEqual(Object.keys(report.balance));
    expect(toJson(shuffled)).toBe(`${JSON.stringify(report, null, 2)}\n`);
  });
});

describe('the Markdown report', () => {
  const text = toMarkdown(report);

  it('has every section, in order', () => {
    expect(text.match(/^## .*$/gm)).toEqual([
      '## Verdict',
      '## Source analysis',
      '## Mapping coverage',
      '## States',
      '## Years',
      '## Transitions',
      '## Verification',
      '## Quality checks',
      '## What was not loaded',
      '## Actors',
      '## The estate',
    ]);
  });

  it.each([
    '**proven with exceptions** – 4,552 of 4,751 source rows are loaded (95.81 %), 199 in quarantine; 4,552 inserted',
    'The gap: `public.case_states` was empty, while `dispatch_state` held 4,751 rows.',
    '23,049',
    '9,085',
    '53.32 %',
    '+135.29 %',
    '-33.98 %',
    'WHERE o.run_id = 7',
    'To recover: carry over or create the missing record',
    'Without an actor: 60 whose `actor_id` is NULL, 135 not in `profiles`, 0 with two answers.',
    'as of 2026-11-24 10:00:01 UTC, sharing nothing with the pipeline but the mapping: 4,751 rows by 9 columns, in 1 range, in 0.4 s; ' +
      'of 0 rows key and hashes crossed the wire.',
    'No row differs.',
    '1,212,706',
    '98.69 %',
  ])('says: %s', (part) => {
    expect(text).toContain(part);
  });

  it('keeps the columns of each table in line', () => {
    for (const block of text.match(/(^\|.*\|\n)+/gm)!) {
      const bars = block
        .trimEnd()
        .split('\n')
        .map((line) => [...line].flatMap((c, i) => (c === '|' ? [i] : [])).join());
      expect(new Set(bars).size).toBe(1);
    }
  });

  it('says what a verification found, what it could not look at, and what moved', () => {
    const verification = {
      ...sampleFacts.verification!,
      notVerified: 2,
      rowsRead: 1,
      findings: [
        { kind: 'new' as const, rows: 1200 },
        { kind: 'stale' as const, rows: 3 },
      ],
    };
    const found = toMarkdown(buildReport({ ...sampleFacts, verification }));
    expect(found).toContain('**Not verified: 2** ranges or checks could not be looked at.');
    expect(found).toMatch(/\| new +\| 1,200 \| movement +\|\n\| stale +\| +3 \| defect +\|/);
    expect(found).toContain('`carryover findings case-states` lists them by key');
    expect(found).toContain('what moved since it was read comes over when case-states is started again');
    expect(found).toContain('of 1 row key and hashes');
    const open = toMarkdown(buildReport({ ...sampleFacts, verification: null }));
    expect(open).toContain('Nothing was compared anew: the run did not come to its end');
    const kept = JSON.parse(toJson(report)) as Report;
    Reflect.deleteProperty(kept, 'verification');
    expect(toMarkdown(kept)).toContain('or ended under an earlier version');
  });

  it('says why it is not proven, and what a second run wrote', () => {
    const failed = toMarkdown(
      buildReport({
        ...sampleFacts,
        complete: false,
        written: { inserted: 0, updated: 0, unchanged: 4552 },
        balance: { source: 4751, loaded: 4552, quarantined: 198, excluded: 0, pending: 1 },
        parked: [{ batch: 3, cause: 'difference' }],
        checks: [{ name: 'orphans', compared: 10, found: 2 }],
      }),
    );
    for (const part of [
      '**NOT PROVEN**',
      '- the check “orphans” found 2',
      '- 1 rows are pending',
      '- batch 3 is parked (difference)',
      'This run wrote nothing: every row',
      'FAILED',
    ]) {
      expect(failed).toContain(part);
    }
  });

  it('names skipped batches with the reason and the person, also where nothing is in quarantine', () => {
    const facts = {
      ...sampleFacts,
      quarantine: [],
      balance: { source: 4751, loaded: 4552, quarantined: 0, excluded: 199, pending: 0 },
      skipped: [
        { batch: 3, rows: 150, reason: 'archived | see `the` ticket', who: 'ada@desk', by: null },
        { batch: 9, rows: 40, reason: 'tests', who: 'unknown (UI without login)', by: 'Bo' },
      ],
    };
    const report = buildReport(facts);
    expect(report).toMatchObject({ verdict: 'proven_with_exceptions', skipped: facts.skipped });
    const text = toMarkdown(report);
    for (const part of [
      "9 rows are excluded by the mapping's rule.",
      '190 rows are excluded by decision, since their batches were skipped:',
      "|     3 |  150 |        3.16 % | `archived \\| see 'the' ticket` | `ada@desk`                           |",
      '|     9 |   40 |        0.84 % | `tests`                        | `unknown (UI without login) (as Bo)` |',
    ]) {
      expect(text).toContain(part);
    }
    expect(toMarkdown(buildReport({ ...facts, quarantine: sampleFacts.quarantine }))).toContain(
      '190 rows are excluded',
    );
  });

  it('names rows that were dismissed, by reason and decision, and takes them for no rule of the mapping', () => {
    const facts = {
      ...sampleFacts,
      balance: { source: 4751, loaded: 4552, quarantined: 150, excluded: 49, pending: 0 },
      dismissed: [
        { reason: 'code_unknown', rows: 40, why: 'tests', who: 'ada@desk', by: null },
        { reason: 'time_gap', rows: 9, why: 'ticket 99', who: 'unknown (UI without login)', by: 'Bo' },
      ],
    };
    const report = buildReport(facts);
    expect(report).toMatchObject({ verdict: 'proven_with_exceptions', dismissed: facts.dismissed });
    const text = toMarkdown(report);
    for (const part of [
      '49 rows are excluded by decision, since they were dismissed from quarantine:',
      '| `code_unknown` |   40 |        0.84 % | `tests`     | `ada@desk`                           |',
      '| `time_gap`     |    9 |        0.19 % | `ticket 99` | `unknown (UI without login) (as Bo)` |',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).not.toContain("by the mapping's rule");
    // A report that was kept before rows could be dismissed.
    const older = JSON.parse(JSON.stringify({ ...report, dismissed: undefined })) as typeof report;
    expect(toMarkdown(older)).toContain("49 rows are excluded by the mapping's rule.");
  });

  it('leaves out what the mapping has no columns for', () => {
    const bare = toMarkdown(
      buildReport({ ...sampleFacts, states: [], years: [], transitions: [], references: [], quarantine: [] }),
    );
    expect(bare).not.toMatch(/## (States|Years|Transitions|Mapping coverage|Actors)/);
    expect(bare).toContain('No row is in quarantine.');
  });

  it('does not let a name become markup', () => {
    expect(code('a|b`c\nd')).toBe("`a\\|b'c d`");
    expect(table([{ title: 'x' }, { title: 'n', align: 'right' }], [['é😀', '10']])).toBe(
      '| x   |   n |\n| --- | --: |\n| é😀  |  10 |',
    );
  });

  it('knows a remedy for every reason', () => {
    expect(Object.keys(REMEDIES)).toEqual([...REASONS]);
    expect(remedyOf('of_tomorrow').recover).toBe('look at the rows');
  });
});

describe('the report of a re-sync', () => {
  const again = {
    mode: 'changed',
    undoes: null,
    base: '1',
    rows: 0,
    tookSkipped: false,
    skipped: 0,
    kept: [],
    found: [],
    takenAway: 0,
  } as const;
  const wordsOf = (erased?: number): string =>
    toMarkdown(buildReport({ ...sampleFacts, again: erased === undefined ? again : { ...again, erased } }));

  it('says how many rows were erased on both sides', () => {
    expect(wordsOf(3)).toContain(' 3 rows are on neither side any more, and count no more.');
    expect(wordsOf(1)).toContain(' 1 row is on neither side any more, and counts no more.');
  });

  it('says nothing of it where none was, or where an earlier version kept the report', () => {
    for (const text of [wordsOf(0), wordsOf()]) {
      expect(text).toContain('This run was a re-sync');
      expect(text).not.toContain('neither side');
      expect(text).not.toContain('undefined');
    }
  });
});

describe('writing', () => {
  const directory = mkdtempSync(join(tmpdir(), 'report-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  it('writes both forms and their latest copies, and leaves nothing else', async () => {
    const folder = join(directory, 'reports');
    const paths = await writeReport(folder, report);
    await writeReport(folder, { ...report, run: '8' });
    expect(readdirSync(folder).sort()).toEqual([
      'case-states-7.json',
      'case-states-7.md',
      'case-states-8.json',
      'case-states-8.md',
      'latest.json',
      'latest.md',
    ]);
    expect(JSON.parse(readFileSync(paths.latestJson, 'utf8'))).toEqual({ ...report, run: '8' });
    expect(readFileSync(paths.markdown, 'utf8')).toBe(toMarkdown(report));
  });

  it('leaves no half of a file behind where it cannot write', async () => {
    await expect(writeReport(join(directory, 'reports', 'latest.md'), report)).rejects.toThrow();
    expect(readdirSync(directory)).toEqual(['reports']);
  });
});
