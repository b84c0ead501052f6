/** What no range can see: checks over the whole table and of the ledger, each one of its own, so that one that fails is told. */
import { referencesOf } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import { CarryoverError } from '../../shared/errors';
import { DEFECTS } from '../../shared/findings';
import type { CheckRef } from '../../shared/verification';
import type { CheckResult } from '../../shared/verdict';
import type { Sql, TimedMapping } from '../converters/converter';
import { requireSameHands } from '../ledger/attempts';
import type { Hands } from '../ledger/attempts';
import { literalPg } from '../target/quote';
import type { Target, TargetQueries, TargetSession } from '../target/session';
import { withCancellable } from '../target/cancellable';
import { inTransaction } from '../target/transaction';
import { nameWrongIds } from './ids';
import { nameErased } from './erased';
import { BALANCE, DISTRIBUTIONS, LEDGER, SHORT } from './ledger-checks';
import { unfoundedReasons, wrongReferences } from './lookup-findings';
import type { Binding } from './source-rows';
import { spreadColumns } from './spread';
import { knownBefore, witnessOf } from './witness';
import { disorderOf, duplicatesOf, incompleteLineage, orphansOf, targetTable } from './whole-table';

/**
 * Counts faults that are no row's, as `compared` and `found`; or names rows, as `kind`, `key`, `columns` and `evidence`. Faults that
 * rows `explain`, once these are in `pg_temp.named`, are no faults: the rows are told of. With null nobody knows such rows.
 */
type Check =
  | {
      readonly counts: Sql;
      readonly explain?: null | ((session: TargetQueries, bound: readonly unknown[]) => Promise<void>);
    }
  | { readonly names: readonly Sql[]; readonly compared: Sql }
  /** Names them in `pg_temp.named` by itself; returns what it compared. */
  | { readonly name: (session: TargetSession) => Promise<number> };

type Builder = (mapping: TimedMapping, target: TargetQueries) => Check | Promise<Check>;

/** By name, in the order of the report; bound are the migration, the verification and its run. */
const CHECKS: Readonly<Record<string, Builder>> = {
  references: (mapping) => ({
    names: wrongReferences(mapping),
    compared: `SELECT count(*) * ${referencesOf(mapping).length} AS compared FROM ${targetTable(mapping)}`,
  }),
  quarantine: (mapping) => ({
    names: unfoundedReasons(mapping),
    compared: `SELECT count(*) AS compared FROM carryover.quarantine WHERE migration = $1 AND state = 'open'`,
  }),
  ids: (mapping) => ({ name: (session) => nameWrongIds(session, mapping) }),
  duplicates: (mapping) => ({ counts: duplicatesOf(mapping) }),
  orphans: async (mapping, target) => ({ counts: await orphansOf(mapping, target) }),
  metadata: (mapping) => ({ counts: incompleteLineage(mapping) }),
  order: (mapping) => ({ counts: disorderOf(mapping)! }),
  distributions: () => ({ counts: DISTRIBUTIONS }),
  // Of rows that the mapping leaves out the comparison tells only while the target has them: one that is nowhere may be in the source.
  ledger: (mapping) => ({
    counts: LEDGER,
    explain: mapping.source.where === undefined ? (session, bound) => nameErased(session, mapping, SHORT, bound) : null,
  }),
  balance: () => ({ counts: BALANCE }),
};

/** What can be asked of a part of the keys. */
const OF_A_PART = ['references', 'quarantine', 'ids', 'distributions', 'balance'];

/**
 * Names of the checks of a mapping.
 *
 * @param binding what the sums of the ranges hold: where it is no id, the ids are a check of their own
 * @param partial true where not all of the keys are looked at
 */
export const checksOf = (mapping: Mapping, binding: Binding, partial = false): string[] =>
  Object.keys(CHECKS)
    .filter((name) => !partial || OF_A_PART.includes(name))
    .filter((name) => name !== 'order' || disorderOf(mapping) !== null)
    .filter((name) => name !== 'distributions' || spreadColumns(mapping).length > 0)
    .filter((name) => name !== 'ids' || binding === 'key');

/** Runs a check and writes down what it found; what is written down once is not looked at again. */
export async function runCheck(
  target: Target,
  mapping: TimedMapping,
  hands: Hands,
  ref: CheckRef,
  signal: AbortSignal,
): Promise<CheckResult> {
  const build = CHECKS[ref.check];
  if (build === undefined) throw new CarryoverError('MappingUnknownHere', `this worker knows no check ${ref.check}`);
  return withCancellable(target, signal, async (session) => {
    const line = await readLine(session, ref);
    if (isVerified(line)) return resultOf(ref, line);
    requireSameHands(`verification ${ref.verification}`, line, hands);
    const began = performance.now();
    const check = await build(mapping, session);
    // Whole tables are joined and grouped: with the server's usual memory that goes by way of its disk.
    await session.query('verify.memory', "SET work_mem = '64MB'");
    const witness = await witnessOf(session, mapping, ref);
    const known = witness === null ? null : await knownBefore(session, ref, witness);
    const counted =
      known === null
        ? await look(session, check, [mapping.name, ref.verification, line.run_id])
        : { compared: known.compared, found: 0 };
    // What was looked at must not have changed meanwhile: else the answer is that of neither moment.
    const holds = witness !== null && (known !== null || (await witnessOf(session, mapping, ref)) === witness);
    await session.query('verify.usualMemory', 'RESET work_mem');
    const seconds = (performance.now() - began) / 1000;
    return inTransaction(session, 'verify.check', async () => {
      // Two attempts may overlap: what one has written down stands.
      const now = await readLine(session, ref, 'FOR UPDATE OF c');
      if (isVerified(now)) return resultOf(ref, now);
      if (namesRows(check) && known === null) {
        await session.query(
          'verify.name',
          `INSERT INTO carryover.findings (verification_id, check_name, kind, legacy_key, columns, evidence)
           SELECT $1, $2, kind, key, columns, evidence FROM pg_temp.named ORDER BY key`,
          [ref.verification, ref.check],
        );
      }
      await session.query(
        'verify.recordCheck',
        `UPDATE carryover.verification_checks SET state = 'verified', compared = $3, found = $4, seconds = $5, witness = $6, carried_from = $7
         WHERE verification_id = $1 AND name = $2`,
        [
          ref.verification,
          ref.check,
          counted.compared,
          counted.found,
          seconds,
          holds ? witness : null,
          known && known.from,
        ],
      );
      return { name: ref.check, ...counted };
    });
  });
}

const namesRows = (check: Check): boolean => !('counts' in check) || check.explain !== undefined;

const isVerified = ({ found }: CheckLine): boolean => found !== null;

const resultOf = ({ check }: CheckRef, { compared, found }: CheckLine): CheckResult => ({
  name: check,
  compared: Number(compared),
  found: Number(found),
});

interface CheckLine {
  readonly run_id: string;
  readonly fingerprint: string;
  readonly source_identity: object;
  readonly compared: string | null;
  readonly found: string | null;
}

async function readLine(session: TargetQueries, ref: CheckRef, lock = ''): Promise<CheckLine> {
  const read = await session.query<CheckLine & { open: boolean }>(
    'verify.checkLine',
    `SELECT v.run_id, v.fingerprint, v.source_identity, c.compared, c.found, v.state = 'open' AS open
     FROM carryover.verification_checks c JOIN carryover.verifications v USING (verification_id)
     WHERE verification_id = $1 AND c.name = $2 ${lock}`,
    [ref.verification, ref.check],
  );
  const [line] = read.rows;
  if (line === undefined) {
    throw new CarryoverError(
      'LedgerBehind',
      `the ledger knows no check ${ref.check} of verification ${ref.verification}: the target was restored; verify anew`,
    );
  }
  if (!line.open && !isVerified(line)) {
    throw new CarryoverError('Superseded', `verification ${ref.verification} is over; another may have begun`);
  }
  return line;
}

type Counted = Omit<CheckResult, 'name'>;

/**
 * Rows that are named are put aside, but for those of which something wrong was told already: a row is told of once. That it
 * has moved is nothing wrong, and must not hide what is.
 */
async function look(session: TargetSession, check: Check, bound: readonly unknown[]): Promise<Counted> {
  if (!namesRows(check) && 'counts' in check) return count(session, check.counts, bound);
  await session.query('verify.dropNamed', 'DROP TABLE IF EXISTS pg_temp.named');
  if ('counts' in check) return countExplained(session, check, bound);
  const compared = 'name' in check ? await nameByItself(session, check) : await nameBySql(session, check, bound);
  await forgetTold(session, bound);
  const { found } = await count(session, 'SELECT 0 AS compared, count(*) AS found FROM pg_temp.named', bound);
  return { compared, found };
}

/** @returns the faults that are left; the rows are told of by themselves */
async function countExplained(
  session: TargetSession,
  { counts, explain }: Extract<Check, { counts: unknown }>,
  bound: readonly unknown[],
): Promise<Counted> {
  await createNamed(session);
  const counted = await count(session, counts, bound);
  if (counted.found === 0 || explain == null) return counted;
  const short = await count(session, `SELECT count(*) AS compared, 0 AS found FROM (${SHORT}) s`, bound);
  if (short.compared === 0) return counted;
  await explain(session, bound);
  return count(session, counts, bound);
}

const forgetTold = (session: TargetQueries, [, verification]: readonly unknown[]): Promise<unknown> =>
  session.query(
    'verify.forgetTold',
    `DELETE FROM pg_temp.named w WHERE NOT ${IS_LOOKED_AT} OR EXISTS (
       SELECT FROM carryover.findings f
       WHERE f.verification_id = $1 AND f.legacy_key = w.key AND f.kind IN (${DEFECTS.map(literalPg).join(', ')}))`,
    [verification],
  );

const createNamed = (session: TargetQueries): Promise<unknown> =>
  session.query(
    'verify.createNamed',
    'CREATE TEMP TABLE named (kind text, key text, columns text[], evidence text, range integer)',
  );

async function nameByItself(session: TargetSession, { name }: Extract<Check, { name: unknown }>): Promise<number> {
  await createNamed(session);
  return name(session);
}

const NOBODY: Sql = `SELECT NULL::text AS kind, NULL::text AS key, '{}'::text[] AS columns, NULL::text AS evidence WHERE false`;

/** @returns what was compared */
async function nameBySql(
  session: TargetQueries,
  { names, compared }: Extract<Check, { names: readonly Sql[] }>,
  bound: readonly unknown[],
): Promise<number> {
  // A mapping without references names none.
  const rows = names.length === 0 ? [NOBODY] : names;
  await session.query(
    'verify.look',
    // The table is made of the rows, and not filled with them: whole tables are joined, and INSERT has no helpers.
    `CREATE TEMP TABLE named AS
     SELECT min(kind) AS kind, key, coalesce(array_agg(DISTINCT col) FILTER (WHERE col <> ''), '{}') AS columns, min(evidence) AS evidence
     FROM (${rows.join(' UNION ALL ')}) w LEFT JOIN LATERAL unnest(columns) AS col ON true
     WHERE ($1::text, $2::bigint, $3::bigint) IS NOT NULL
     GROUP BY key`,
    bound,
  );
  return (await count(session, `SELECT c.compared, 0 AS found FROM (${compared}) c`, bound)).compared;
}

/** A verification of a part of the keys tells of no others. */
const IS_LOOKED_AT = `(
  NOT (SELECT partial FROM carryover.verifications WHERE verification_id = $1)
  OR EXISTS (SELECT FROM carryover.verified_ranges r WHERE r.verification_id = $1
    AND (r.after_key IS NULL OR carryover.key_numbers(w.key) > carryover.key_numbers(r.after_key::text))
    AND (r.to_key IS NULL OR carryover.key_numbers(w.key) <= carryover.key_numbers(r.to_key::text))))`;

async function count(session: TargetQueries, sql: Sql, bound: readonly unknown[]): Promise<Counted> {
  const answer = await session.query<{ compared: string; found: string }>(
    'verify.count',
    // All are bound, whichever the check asks for.
    `SELECT c.* FROM (${sql}) c WHERE ($1::text, $2::bigint, $3::bigint) IS NOT NULL`,
    bound,
  );
  return { compared: Number(answer.rows[0]!.compared), found: Number(answer.rows[0]!.found) };
}
