/** A verification in words; pure. */
import type { FindingLine, VerificationLine } from '../database/ledger/read-verification';
import { FINDING_KINDS } from '../shared/findings';
import { rows } from './numbers';
import { table } from './table';

const VERDICTS = {
  proven: 'proven',
  proven_with_exceptions: 'proven with exceptions',
  not_proven: 'NOT PROVEN',
} as const;

/** `2026-11-24 15:39:47 UTC` */
const moment = (instant: string): string => `${instant.slice(0, 19).replace('T', ' ')} UTC`;

function seconds({ startedAt, finishedAt }: VerificationLine): string {
  if (finishedAt === null) return 'not finished';
  return `${((Date.parse(finishedAt) - Date.parse(startedAt)) / 1000).toFixed(1)} s`;
}

export function verificationText(line: VerificationLine): string {
  const verdict = line.verdict === null ? line.state : VERDICTS[line.verdict];
  const moved = line.findings.filter(({ kind }) => FINDING_KINDS[kind] === 'movement');
  const since = moved.reduce((sum, { rows: count }) => sum + count, 0);
  const balance = [
    ['source', line.source],
    ['loaded', line.loaded],
    ['quarantined', line.quarantined],
    ['excluded', line.excluded],
    ['pending', line.pending],
  ] as const;
  return [
    `${line.migration}: ${verdict}, as of ${moment(line.startedAt)}${since > 0 ? `, ${rows(since)} moved since` : ''}`,
    `Verification ${line.verification}${line.final ? ' (final)' : ''}${line.partial ? ' of a part of the keys' : ''}, against run ${line.run}; ${seconds(line)}`,
    '',
    table(
      balance.map(([title]) => ({ title, right: true })),
      [balance.map(([, count]) => rows(count))],
    ),
    '',
    `${rows(line.rangesVerified)} of ${rows(line.ranges)} ranges verified, ${rows(line.rowsRead)} rows read one by one.`,
    '',
    table(
      [{ title: 'check' }, { title: 'compared', right: true }, { title: 'found', right: true }],
      line.checks.map(({ name, compared, found, carriedFrom }) => [
        carriedFrom == null ? name : `${name} (as verification ${carriedFrom} found)`,
        compared === null ? 'not verified' : rows(compared),
        found === null ? '' : rows(found),
      ]),
    ),
    ...(line.findings.length === 0 ? [] : ['', kindsText(line)]),
  ].join('\n');
}

const kindsText = ({ findings }: VerificationLine): string =>
  table(
    [{ title: 'finding' }, { title: 'rows', right: true }, { title: 'accepted', right: true }, { title: 'makes it' }],
    findings.map(({ kind, rows: count, accepted }) => [
      kind,
      rows(count),
      rows(accepted),
      FINDING_KINDS[kind] === 'defect' ? 'not proven' : 'not proven where final',
    ]),
  );

export const findingsText = (findings: readonly FindingLine[]): string =>
  table(
    [{ title: 'finding', right: true }, { title: 'kind' }, { title: 'key' }, { title: 'columns' }, { title: '' }],
    findings.map(({ finding, kind, key, columns, accepted }) => [
      finding,
      kind,
      key ?? '',
      columns.join(', '),
      accepted ? 'accepted' : '',
    ]),
  );
