/** What no range can see: checks over the whole table and of the ledger, each one of its own, so that one that fails is told. */
import { LINEAGE_HASHES, referencesOf, targetKey } from '../../mappings/mapping';
import type { Mapping } from '../../mappings/mapping';
import { CarryoverError } from '../../shared/errors';
import { DEFECTS } from '../../shared/findings';
import type { FindingKind } from '../../shared/findings';
import type { CheckRef } from '../../shared/verification';
import type { CheckResult } from '../../shared/verdict';
import type { Sql, TimedMapping } from '../converters/converter';
import { requireSameHands } from '../ledger/attempts';
import type { Hands } from '../ledger/attempts';
import { literalPg, quotePg, quotePgTable } from '../target/quote';
import type { Target, TargetQueries } from '../target/session';
import { withCancellable } from '../target/cancellable';
import { inTransaction } from '../target/transaction';
import { unfoundedReasons, wrongReferences } from './lookup-findings';

/** Counts faults that are no row's, as `compared` and `found`; or names rows, as `kind`, `key` and `columns`. */
type Check = { readonly counts: Sql } | { readonly names: readonly Sql[]; readonly compared: Sql };

type Builder = (mapping: TimedMapping, target: TargetQueries) => Check | Promise<Check>;

const tableOf = (mapping: Mapping): string => quotePgTable(mapping.target.schema, mapping.target.table);

/** By name, in the order of the report; bound are the migration, the verification and its run. */
const CHECKS: Readonly<Record<string, Builder>> = {
  references: (mapping) => ({
    names: wrongReferences(mapping),
    compared: `SELECT count(*) * ${referencesOf(mapping).length} AS compared FROM ${tableOf(mapping)}`,
  }),
  quarantine: (mapping) => ({
    names: unfoundedReasons(mapping),
    compared: `SELECT count(*) AS compared FROM carryover.quarantine WHERE migration = $1 AND state = 'open'`,
  }),
  duplicates: (mapping) => {
    const key = targetKey(mapping).map((column) => `t.${quotePg(column)}`);
    return {
      counts: `SELECT count(*) AS compared, count(*) - count(DISTINCT (${key.join(', ')})) AS found FROM ${tableOf(mapping)} t`,
    };
  },
  orphans: async (mapping, target) => ({ counts: orphans(mapping, await parentKeys(target, mapping)) }),
  metadata: (mapping) => {
    const lineage = `t.${quotePg(mapping.lineage.target)}`;
    const names = [
      ...mapping.lineage.values.map((value) => value.name),
      ...Object.keys(mapping.lineage.constants),
      ...Object.values(LINEAGE_HASHES),
    ];
    return {
      counts: `SELECT count(*) AS compared,
        count(*) FILTER (WHERE (${lineage} ?& ARRAY[${names.map(literalPg).join(', ')}]) IS NOT TRUE) AS found FROM ${tableOf(mapping)} t`,
    };
  },
  order: (mapping) => ({ counts: order(mapping) }),
  ledger: () => ({ counts: LEDGER }),
  balance: () => ({ counts: BALANCE }),
};

/** Names of the checks of a mapping. */
export const checksOf = (mapping: Mapping): string[] =>
  Object.keys(CHECKS).filter((name) => name !== 'order' || hasOrder(mapping));

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
    const counted = await look(session, check, [mapping.name, ref.verification, line.run_id]);
    await session.query('verify.usualMemory', 'RESET work_mem');
    const seconds = (performance.now() - began) / 1000;
    return inTransaction(session, 'verify.check', async () => {
      // Two attempts may overlap: what one has written down stands.
      const now = await readLine(session, ref, 'FOR UPDATE OF c');
      if (isVerified(now)) return resultOf(ref, now);
      if ('names' in check) {
        await session.query(
          'verify.name',
          `INSERT INTO carryover.findings (verification_id, kind, legacy_key, columns)
           SELECT $1, kind, key, columns FROM pg_temp.named ORDER BY key`,
          [ref.verification],
        );
      }
      await session.query(
        'verify.recordCheck',
        `UPDATE carryover.verification_checks SET state = 'verified', compared = $3, found = $4, seconds = $5
         WHERE verification_id = $1 AND name = $2`,
        [ref.verification, ref.check, counted.compared, counted.found, seconds],
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
async function look(session: TargetQueries, check: Check, bound: readonly unknown[]): Promise<Counted> {
  if ('counts' in check) return count(session, check.counts, bound);
  const { compared } = await count(session, `SELECT c.compared, 0 AS found FROM (${check.compared}) c`, bound);
  await session.query('verify.dropNamed', 'DROP TABLE IF EXISTS pg_temp.named');
  await session.query('verify.createNamed', 'CREATE TEMP TABLE named (kind text, key text, columns text[])');
  if (check.names.length === 0) return { compared, found: 0 };
  const named = await session.query(
    'verify.look',
    `INSERT INTO pg_temp.named
     SELECT min(kind), key, array_agg(DISTINCT col) FROM (${check.names.join(' UNION ALL ')}) w, unnest(columns) AS col
     WHERE ($1::text, $2::bigint, $3::bigint) IS NOT NULL AND NOT EXISTS (
       SELECT FROM carryover.findings f
       WHERE f.verification_id = $2 AND f.legacy_key = w.key AND f.kind IN (${DEFECTS.map(literalPg).join(', ')}))
     GROUP BY key`,
    bound,
  );
  return { compared, found: named.rowCount ?? 0 };
}

async function count(session: TargetQueries, sql: Sql, bound: readonly unknown[]): Promise<Counted> {
  const answer = await session.query<{ compared: string; found: string }>(
    'verify.count',
    // All are bound, whichever the check asks for.
    `SELECT c.* FROM (${sql}) c WHERE ($1::text, $2::bigint, $3::bigint) IS NOT NULL`,
    bound,
  );
  return { compared: Number(answer.rows[0]!.compared), found: Number(answer.rows[0]!.found) };
}

/** References of the target that point to no row of the table that their foreign key, or else their lookup, names. */
function orphans(mapping: Mapping, parents: ReadonlyMap<string, Sql>): Sql {
  const target = tableOf(mapping);
  const parts = referencesOf(mapping).map(({ reference }) => {
    const value = `t.${quotePg(reference.target)}`;
    const { table, value: answer } = reference.lookup;
    const known =
      parents.get(reference.target) ??
      `SELECT DISTINCT ${quotePg(answer)} AS key FROM ${quotePgTable(mapping.target.schema, table)}`;
    // As a join and not as NOT IN: the server may share a join among several processes.
    return `SELECT (SELECT count(*) FROM ${target} t WHERE ${value} IS NOT NULL) AS compared, (
        SELECT count(*) FROM ${target} t LEFT JOIN (${known}) p ON p.key = ${value}
        WHERE ${value} IS NOT NULL AND p.key IS NULL) AS found`;
  });
  if (parts.length === 0) return 'SELECT 0 AS compared, 0 AS found';
  return `SELECT sum(compared) AS compared, sum(found) AS found FROM (${parts.join(' UNION ALL ')}) p`;
}

/** For each target column under a foreign key of its own: a query that yields the keys of the parent table. */
async function parentKeys(target: TargetQueries, mapping: Mapping): Promise<Map<string, Sql>> {
  const found = await target.query<{ column: string; keys: string }>(
    'verify.parents',
    `SELECT a.attname AS column, format('SELECT %I AS key FROM %I.%I', p.attname, n.nspname, c.relname) AS keys
       FROM pg_constraint f
       JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
       JOIN pg_class c ON c.oid = f.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute p ON p.attrelid = f.confrelid AND p.attnum = f.confkey[1]
       WHERE f.contype = 'f' AND cardinality(f.conkey) = 1 AND f.conrelid = $1::regclass`,
    [tableOf(mapping)],
  );
  return new Map(found.rows.map((row) => [row.column, row.keys]));
}

const hasOrder = ({ report }: Mapping): boolean => report.case !== undefined && report.time !== undefined;

/** Within a case, rows in the order of their instants must be in the order of their wall clocks. */
function order(mapping: Mapping): Sql {
  const { case: group, time } = mapping.report;
  const key = targetKey(mapping).map((column) => `t.${quotePg(column)}`);
  const wall = `(t.${quotePg(time!)} AT TIME ZONE ${literalPg(mapping.time.zone)})`;
  return `SELECT count(*) AS compared, count(*) FILTER (WHERE earlier > wall) AS found FROM (
      SELECT ${wall} AS wall, lag(${wall}) OVER (PARTITION BY t.${quotePg(group!)} ORDER BY t.${quotePg(time!)}, ${key.join(', ')}) AS earlier
      FROM ${tableOf(mapping)} t) o`;
}

const SETTLED = `(SELECT range FROM carryover.verified_ranges WHERE verification_id = $2 AND fate = 'settled')`;

/** Findings of ranges by their kind. */
const found = (kinds: readonly FindingKind[], where = 'range IS NOT NULL'): Sql =>
  `(SELECT count(*) FROM carryover.findings
    WHERE verification_id = $2 AND ${where} AND kind IN (${kinds.map(literalPg).join(', ')}))`;

const verified = (column: string, where = 'true'): Sql =>
  `(SELECT coalesce(sum(${column}), 0) FROM carryover.verified_ranges WHERE verification_id = $2 AND ${where})`;

/** Of what was never settled, the run has counted nothing: rows that are there are those of an earlier one. */
const settled = (column: string): Sql => verified(column, `fate = 'settled'`);
const foundSettled = (...kinds: FindingKind[]): Sql => found(kinds, `range IN ${SETTLED}`);

/** What the batches of the run say was loaded and quarantined, against the rows that are there. */
const LEDGER = `
  SELECT rows AS compared, abs(loaded - (${settled('loaded')} - ${foundSettled('extra', 'stale', 'duplicate')}
           + ${foundSettled('missing', 'deleted_in_target')})) + abs(quarantined - ${settled('quarantined')}) AS found
  FROM (SELECT count(*) AS rows, coalesce(sum(loaded), 0) AS loaded, coalesce(sum(quarantined), 0) AS quarantined
        FROM carryover.batches WHERE run_id = $3 AND ever_loaded) b`;

/** Every row of the source, as it was counted on the way, has its fate; what is told of as a finding has none. */
const BALANCE = `
  SELECT ${verified('source')} AS compared,
    abs(${verified('source')} - ${found(['new', 'missing', 'deleted_in_target'])}
        + ${found(['gone', 'extra', 'stale', 'duplicate'])}
        - ${verified('loaded')} - ${verified('quarantined')} - ${verified('excluded')} - ${verified('pending')}) AS found`;
