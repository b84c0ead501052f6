/** What no range can see: checks over the whole table and of the ledger, each one of its own, so that one that fails is told. */
import { referencesOf } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import { CarryoverError } from '../../shared/errors';
import { DEFECTS } from '../../shared/findings';
import type { FindingKind } from '../../shared/findings';
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
import { unfoundedReasons, wrongReferences } from './lookup-findings';
import type { Binding } from './source-rows';
import { spreadColumns } from './spread';
import { knownBefore, witnessOf } from './witness';
import { disorderOf, duplicatesOf, incompleteLineage, orphansOf, targetTable } from './whole-table';

/** Counts faults that are no row's, as `compared` and `found`; or names rows, as `kind`, `key`, `columns` and `evidence`. */
type Check =
  | { readonly counts: Sql }
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
  ledger: () => ({ counts: LEDGER }),
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
      if (!('counts' in check) && known === null) {
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
  if ('counts' in check) return count(session, check.counts, bound);
  await session.query('verify.dropNamed', 'DROP TABLE IF EXISTS pg_temp.named');
  const compared = 'name' in check ? await nameByItself(session, check) : await nameBySql(session, check, bound);
  await session.query(
    'verify.forgetTold',
    `DELETE FROM pg_temp.named w WHERE NOT ${IS_LOOKED_AT} OR EXISTS (
       SELECT FROM carryover.findings f
       WHERE f.verification_id = $1 AND f.legacy_key = w.key AND f.kind IN (${DEFECTS.map(literalPg).join(', ')}))`,
    [bound[1]],
  );
  const { found } = await count(session, 'SELECT 0 AS compared, count(*) AS found FROM pg_temp.named', bound);
  return { compared, found };
}

const NOBODY: Sql = `SELECT NULL::text AS kind, NULL::text AS key, '{}'::text[] AS columns, NULL::text AS evidence WHERE false`;

async function nameByItself(session: TargetSession, { name }: Extract<Check, { name: unknown }>): Promise<number> {
  await session.query(
    'verify.createNamed',
    'CREATE TEMP TABLE named (kind text, key text, columns text[], evidence text)',
  );
  return name(session);
}

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

const isOf = (...kinds: readonly FindingKind[]): Sql => `f.kind IN (${kinds.map(literalPg).join(', ')})`;

/** Rows that a range tells of under some kinds, and those that are gone. */
const FOUND = (over: Sql, under: Sql): Sql => {
  const of = (told: Sql): Sql => `count(*) FILTER (WHERE ${told})`;
  return `LATERAL (SELECT ${of(over)} AS over, ${of(under)} AS under, ${of(isOf('gone'))} AS gone
    FROM carryover.findings f WHERE f.verification_id = r.verification_id AND f.range = r.range) f`;
};

const SETTLED_RANGES = `carryover.verified_ranges r`;
const IS_SETTLED = `r.verification_id = $2 AND r.fate = 'settled'`;

/** Rows in another group of codes and years than on the other side, where the sums of their hashes agree. */
const DISTRIBUTIONS = `
  SELECT coalesce(sum(source), 0) AS compared, coalesce(sum(misplaced), 0) AS found
  FROM carryover.verified_ranges r WHERE r.verification_id = $2`;

/**
 * What the batches of the run count as loaded, quarantined and dismissed, against the rows that are there, range by range, and
 * against what the run says that it sent to quarantine, or left out as dismissed. A row that is gone from the source may have been counted by the run, or have been gone before it. Of ranges that were never settled the run
 * has counted nothing.
 */
const LEDGER = `
  SELECT coalesce(sum(b.batches), 0) AS compared,
    coalesce(sum(greatest(0, b.loaded - there - s.late, there - f.gone - b.loaded - s.late)
               + greatest(0, b.quarantined - r.quarantined - s.late, r.quarantined - f.gone - b.quarantined - s.late)
               + greatest(0, b.dismissed - r.dismissed - s.late, r.dismissed - f.gone - b.dismissed - s.late)
               + abs(b.sent - o.occurrences) + abs(b.left_out - d.occurrences)), 0) AS found
  FROM carryover.verifications v JOIN ${SETTLED_RANGES} USING (verification_id),
    ${FOUND(isOf('extra', 'stale', 'duplicate'), isOf('missing', 'deleted_in_target'))},
    LATERAL (SELECT r.loaded - f.over + f.under AS there) t,
    LATERAL (SELECT count(*) AS batches, coalesce(sum(x.loaded), 0) AS loaded, coalesce(sum(x.quarantined), 0) AS sent,
        -- Those of a batch that was skipped are no rows of quarantine.
        coalesce(sum(x.excluded_by_decision) FILTER (WHERE x.state <> 'skipped'), 0) AS left_out
      FROM carryover.batches x WHERE x.run_id = $3 AND x.batch BETWEEN r.first_batch AND r.last_batch) x,
    -- What later runs made of rows that they took again; of keys of no batch in the last range, which is open.
    LATERAL (SELECT count(*) FILTER (WHERE now = 'loaded') - count(*) FILTER (WHERE was = 'loaded') AS loaded,
        count(*) FILTER (WHERE now = 'quarantined') - count(*) FILTER (WHERE was = 'quarantined') AS quarantined,
        count(*) FILTER (WHERE now = 'excluded') - count(*) FILTER (WHERE was = 'excluded') AS dismissed,
        -- Beside a run that is under way, or a person who decides: these may have been counted before or after.
        count(*) FILTER (WHERE settled_at > v.started_at AND (was <> now OR batch IS NULL)) AS late
      FROM carryover.settled_keys s WHERE s.base_run = $3 AND (
        s.base_batch BETWEEN r.first_batch AND r.last_batch OR (s.base_batch IS NULL AND r.to_key IS NULL))) s,
    -- Rows of a skipped batch that were taken one by one before the others: they left what it counted, and no dismissal.
    LATERAL (SELECT coalesce(sum(x.excluded_by_decision - k.taken_back), 0) AS freed FROM carryover.taken_back k
      JOIN carryover.batches x ON x.run_id = k.base_run AND x.batch = k.base_batch
      WHERE k.base_run = $3 AND k.base_batch BETWEEN r.first_batch AND r.last_batch) k,
    LATERAL (SELECT x.batches, x.sent, x.left_out, x.loaded + s.loaded AS loaded, x.sent + s.quarantined AS quarantined,
        x.left_out + s.dismissed + k.freed AS dismissed) b,
    LATERAL (SELECT count(*) AS occurrences
      FROM carryover.quarantine_occurrences x WHERE x.run_id = $3 AND x.batch BETWEEN r.first_batch AND r.last_batch) o,
    LATERAL (SELECT count(*) AS occurrences
      FROM carryover.dismissal_occurrences x WHERE x.run_id = $3 AND x.batch BETWEEN r.first_batch AND r.last_batch) d
  WHERE ${IS_SETTLED}`;

/**
 * Of these only rows that the source does not have are too many: of those that both sides have the columns are told that differ.
 */
const UNSOURCED = `(${isOf('extra', 'changed', 'changed_in_target')} AND f.columns IS NULL)`;

/** Every row of the source, as it was counted on the way, has its fate; what is told of as a finding has none. */
const BALANCE = `
  SELECT coalesce(sum(r.source), 0) AS compared,
    coalesce(sum(abs(r.source - f.under + f.over + f.gone - r.loaded - r.quarantined - r.excluded)), 0) AS found
  FROM ${SETTLED_RANGES}, ${FOUND(`${isOf('stale', 'duplicate')} OR ${UNSOURCED}`, isOf('new', 'missing', 'deleted_in_target'))}
  WHERE ${IS_SETTLED}`;
