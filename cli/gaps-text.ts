/** What a look for gaps found, as text; pure. */
import type { FoundGaps, Gap } from '../database/gaps/gap';
import { rows } from './numbers';
import { table } from './table';

export interface Words {
  /** What is wrong. */
  readonly wrong: string;
  /** What to do next. */
  readonly next: string;
}

export function wordsOf(gap: Gap): Words {
  switch (gap.kind) {
    case 'unmapped':
      return {
        wrong: 'no mapping and no line of the baseline names it',
        next: 'write a mapping (docs/adding-a-mapping.md), or import the baseline with it in "sourceTables"',
      };
    case 'unreadable':
      return {
        wrong: 'no mapping names it, and the account may not read it',
        next: 'grant SELECT on it (docs/privileges.md), and look again',
      };
    case 'never_migrated':
      return {
        wrong: `${gap.migration} never ran; ${gap.target} ${HOLDS[gap.targetHolds]}`,
        next: `carryover forecast ${gap.migration}, then carryover start ${gap.migration}`,
      };
    case 'emptied':
      return {
        wrong: `${gap.target} ${HOLDS[gap.targetHolds]}, though run ${gap.run} counts rows as loaded`,
        next: `carryover verify ${gap.migration}; docs/runbook.md, "The target table was emptied"`,
      };
    case 'pending':
      return {
        wrong: `run ${gap.run} of ${gap.migration} was closed with these rows pending`,
        next: `carryover start ${gap.migration}`,
      };
    case 'lagging':
      return {
        wrong: `${gap.target} lags: the rows appeared since run ${gap.run}`,
        next: `carryover start ${gap.migration}`,
      };
  }
}

const HOLDS = { 'no table': 'does not exist', nothing: 'is empty', rows: 'holds rows of others' } as const;

export function gapsText({ gaps, looked }: FoundGaps): string {
  const said =
    `${rows(looked.tables)} tables of the source: ${rows(looked.mapped)} mapped, ${rows(looked.baseline)} of the baseline, ` +
    `${rows(looked.empty)} others without a row.`;
  if (gaps.length === 0) return `No gaps.\n\n${said}`;
  const lines = gaps.map((gap) => {
    const { wrong, next } = wordsOf(gap);
    const count = gap.kind === 'unreadable' ? 'unknown' : gap.rows === null ? 'at least one' : rows(gap.rows);
    return [gap.table, count, wrong, next];
  });
  const columns = [{ title: 'table' }, { title: 'rows', right: true }, { title: 'what is wrong' }, { title: 'next' }];
  return `${table(columns, lines)}\n\n${said}`;
}
