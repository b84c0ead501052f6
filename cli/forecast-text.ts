/** A forecast as text; pure. */
import type { ForecastCounts, ForecastResult, Tally } from '../shared/forecast';
import { REASONS } from '../shared/reasons';
import { duration, rows } from './numbers';
import { table } from './table';

const OUTCOMES = ['resolved', 'absent', 'unmapped', 'ambiguous'] as const;

export function forecastText(result: ForecastResult): string {
  const { migration, batchRows, counts } = result;
  const loaded = counts.inserted + counts.updated + counts.unchanged;
  const sections = [
    `${migration}: what a run would do now, in ${some(counts.batches, 'batch', 'batches')} of up to ${rows(batchRows)} rows; nothing was changed`,
    fatesText(counts),
    `Loaded would be ${rows(loaded)} of ${rows(counts.source)} rows${kept(counts)}.`,
    reasonsText(counts),
    referencesText(counts),
    ...policies(counts.folds, 'a clock that was read twice (a fold); the mapping chooses the instant'),
    ...policies(counts.unknownCodes, 'a code that the mapping does not list; it gives the value for these'),
    timeText(result),
    ...notesText(result),
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

function fatesText(counts: ForecastCounts): string {
  const fates = ['source', 'inserted', 'updated', 'unchanged', 'quarantined', 'excluded', 'parked'] as const;
  return table(
    fates.map((title) => ({ title, right: true })),
    [fates.map((fate) => (fate === 'parked' && counts.parked === 0 ? '' : rows(counts[fate])))],
  );
}

function kept({ changedInTarget, deletedInTarget }: ForecastCounts): string {
  const parts = [
    ...(changedInTarget > 0 ? [`${rows(changedInTarget)} that another writer changed are kept`] : []),
    ...(deletedInTarget > 0 ? [`${rows(deletedInTarget)} that somebody deleted are not inserted again`] : []),
  ];
  return parts.length === 0 ? '' : `; of the unchanged, ${parts.join(', and ')}`;
}

/** One line for each reason and column; rows by primary reason stand once. */
function reasonsText({ primary, reasons, columns, duplicates }: ForecastCounts): string {
  const lines = REASONS.filter((reason) => (reasons[reason] ?? 0) > 0).flatMap((reason) =>
    Object.entries(columns[reason] ?? {}).map(([column, count], index) => [
      index === 0 ? reason : '',
      index === 0 ? rows(primary[reason] ?? 0) : '',
      index === 0 ? rows(reasons[reason] ?? 0) : '',
      duplicates[column] !== undefined && reason === 'constraint_rejected' ? `${column} (duplicate)` : column,
      rows(count),
    ]),
  );
  if (lines.length === 0) return 'No row would go to quarantine.';
  return table(
    [
      { title: 'quarantine' },
      { title: 'as first reason', right: true },
      { title: 'in all', right: true },
      { title: 'column' },
      { title: 'rows', right: true },
    ],
    lines,
  );
}

function referencesText({ references }: ForecastCounts): string {
  const names = Object.keys(references);
  if (names.length === 0) return '';
  return table(
    [{ title: 'reference' }, ...OUTCOMES.map((title) => ({ title, right: true }))],
    names.map((name) => [name, ...OUTCOMES.map((outcome) => rows(references[name]![outcome] ?? 0))]),
  );
}

/** What the mapping's policies let pass. */
const policies = (tally: Tally, what: string): string[] =>
  Object.entries(tally).map(([column, count]) => `${some(count, 'loaded row', 'loaded rows')}: in ${column} ${what}.`);

const some = (count: number, one: string, more: string): string => `${rows(count)} ${count === 1 ? one : more}`;

function timeText({ counts, seconds, rate, earlierRate }: ForecastResult): string {
  const own = `The forecast took ${seconds < 10 ? `${seconds.toFixed(1)} s` : duration(seconds)} (${rows(rate)} rows a second).`;
  if (earlierRate === null) {
    return `${own} A run takes longer: it also commits each batch, compares it, and verifies the whole at its end.`;
  }
  const expected = duration(counts.source / earlierRate);
  return `${own} At the rate of the last run (${rows(earlierRate)} rows a second), a run would take ${expected}.`;
}

function notesText({ counts, brake, unseenUnique, triggers, together }: ForecastResult): string[] {
  return [
    ...(counts.parkedBatches === 0
      ? []
      : [
          `${some(counts.parkedBatches, 'batch', 'batches')} would be parked, with ${rows(counts.parked)} rows:\n` +
            counts.causes.map((cause) => `  - ${cause}`).join('\n'),
        ]),
    ...(brake === null ? [] : [`The run would pause by itself: ${brake}.`]),
    ...(unseenUnique.length === 0
      ? []
      : [
          `constraint_rejected is a lower bound: the unique ${unseenUnique.join(', ')} may also refuse a row for one of another ` +
            `batch, and rows of other batches are not there when a batch is looked at.`,
        ]),
    ...(triggers.length === 0
      ? []
      : [`Triggers of the target ran for each row, and were rolled back with it: ${triggers.join(', ')}.`]),
    ...(together ? ['The table refers to itself: all batches were looked at within one transaction.'] : []),
  ];
}
