/**
 * Decides each staged row's fate: writes the rows that are unfit, with every reason that applies, in the fixed order of
 * the reasons. Rows that are not listed are fit; load builds their values (the expressions are total on them).
 */
import { isSelfReference, referencesOf } from '../../mappings/mapping';
import type { TimedMapping } from '../converters/converter';
import { REASONS } from '../../shared/reasons';
import type { Reason } from '../../shared/reasons';
import type { StagedBatchRef, TransformResult } from '../../shared/messages';
import type { Attempt } from '../ledger/attempts';
import { formsOf } from '../converters';
import { leaveDismissedOut } from '../quarantine/left-out';
import { staged, stagedReference } from './expressions';
import { literalPg } from './quote';
import { analyze, requireStage, requireTable, sealTable } from './stage';
import type { StageTables } from './stage';

interface Test {
  readonly reason: Reason;
  readonly column: string;
  readonly when: string;
}

/** Joins a staged row `r` to the answers of its references, as `ref0`, `ref1`, … */
export function joinReferences(mapping: TimedMapping, tables: StageTables): string {
  return referencesOf(mapping)
    .map(({ reference }, position) => {
      const key = stagedReference(mapping, reference.source);
      return `LEFT JOIN ${tables.reference(position)} ref${position} ON ref${position}.key = ${key}`;
    })
    .join(' ');
}

/** Every test that a staged row must pass, in the order of the reasons. */
export function unfitTests(mapping: TimedMapping): Test[] {
  const tests: Test[] = [];
  referencesOf(mapping).forEach(({ role, reference }, position) => {
    if (reference.missing !== 'quarantine') return;
    const text = staged(mapping, reference.source);
    const absent = reference.optional === true ? ` AND ${text} IS NOT NULL` : '';
    const answers = `ref${position}.answers`;
    tests.push({ reason: `${role}_unmapped`, column: reference.source, when: `(${answers} IS NULL${absent})` });
    tests.push({ reason: `${role}_ambiguous`, column: reference.source, when: `(${answers} > 1)` });
  });
  for (const rule of mapping.columns) {
    const text = staged(mapping, rule.source);
    if (rule.nullable !== true) {
      tests.push({ reason: 'value_invalid', column: rule.source, when: `(${text} IS NULL AND r.bad IS NULL)` });
    }
    for (const { reason, when } of formsOf(rule.convert).unfit(rule.convert, text, mapping)) {
      tests.push({ reason, column: rule.source, when: `(${text} IS NOT NULL AND ${when})` });
    }
  }
  for (const { source, convert } of mapping.lineage.values) {
    const text = staged(mapping, source);
    for (const { reason, when } of formsOf(convert).unfit(convert, text, mapping)) {
      tests.push({ reason, column: source, when: `(${text} IS NOT NULL AND ${when})` });
    }
  }
  return distinct(tests).sort((a, b) => REASONS.indexOf(a.reason) - REASONS.indexOf(b.reason));
}

/** A column that stands both in a rule and in the lineage is told of once. */
function distinct(tests: readonly Test[]): Test[] {
  return [...new Map(tests.map((test) => [`${test.reason} ${test.column} ${test.when}`, test])).values()];
}

export async function transformRows(
  attempt: Attempt,
  mapping: TimedMapping,
  ref: StagedBatchRef,
): Promise<TransformResult> {
  const tables = await requireStage(attempt, ref);
  const references = referencesOf(mapping);
  for (const position of references.keys()) await requireTable(attempt, tables.reference(position));
  return attempt.fenced('transform', async (batch) => {
    const { session } = attempt;
    await session.query('transform.drop', `DROP TABLE IF EXISTS ${tables.unfit}`);
    await session.query('transform.unfit', unfitTable(mapping, tables));
    await leaveDismissedOut(session, mapping, tables);
    for (const [position, { reference }] of references.entries()) {
      if (!isSelfReference(mapping, reference)) continue;
      if (reference.missing === 'null') await forgetUnfit(attempt, tables, position);
      else await cascade(attempt, mapping, tables, position, reference.source);
    }
    await analyze(attempt, tables.unfit);
    const counted = await session.query<{ rows: string }>(
      'transform.count',
      `SELECT count(*) AS rows FROM ${tables.unfit}`,
    );
    const unfit = Number(counted.rows[0]!.rows);
    await sealTable(attempt, tables.unfit, unfit);
    return { fit: (batch.staged ?? 0) - unfit, unfit };
  });
}

function unfitTable(mapping: TimedMapping, tables: StageTables): string {
  const tests = unfitTests(mapping);
  const bad = `(r.bad IS NOT NULL)`;
  const rank = tests.findIndex((test) => REASONS.indexOf(test.reason) > REASONS.indexOf('value_invalid'));
  const arms = tests.map(({ reason, column, when }) => ({
    when,
    reason: `CASE WHEN ${when} THEN ${literalPg(reason)} END`,
    column: `CASE WHEN ${when} THEN ${literalPg(column)} END`,
  }));
  arms.splice(rank === -1 ? arms.length : rank, 0, {
    when: bad,
    reason: `CASE WHEN ${bad} THEN 'value_invalid' END`,
    column: 'r.bad',
  });
  return `CREATE UNLOGGED TABLE ${tables.unfit} AS
    SELECT r.n,
      array_remove(ARRAY[${arms.map((arm) => arm.reason).join(', ')}]::text[], NULL) AS reasons,
      array_remove(ARRAY[${arms.map((arm) => arm.column).join(', ')}]::text[], NULL) AS columns
    FROM ${tables.rows} r ${joinReferences(mapping, tables)}
    WHERE ${arms.map((arm) => arm.when).join(' OR ')}`;
}

/** A parent that does not come over is no answer for a reference that may be loaded as NULL. */
async function forgetUnfit(attempt: Attempt, tables: StageTables, position: number): Promise<void> {
  await attempt.session.query(
    'transform.forgetUnfit',
    `UPDATE ${tables.reference(position)} a SET answers = NULL, value = NULL
     FROM ${tables.rows} p JOIN ${tables.unfit} u ON u.n = p.n WHERE a.staged AND p.id = a.value`,
  );
}

/**
 * A row whose parent is known only from this batch cannot come over without it: unfit parents take their children
 * along, until none is added.
 */
async function cascade(
  attempt: Attempt,
  mapping: TimedMapping,
  tables: StageTables,
  position: number,
  column: string,
): Promise<void> {
  const key = stagedReference(mapping, column);
  const answer = tables.reference(position);
  for (;;) {
    const added = await attempt.session.query(
      'transform.cascade',
      `INSERT INTO ${tables.unfit} (n, reasons, columns)
       SELECT r.n, ARRAY['case_unmapped'], ARRAY[${literalPg(column)}]
       FROM ${tables.rows} r JOIN ${answer} a ON a.key = ${key} AND a.staged
       JOIN ${tables.rows} p ON p.id = a.value JOIN ${tables.unfit} u ON u.n = p.n
       WHERE NOT EXISTS (SELECT FROM ${tables.unfit} x WHERE x.n = r.n)`,
    );
    if (added.rowCount === 0) return;
  }
}
