/** Counts what became of a batch's rows, while the transaction that is about to be rolled back still holds them. */
import { referencesOf } from '../../mappings/mapping';
import { NO_COUNTS } from '../../shared/forecast';
import type { ForecastCounts, Tally } from '../../shared/forecast';
import { formsOf } from '../converters';
import type { Sql, TimedMapping } from '../converters/converter';
import { lookupOutcomes } from '../ledger/outcomes';
import type { Point } from '../points';
import { isDismissed } from '../quarantine/left-out';
import type { BatchCounts } from '../source/read-batch';
import { staged } from '../target/expressions';
import { quotePgTable } from '../target/quote';
import type { TargetQueries } from '../target/session';
import type { StageTables } from '../target/stage';
import type { Written } from '../target/write-rows';

type Named = { readonly name: string; readonly rows: number };

const tallyOf = (rows: readonly Named[]): Tally =>
  Object.fromEntries(rows.map(({ name, rows: count }) => [name, count]));

async function tally(session: TargetQueries, point: Point, sql: string, values?: readonly unknown[]): Promise<Tally> {
  return tallyOf((await session.query<Named>(point, sql, values)).rows);
}

export async function countBatch(
  session: TargetQueries,
  mapping: TimedMapping,
  tables: StageTables,
  { source, excluded, read }: BatchCounts,
  { inserted, updated }: Written,
): Promise<ForecastCounts> {
  const primary = await tally(
    session,
    'forecast.primary',
    `SELECT reasons[1] AS name, count(*)::float8 AS rows FROM ${tables.unfit} u WHERE NOT ${isDismissed('u')} GROUP BY 1`,
  );
  const left = await session.query<{ rows: number }>(
    'forecast.leftOut',
    `SELECT count(*)::float8 AS rows FROM ${tables.unfit} u WHERE ${isDismissed('u')}`,
  );
  const dismissed = left.rows[0]!.rows;
  const quarantined = Object.values(primary).reduce((sum, rows) => sum + rows, 0);
  const told = await tally(
    session,
    'forecast.countTold',
    'SELECT kind AS name, count(*)::float8 AS rows FROM told GROUP BY 1',
  );
  return {
    ...NO_COUNTS,
    batches: 1,
    source,
    excluded: excluded + dismissed,
    inserted,
    updated,
    unchanged: read - dismissed - quarantined - inserted - updated,
    quarantined,
    changedInTarget: told.changed_in_target ?? 0,
    deletedInTarget: told.deleted_in_target ?? 0,
    primary,
    ...(await readReasons(session, tables)),
    duplicates: await readDuplicates(session, mapping, tables),
    references: await readReferences(session, mapping, tables),
    ...(await readMeasures(session, mapping, tables)),
  };
}

/** Rows by each reason that applies, and by reason and column. */
async function readReasons(
  session: TargetQueries,
  tables: StageTables,
): Promise<Pick<ForecastCounts, 'reasons' | 'columns'>> {
  const found = await session.query<{ reason: string; column: string | null; rows: number }>(
    'forecast.reasons',
    `SELECT a.reason, a.column, count(DISTINCT u.n)::float8 AS rows
     FROM ${tables.unfit} u CROSS JOIN LATERAL unnest(u.reasons, u.columns) AS a (reason, "column")
     GROUP BY GROUPING SETS ((a.reason), (a.reason, a.column)) ORDER BY 1, 2`,
  );
  const columns: Record<string, Record<string, number>> = {};
  for (const { reason, column, rows } of found.rows) {
    if (column !== null) (columns[reason] ??= {})[column] = rows;
  }
  const whole = found.rows.filter(({ column }) => column === null);
  return { reasons: tallyOf(whole.map(({ reason, rows }) => ({ name: reason, rows }))), columns };
}

/** Of the rows that the target refused, those that a unique index did; it has the name of its constraint. */
function readDuplicates(session: TargetQueries, { target }: TimedMapping, tables: StageTables): Promise<Tally> {
  return tally(
    session,
    'forecast.duplicates',
    `SELECT c.relname::text AS name, count(*)::float8 AS rows
     FROM ${tables.unfit} u JOIN pg_class c ON c.relname = u.columns[1] JOIN pg_index i ON i.indexrelid = c.oid
     WHERE u.reasons[1] = 'constraint_rejected' AND i.indrelid = $1::regclass AND (i.indisunique OR i.indisexclusion)
     GROUP BY 1`,
    [quotePgTable(target.schema, target.table)],
  );
}

async function readReferences(
  session: TargetQueries,
  mapping: TimedMapping,
  tables: StageTables,
): Promise<Record<string, Tally>> {
  const all: Record<string, Tally> = {};
  for (const [position, { reference }] of referencesOf(mapping).entries()) {
    all[reference.name] = await tally(
      session,
      'forecast.references',
      `SELECT outcome AS name, rows::float8 AS rows FROM (${lookupOutcomes(mapping, tables, position)}) o`,
    );
  }
  return all;
}

interface Measure {
  readonly of: 'folds' | 'unknownCodes';
  readonly column: string;
  readonly when: Sql;
}

/** What the mapping's policies let pass: asked with the tests that the stricter policy would have. */
function measuresOf(mapping: TimedMapping): Measure[] {
  const strict = { ...mapping, time: { ...mapping.time, fold: 'quarantine' as const } };
  return mapping.columns.flatMap(({ source, convert }): Measure[] => {
    const text = staged(mapping, source);
    if (convert.kind === 'instant' && mapping.time.fold !== 'quarantine') {
      const tests = formsOf(convert).unfit(convert, text, strict);
      return tests
        .filter(({ reason }) => reason === 'time_ambiguous')
        .map(({ when }) => ({ of: 'folds', column: source, when: `(${text} IS NOT NULL AND ${when})` }));
    }
    if (convert.kind === 'code' && convert.unknown !== 'quarantine') {
      const spec = { ...convert, unknown: 'quarantine' as const };
      const tests = formsOf(spec).unfit(spec, text, mapping);
      return tests.map(({ when }) => ({
        of: 'unknownCodes',
        column: source,
        when: `(${text} IS NOT NULL AND ${when})`,
      }));
    }
    return [];
  });
}

async function readMeasures(
  session: TargetQueries,
  mapping: TimedMapping,
  tables: StageTables,
): Promise<Pick<ForecastCounts, 'folds' | 'unknownCodes'>> {
  const measures = measuresOf(mapping);
  const counts: { folds: Record<string, number>; unknownCodes: Record<string, number> } = {
    folds: {},
    unknownCodes: {},
  };
  if (measures.length === 0) return counts;
  const sums = measures.map(({ when }, index) => `(count(*) FILTER (WHERE ${when}))::float8 AS m${index}`);
  const found = await session.query<Record<string, number>>(
    'forecast.measures',
    `SELECT ${sums.join(', ')} FROM ${tables.rows} r WHERE NOT EXISTS (SELECT FROM ${tables.unfit} u WHERE u.n = r.n)`,
  );
  for (const [index, { of, column }] of measures.entries()) {
    const rows = found.rows[0]![`m${index}`]!;
    if (rows > 0) counts[of][column] = (counts[of][column] ?? 0) + rows;
  }
  return counts;
}
