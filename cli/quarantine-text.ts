/** The quarantine in words; pure. Values stand here in one place alone: where one row is shown. */
import type { QuarantineCount, QuarantineLine } from '../database/quarantine/read';
import type { WholeLine } from '../database/quarantine/values';
import { rows } from './numbers';
import { table } from './table';

/** `2026-11-24 15:39:47` */
const moment = (instant: string): string => instant.slice(0, 19).replace('T', ' ');

export function countsText(counts: readonly QuarantineCount[]): string {
  return table(
    [{ title: 'reason' }, { title: 'state' }, { title: 'rows', right: true }, { title: 'oldest' }, { title: 'newest' }],
    counts.map((line) => [line.reason, line.state, rows(line.rows), moment(line.oldest), moment(line.newest)]),
  );
}

const TITLES = ['row', 'key', 'state', 'reasons', 'columns', 'attempts', 'first run', 'first seen (UTC)', 'last run', 'last seen (UTC)', 'values', 'why', 'by']; // prettier-ignore
const RIGHT = ['row', 'attempts'];

const place = ({ run, batch }: QuarantineLine['first']): string => `${run}, batch ${batch}`;

/** Keys may be any text: control characters of them must not reach a terminal. */
const plain = (text: string): string => text.replaceAll(/\p{Cc}/gu, '·');

export function linesText(lines: readonly QuarantineLine[]): string {
  return table(
    TITLES.map((title) => ({ title, right: RIGHT.includes(title) })),
    lines.map((line) => [
      line.row,
      plain(line.key),
      line.state,
      line.reasons.join(' '),
      line.columns.join(' '),
      String(line.attempts),
      place(line.first),
      moment(line.first.at),
      place(line.last),
      moment(line.last.at),
      line.hasValues ? '' : 'purged',
      plain(line.dismissal?.why ?? ''),
      line.dismissal === null
        ? ''
        : `${line.dismissal.who}${line.dismissal.by === null ? '' : ` (as ${line.dismissal.by})`}`,
    ]),
  );
}

/** One row with its values, each as JSON writes it, so that nothing of it can be mistaken. */
export function rowText(line: WholeLine): string {
  const facts = linesText([line]);
  if (line.values === null) return `${facts}\n\nIts values were purged; the source may still have them.`;
  const values = Object.entries(line.values).map(([column, value]) => [plain(column), plain(JSON.stringify(value))]);
  return `${facts}\n\n${table([{ title: 'column' }, { title: 'value' }], values)}`;
}
