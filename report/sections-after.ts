/** Sections of the Markdown report on what was not moved, and on the estate that the run belongs to. */
import { added, code, count, rate, table } from './format';
import type { EstateLine, Report } from './model';
import { percent } from './percent';
import { remedyOf } from './remedies';
import { ofThoseTaken } from './sections';

export function quarantineSection(report: Report): string {
  const { migration, run, quarantine, balance, statusColumn, skipped, dismissed = [] } = report;
  const title = '## What was not loaded';
  const byDecision = skipped.reduce((total, { rows }) => total + rows, 0);
  const byRule = balance.excluded - byDecision - dismissed.reduce((total, { rows }) => total + rows, 0);
  const left = [
    ...(byRule > 0 ? [`${count(byRule)} rows are excluded by the mapping's rule.`] : []),
    ...(skipped.length > 0 ? [skippedPart(skipped, byDecision, balance.source)] : []),
    ...(dismissed.length > 0 ? [dismissedPart(dismissed, balance.source)] : []),
  ];
  if (quarantine.length === 0) return [title, 'No row is in quarantine.', ...left].join('\n\n');
  const reasons = [...new Set(quarantine.map(({ reason }) => reason))];
  const status = statusColumn === null ? [] : [{ title: `source ${code(statusColumn)}` }];
  const rows = quarantine.map((line) => [
    code(line.reason),
    ...(statusColumn === null ? [] : [line.status === null ? '(none)' : code(line.status)]),
    count(line.rows),
    rate(percent(line.rows, balance.source)),
  ]);
  const help = reasons.map((reason) => {
    const { meaning, recover } = remedyOf(reason);
    return `- ${code(reason)}: ${meaning}. To recover: ${recover}.`;
  });
  return [
    title,
    table(
      [{ title: 'reason' }, ...status, { title: 'rows', align: 'right' }, { title: 'of the source', align: 'right' }],
      rows,
    ),
    `Every one of these rows is kept whole in the ledger. ${code(`carryover quarantine list ${migration}`)} has them by their keys, ` +
      `${code(`carryover quarantine show ${migration} <key>`)} one with its values; in SQL:`,
    [
      '```sql',
      ...(report.again == null
        ? [
            'SELECT q.legacy_key, o.reason, q.reasons, q.columns',
            'FROM carryover.quarantine_occurrences o',
            'JOIN carryover.quarantine q USING (migration, legacy_key)',
            `WHERE o.run_id = ${run}`,
            'ORDER BY o.reason, q.legacy_key;',
          ]
        : [
            'SELECT legacy_key, reason, reasons, columns',
            'FROM carryover.quarantine',
            `WHERE migration = '${migration}' AND state = 'open'`,
            'ORDER BY reason, legacy_key;',
          ]),
      '```',
    ].join('\n'),
    `What the reasons mean, and how to recover the rows; ${code('docs/reasons.md')} says it at length:`,
    help.join('\n'),
    `Then ${code(`carryover replay ${migration}`)}: rows whose cause is gone are loaded, the rest stays as it is.`,
    ...left,
  ].join('\n\n');
}

/** Skipped batches, each with the reason that its operator gave. */
function skippedPart(skipped: Report['skipped'], rows: number, source: number): string {
  return [
    `${count(rows)} rows are excluded by decision, since their batches were skipped:`,
    table(
      [
        { title: 'batch', align: 'right' },
        { title: 'rows', align: 'right' },
        { title: 'of the source', align: 'right' },
        { title: 'reason' },
        { title: 'by' },
      ],
      skipped.map((each) => [
        String(each.batch),
        count(each.rows),
        rate(percent(each.rows, source)),
        code(each.reason),
        code(each.by === null ? each.who : `${each.who} (as ${each.by})`),
      ]),
    ),
  ].join('\n\n');
}

/** Rows that were dismissed from quarantine, by reason and decision. */
function dismissedPart(dismissed: NonNullable<Report['dismissed']>, source: number): string {
  const all = dismissed.reduce((total, { rows }) => total + rows, 0);
  return [
    `${count(all)} rows are excluded by decision, since they were dismissed from quarantine:`,
    table(
      [
        { title: 'reason' },
        { title: 'rows', align: 'right' },
        { title: 'of the source', align: 'right' },
        { title: 'why' },
        { title: 'by' },
      ],
      dismissed.map(({ reason, rows, why, who, by }) => [
        code(reason),
        count(rows),
        rate(percent(rows, source)),
        code(why),
        code(by === null ? who : `${who} (as ${by})`),
      ]),
    ),
  ].join('\n\n');
}

export function actorsSection({ references, actors, balance, again }: Report): string {
  const people = references.filter(({ role }) => role === 'actor');
  const first = people[0];
  if (first === undefined || again?.mode === 'undo') return '';
  const all = again == null ? balance.loaded : actors.mapped + actors.missing;
  const share = (rows: number): string => rate(percent(rows, all));
  return [
    '## Actors',
    ...(again == null ? [] : [ofThoseTaken({ again })]),
    table(
      [{ title: 'loaded rows' }, { title: 'count', align: 'right' }, { title: 'of the loaded', align: 'right' }],
      [
        ['with an actor', count(actors.mapped), share(actors.mapped)],
        ['without an actor', count(actors.missing), share(actors.missing)],
      ],
    ),
    actors.missing === 0
      ? 'Every loaded row names its actor.'
      : `Without an actor: ${count(first.absent)} whose ${code(first.source)} is NULL, ${count(first.unmapped)} not in ` +
        `${code(first.lookup)}, ${count(first.ambiguous)} with two answers.`,
  ].join('\n\n');
}

export function estateSection({ estate, migration }: Report): string {
  const row = (name: string, { tables, records, rate: share }: EstateLine, number: (n: number) => string): string[] => [
    name,
    number(tables),
    number(records),
    rate(share),
  ];
  return [
    '## The estate',
    table(
      [
        { title: '' },
        { title: 'table migrations', align: 'right' },
        { title: 'records', align: 'right' },
        { title: 'rate', align: 'right' },
      ],
      [row('before', estate.before, count), row('this run', estate.run, added), row('after', estate.after, count)],
    ),
    `Each migration counts once, by its latest run; earlier ones were imported. The rate of this run is that of ` +
      `${code(migration)}: loaded of source rows.`,
  ].join('\n\n');
}
