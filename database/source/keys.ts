/** Where a run begins and ends, and where its batches are cut: always by key, never by OFFSET. */
import type { Mapping } from '../../mappings/mapping';
import { compareKey, keyOrder, sourceText } from './expressions';
import type { LegacyKey } from './expressions';
import { quoteMy } from './quote';
import type { SourceQueries } from './session';

const keyTexts = (mapping: Mapping): string =>
  mapping.source.key.map((column) => sourceText(mapping, column)).join(', ');

/** Lowest and highest key of the table and the number of its rows; keys are null where it is empty. */
export async function readBounds(
  source: SourceQueries,
  mapping: Mapping,
): Promise<{ lower: LegacyKey | null; upper: LegacyKey | null; rows: number }> {
  const table = quoteMy(mapping.source.table);
  const end = async (direction: 'ASC' | 'DESC'): Promise<LegacyKey | null> => {
    const rows = await source.query(
      'source.boundKey',
      `SELECT ${keyTexts(mapping)} FROM ${table} ORDER BY ${keyOrder(mapping, direction)} LIMIT 1`,
    );
    return (rows[0] as LegacyKey | undefined) ?? null;
  };
  const [lower, upper, counted] = await Promise.all([
    end('ASC'),
    end('DESC'),
    source.query('source.countTable', `SELECT COUNT(*) FROM ${table}`),
  ]);
  return { lower, upper, rows: Number(counted[0]![0]) };
}

/**
 * The key of the `rows`-th row above `after` (or from `from` on), never beyond `upper`; `upper` itself where fewer
 * rows are left, so that the last batch also takes what appears below the bound later.
 *
 * @returns the batch's last key and the rows that were counted on the way
 */
export async function cutKey(
  source: SourceQueries,
  mapping: Mapping,
  bounds: { after: LegacyKey | null; from: LegacyKey; upper: LegacyKey },
  rows: number,
): Promise<{ to: LegacyKey; rows: number; last: boolean }> {
  const low = bounds.after === null ? compareKey(mapping, '>=', bounds.from) : compareKey(mapping, '>', bounds.after);
  const high = compareKey(mapping, '<=', bounds.upper);
  const columns = mapping.source.key.map(quoteMy).join(', ');
  const inner =
    `SELECT ${columns} FROM ${quoteMy(mapping.source.table)} WHERE ${low.sql} AND ${high.sql} ` +
    `ORDER BY ${keyOrder(mapping)} LIMIT ${Math.trunc(rows)}`;
  const values = [...low.values, ...high.values];
  const [counted, found] = await Promise.all([
    source.query('source.countPage', `SELECT COUNT(*) FROM (${inner}) AS page`, values),
    source.query(
      'source.lastKey',
      `SELECT ${keyTexts(mapping)} FROM (${inner}) AS page ORDER BY ${keyOrder(mapping, 'DESC')} LIMIT 1`,
      values,
    ),
  ]);
  const count = Number(counted[0]![0]);
  if (count < rows || found[0] === undefined) return { to: bounds.upper, rows: count, last: true };
  const to = found[0] as LegacyKey;
  return { to, rows: count, last: to.every((part, index) => part === bounds.upper[index]) };
}
