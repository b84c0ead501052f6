/** Looks for rows of the source that no migration has brought over: tables that nobody mapped, and mappings that lag. */
import type { Mapping } from '../../mappings/mapping';
import { CarryoverError } from '../../shared/errors';
import { quoteMy } from '../source/quote';
import type { SourceQueries } from '../source/session';
import type { TargetQueries } from '../target/session';
import { COUNT_LIMIT_MS, countAbove, countMoved, countTable } from './count';
import type { FoundGaps, Gap } from './gap';
import { readBaselineTables, readStandings, targetHolds } from './standings';
import type { Standing } from './standings';

export interface Sides {
  readonly source: SourceQueries;
  readonly target: TargetQueries;
}

/**
 * Names of the source's tables: no views, which hold no rows of their own, and nothing of Carryover's, such as the mark of a
 * sample. An account sees only the tables that it has a right on.
 */
const TABLES = `
SELECT table_name FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') AND table_name NOT LIKE 'carryover|_%' ESCAPE '|'
ORDER BY table_name`;

/** @param limitMs milliseconds for each count of rows */
export async function findGaps(
  { source, target }: Sides,
  mappings: readonly Mapping[],
  limitMs = COUNT_LIMIT_MS,
): Promise<FoundGaps> {
  const tables = (await source.query('gaps.tables', TABLES)).map(([name]) => name!);
  const [baseline, standings] = await Promise.all([readBaselineTables(target), readStandings(target)]);
  const gaps: Gap[] = [];
  const looked = { tables: tables.length, mapped: 0, baseline: 0, empty: 0 };
  for (const table of tables) {
    const mapped = mappings.filter((mapping) => mapping.source.table === table);
    if (mapped.length > 0) {
      looked.mapped += 1;
      for (const mapping of mapped) {
        gaps.push(...(await gapsOf({ source, target }, mapping, standings.get(mapping.name), limitMs)));
      }
    } else if (baseline.has(table)) {
      looked.baseline += 1;
    } else {
      const gap = await unmapped(source, table, limitMs);
      if (gap === null) looked.empty += 1;
      else gaps.push(gap);
    }
  }
  return { looked, gaps };
}

async function unmapped(source: SourceQueries, table: string, limitMs: number): Promise<Gap | null> {
  try {
    const any = await source.query('gaps.any', `SELECT 1 FROM ${quoteMy(table)} LIMIT 1`);
    if (any.length === 0) return null;
    return { kind: 'unmapped', table, rows: await countTable(source, table, limitMs) };
  } catch (error) {
    if (!(error instanceof CarryoverError) || error.type !== 'PrivilegeMissing') throw error;
    return { kind: 'unreadable', table, rows: null };
  }
}

async function gapsOf(
  { source, target }: Sides,
  mapping: Mapping,
  standing: Standing | undefined,
  limitMs: number,
): Promise<Gap[]> {
  const rows = await countMoved(source, mapping, limitMs);
  if (rows === 0) return [];
  const { schema, table } = mapping.target;
  const of = { table: mapping.source.table, migration: mapping.name, target: `${schema}.${table}` };
  const holds = await targetHolds(target, mapping);
  if (standing === undefined) return [{ ...of, kind: 'never_migrated', rows, targetHolds: holds }];
  const { run, isOpen, loaded, pending } = standing;
  if (loaded > 0 && holds !== 'rows') return [{ ...of, kind: 'emptied', rows, targetHolds: holds, run }];
  const gaps: Gap[] = [];
  if (!isOpen && pending > 0) gaps.push({ ...of, kind: 'pending', rows: pending, run });
  const lag = await lagOf(source, mapping, standing, rows, limitMs);
  if (lag > 0) gaps.push({ ...of, kind: 'lagging', rows: lag, run });
  return gaps;
}

/**
 * Rows beyond those that the ledger counts: by number, and by keys above the bound of the latest full run. Where rows were
 * deleted from the source as well, the number alone would hide them.
 */
async function lagOf(
  source: SourceQueries,
  mapping: Mapping,
  { isOpen, moved, upper, appeared }: Standing,
  rows: number | null,
  limitMs: number,
): Promise<number> {
  // Of a run that is not over the ledger may not have counted all rows yet.
  const byNumber = isOpen || rows === null ? 0 : rows - moved;
  const above = upper === null ? 0 : ((await countAbove(source, mapping, upper, limitMs)) ?? 0);
  return Math.max(0, byNumber, above - appeared);
}
