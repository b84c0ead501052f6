/**
 * How rows are spread over the codes and years that a report shows: counted by both servers in the statements that sum their
 * hashes, and compared here. It holds where the hashes are wrong alike on both sides.
 */
import type { Mapping } from '../../mappings/mapping';

/** Rows that have the same status, code of their state, and year. */
export interface Group {
  /** Of each of the {@link spreadColumns}, hex of `V` and its text, or of `N` where it is NULL. */
  readonly texts: readonly string[];
  readonly rows: number;
}

/** The same in the target; its state is null where it has none, or is in quarantine. */
export interface HeldGroup extends Group {
  readonly state: string | null;
  readonly quarantined: boolean;
  /** Of rows in quarantine whose values are gone nobody knows the group. */
  readonly purged?: boolean;
}

/** A source column by which rows are counted; of a time the year alone. */
export interface SpreadColumn {
  readonly column: string;
  readonly isTime: boolean;
}

/** Characters of a canonical text of a time that are its year. */
export const YEAR = 4;

export function spreadColumns({ report, columns }: Mapping): SpreadColumn[] {
  const sourceOf = (target: string | undefined): string[] =>
    columns.flatMap((rule) => (target !== undefined && rule.target === target ? [rule.source] : []));
  const codes = new Set([...(report.status === undefined ? [] : [report.status]), ...sourceOf(report.state)]);
  return [
    ...[...codes].map((column) => ({ column, isTime: false })),
    ...sourceOf(report.time).map((column) => ({ column, isTime: true })),
  ];
}

const sumBy = (groups: readonly Group[]): Map<string, number> => {
  const sums = new Map<string, number>();
  for (const { texts, rows } of groups) {
    const key = texts.join(' ');
    sums.set(key, (sums.get(key) ?? 0) + rows);
  }
  return sums;
};

/** Rows that are in another group than on the other side, or in another state than the mapping gives their code. */
export function misplaced(mapping: Mapping, there: readonly Group[], here: readonly HeldGroup[]): number {
  const purged = here.filter((group) => group.purged).reduce((sum, group) => sum + group.rows, 0);
  const [left, right] = [sumBy(there), sumBy(here.filter((group) => !group.purged))];
  let rows = 0;
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    rows += Math.abs((left.get(key) ?? 0) - (right.get(key) ?? 0));
  }
  // The source has them in some group or other.
  return rows - purged + inWrongState(mapping, here);
}

function inWrongState(mapping: Mapping, here: readonly HeldGroup[]): number {
  const rule = mapping.columns.find(({ target }) => target === mapping.report.state);
  if (rule?.convert.kind !== 'code') return 0;
  const { codes, unknown } = rule.convert;
  const at = spreadColumns(mapping).findIndex(({ column }) => column === rule.source);
  const stateOf = (text: string): string | null => {
    if (!text.startsWith('56')) return null;
    const code = Buffer.from(text.slice(2), 'hex').toString();
    const known = Object.entries(codes).find(([name]) => name === code);
    return known?.[1] ?? (unknown === 'quarantine' ? null : unknown.value);
  };
  return here
    .filter(({ quarantined, texts, state }) => !quarantined && stateOf(texts[at]!) !== state)
    .reduce((sum, { rows }) => sum + rows, 0);
}
