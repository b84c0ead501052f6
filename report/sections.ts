/** Sections of the Markdown report on what was moved; each is '' where the report has no figures for it. */
import { change, code, count, rate, table } from './format';
import { VERDICT_TEXT } from './headline';
import { MOVEMENTS } from '../shared/findings';
import type { AgainFacts } from './facts';
import type { ReferenceReport, Report } from './model';
import { percent } from './percent';

const section = (title: string, ...parts: string[]): string =>
  [`## ${title}`, ...parts.filter((part) => part !== '')].join('\n\n');

export function verdictSection(report: Report): string {
  const { balance, written, source } = report;
  const share = (rows: number): string => rate(percent(rows, balance.source));
  const wrote =
    written.inserted + written.updated + (report.again?.takenAway ?? 0) === 0
      ? 'This run wrote nothing: every row that it would load stood in the target already, unchanged.'
      : '';
  const why = report.verdict === 'not_proven' ? whyNotProven(report) : '';
  return section(
    'Verdict',
    `**${VERDICT_TEXT[report.verdict]}** – ${report.headline}`,
    why,
    tookAgain(report),
    table(
      [{ title: 'rows' }, { title: 'count', align: 'right' }, { title: 'of the source', align: 'right' }],
      [
        [`source (${code(source.table)})`, count(balance.source), share(balance.source)],
        ['loaded', count(balance.loaded), share(balance.loaded)],
        ['in quarantine', count(balance.quarantined), share(balance.quarantined)],
        ['excluded', count(balance.excluded), share(balance.excluded)],
        ['pending', count(balance.pending), share(balance.pending)],
      ],
    ),
    'Source = loaded + quarantined + excluded + pending.',
    `Of the loaded rows ${count(written.inserted)} were inserted, ${count(written.updated)} updated and ` +
      `${count(written.unchanged)} left as they were.`,
    wrote,
  );
}

/** What a run took that did not take every row. */
function tookAgain({ again }: Report): string {
  if (again == null) return '';
  const kept = byKind(again.kept.filter(({ kind }) => !MOVEMENTS.includes(kind)));
  const gone = again.kept.find(({ kind }) => kind === 'gone')?.rows ?? 0;
  const away = again.takenAway;
  const erased = again.erased ?? 0;
  return (
    whatItTook(again) +
    ` The others are as run ${again.base} and later ones left them; the balance is that of all.` +
    (away === 0 || again.mode === 'undo'
      ? ''
      : ` ${rowsOf(away)} gone from the source, and taken out of the target or marked there.`) +
    (erased === 0
      ? ''
      : ` ${rowsOf(erased)} on neither side any more, and ${erased === 1 ? 'counts' : 'count'} no more.`) +
    (gone === 0 ? '' : ` ${rowsOf(gone)} gone from the source, and ${gone === 1 ? 'stays' : 'stay'} in the target.`) +
    (again.skipped === 0 ? '' : ` ${count(again.skipped)} more were skipped by decision, and count as they did.`) +
    (kept === '' ? '' : ` Not touched, since another writer may have had a hand: ${kept}.`)
  );
}

const byKind = (kinds: AgainFacts['kept']): string =>
  kinds.map(({ kind, rows }) => `${count(rows)} ${code(kind)}`).join(', ');

const rowsOf = (rows: number): string => `${count(rows)} ${rows === 1 ? 'row is' : 'rows are'}`;

function whatItTook({ mode, rows, found, undoes, takenAway, tookSkipped }: AgainFacts): string {
  if (mode === 'undo') {
    return (
      `This run undid run ${undoes!}: ${count(takenAway)} ${takenAway === 1 ? 'row' : 'rows'} that it had inserted were taken out and ` +
      `are pending, or in quarantine again; ${count(rows)} ${rows === 1 ? 'is' : 'are'} as before it. ` +
      'What somebody changed since, or refers to, is kept, and named by the findings of this run.'
    );
  }
  const took = `it took ${count(rows)} ${rows === 1 ? 'row' : 'rows'}`;
  if (mode === 'repair') return `This run was a repair: ${took} again that a verification had found wrong.`;
  if (tookSkipped) return `This run was a replay: ${took} of batches that somebody had skipped.`;
  if (mode === 'replay') return `This run was a replay: ${took} again that were in quarantine.`;
  const differed = byKind(found ?? []);
  return `This run was a re-sync: it compared source and target first, and ${
    differed === '' ? 'found nothing that differs' : `found ${differed}`
  }; ${took}.`;
}

/** Under figures of lookups, which a run asks for the rows that it takes. */
export const ofThoseTaken = ({ again }: Pick<Report, 'again'>): string =>
  again == null ? '' : `Of the ${count(again.rows)} ${again.rows === 1 ? 'row' : 'rows'} that this run took again.`;

function whyNotProven({ checks, balance, complete, parked }: Report): string {
  const { source, loaded, quarantined, excluded, pending } = balance;
  const reasons = [
    ...checks.filter(({ found }) => found > 0).map(({ name, found }) => `the check “${name}” found ${count(found)}`),
    ...(checks.length === 0 ? ['no check ran'] : []),
    ...(pending > 0 ? [`${count(pending)} rows are pending`] : []),
    ...(complete ? [] : ['not every batch is cut and validated']),
    ...(source === loaded + quarantined + excluded + pending ? [] : ['the balance does not close']),
    ...parked.map(({ batch, cause }) => `batch ${batch} is parked (${cause})`),
  ];
  return `Not proven, because:\n\n${reasons.map((reason) => `- ${reason}`).join('\n')}`;
}

export function sourceSection({ source, target, balance, written, again }: Report): string {
  const name = code(`${target.schema}.${target.table}`);
  if (again != null) return '';
  const gap =
    target.rowsBefore === 0
      ? `The gap: ${name} was empty, while ${code(source.table)} held ${count(source.rows)} rows.`
      : `Before the run ${name} held ${count(target.rowsBefore)} rows, ${code(source.table)} held ${count(source.rows)}.`;
  return section(
    'Source analysis',
    gap,
    table(
      [{ title: 'table' }, { title: 'rows', align: 'right' }, { title: 'counted' }],
      [
        [`source ${code(source.table)}`, count(source.rows), 'by the source, when the run started'],
        [`source ${code(source.table)}`, count(balance.source), 'by the source, batch by batch'],
        [`target ${name}`, count(target.rowsBefore), 'when the run started'],
        [`target ${name}`, count(target.rowsAfter), `now; the run inserted ${count(written.inserted)}`],
      ],
    ),
  );
}

export function coverageSection({ references, again }: Report): string {
  if (references.length === 0 || again?.mode === 'undo') return '';
  const none = ({ absent, optional }: ReferenceReport): string => `${count(absent)}${optional ? ' (allowed)' : ''}`;
  return section(
    'Mapping coverage',
    ofThoseTaken({ again }),
    table(
      [
        { title: 'reference' },
        { title: 'from' },
        { title: 'through' },
        { title: 'available', align: 'right' },
        { title: 'resolved', align: 'right' },
        { title: 'missing', align: 'right' },
        { title: 'covered', align: 'right' },
      ],
      references.map((reference) => [
        reference.name,
        code(reference.source),
        code(reference.lookup),
        count(reference.available),
        count(reference.resolved),
        count(reference.missing),
        rate(percent(reference.resolved, reference.resolved + reference.missing)),
      ]),
    ),
    'Missing, by reason:',
    table(
      [
        { title: 'reference' },
        { title: 'names none', align: 'right' },
        { title: 'not in the lookup', align: 'right' },
        { title: 'two answers', align: 'right' },
        { title: 'such a row' },
      ],
      references.map((reference) => [
        reference.name,
        none(reference),
        count(reference.unmapped),
        count(reference.ambiguous),
        reference.policy === 'quarantine' ? 'goes to quarantine' : 'is loaded without it',
      ]),
    ),
    'Available counts distinct lookup keys with exactly one answer. Resolved and missing count source rows where the ' +
      'reference is to a record, loaded rows where it is to a person.',
  );
}

export function statesSection({ states }: Report): string {
  if (states.length === 0) return '';
  return section(
    'States',
    table(
      [{ title: 'state' }, { title: 'rows', align: 'right' }, { title: 'share', align: 'right' }],
      states.map(({ state, rows, share }) => [code(state), count(rows), rate(share)]),
    ),
  );
}

export function yearsSection({ years, source }: Report): string {
  if (years.length === 0) return '';
  return section(
    'Years',
    table(
      [{ title: 'year' }, { title: 'rows', align: 'right' }, { title: 'growth', align: 'right' }],
      years.map(({ year, rows, growth }) => [String(year), count(rows), change(growth)]),
    ),
    `Years of the source's wall clock (${source.zone}). The first and the last may be parts of a year.`,
  );
}

export function transitionsSection({ transitions }: Report): string {
  if (transitions.length === 0) return '';
  return section(
    'Transitions',
    table(
      [{ title: 'from' }, { title: 'to' }, { title: 'rows', align: 'right' }],
      transitions.map(({ from, to, rows }) => [code(from), code(to), count(rows)]),
    ),
    'From one state of a case to its next, in the order of time, then of the legacy key.',
  );
}

export function checksSection({ checks }: Report): string {
  return section(
    'Quality checks',
    checks.length === 0
      ? 'No check ran: the result is not proven.'
      : table(
          [
            { title: 'check' },
            { title: 'compared', align: 'right' },
            { title: 'found', align: 'right' },
            { title: 'result' },
          ],
          checks.map(({ name, compared, found }) => [
            name,
            count(compared),
            count(found),
            found === 0 ? 'passed' : 'FAILED',
          ]),
        ),
  );
}
