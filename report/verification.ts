/** Section of the Markdown report on the verification that the run ended with. */
import { DEFECTS } from '../shared/findings';
import { code, count, table } from './format';
import type { Report } from './model';

const minute = (instant: string): string => `${instant.slice(0, 19).replace('T', ' ')} UTC`;

const rows = (number: number): string => `${count(number)} ${number === 1 ? 'row' : 'rows'}`;

/** Reports that an earlier version has kept know of none. */
export function verificationSection({ verification = null, migration }: Report): string {
  const title = '## Verification';
  if (verification === null)
    return `${title}\n\nNothing was compared anew: the run did not come to its end, or ended under an earlier version.`;
  const { asOf, columns, ranges, notVerified, rowsRead, seconds, accepted, findings } = verification;
  const defects = findings.filter(({ kind }) => DEFECTS.includes(kind));
  const moved = findings.filter(({ kind }) => !DEFECTS.includes(kind)).reduce((sum, each) => sum + each.rows, 0);
  return [
    title,
    `Source and target were compared anew as of ${minute(asOf)}, sharing nothing with the pipeline but the mapping: ` +
      `${rows(verification.rows)} by ${count(columns)} columns, in ${count(ranges)} ${ranges === 1 ? 'range' : 'ranges'}, ` +
      `in ${seconds.toFixed(1)} s; of ${rows(rowsRead)} key and hashes crossed the wire.`,
    ...(notVerified === 0 ? [] : [`**Not verified: ${count(notVerified)}** ranges or checks could not be looked at.`]),
    ...(findings.length === 0
      ? ['No row differs.']
      : [
          table(
            [{ title: 'finding' }, { title: 'rows', align: 'right' }, { title: 'counts as' }],
            findings.map(({ kind, rows: number }) => [
              kind,
              count(number),
              DEFECTS.includes(kind) ? 'defect' : 'movement',
            ]),
          ),
        ]),
    ...(accepted === 0
      ? []
      : [`${count(accepted)} of them ${accepted === 1 ? 'is' : 'are'} accepted, and exceptions.`]),
    ...(defects.length === 0
      ? []
      : [
          `${code(`carryover findings ${migration}`)} lists them by key; ${code('docs/findings.md')} has what each kind means.`,
        ]),
    ...(moved === 0
      ? []
      : [`The source goes on: what moved since it was read comes over when ${migration} is started again.`]),
  ].join('\n\n');
}
