import type { Verdict } from '../shared/verdict';
import { count, rate } from './format';
import type { Report } from './model';
import { percent } from './percent';

/** The verdict as it is printed. */
export const VERDICT_TEXT: Readonly<Record<Verdict, string>> = {
  proven: 'proven',
  proven_with_exceptions: 'proven with exceptions',
  not_proven: 'NOT PROVEN',
};

/** One sentence on what became of the rows, and what was written. */
export function buildHeadline({ balance, written, again }: Pick<Report, 'balance' | 'written' | 'again'>): string {
  const { source, loaded, quarantined, excluded, pending } = balance;
  const share = source === 0 ? '' : ` (${rate(percent(loaded, source))})`;
  const rest = [
    quarantined > 0 ? `${count(quarantined)} in quarantine` : '',
    excluded > 0 ? `${count(excluded)} excluded` : '',
    pending > 0 ? `${count(pending)} still pending` : '',
  ].filter((part) => part !== '');
  const away = again?.takenAway ?? 0;
  const wrote =
    written.inserted + written.updated + away > 0
      ? `${count(written.inserted)} inserted, ${count(written.updated)} updated, ${count(written.unchanged)} unchanged` +
        (away > 0 ? `, ${count(away)} taken out or marked as gone` : '')
      : 'this run wrote nothing, the target was as it should be';
  return (
    `${count(loaded)} of ${count(source)} source rows are loaded${share}` +
    `${rest.length > 0 ? `, ${rest.join(', ')}` : ''}; ${wrote}.`
  );
}
