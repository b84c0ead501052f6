/** Verifications in the ledger: planned with all that is to be looked at, so that what was not stays visible. */
import type { Unverified, VerifyPlan } from '../../shared/verification';
import type { LegacyKey } from '../source/expressions';
import type { Target, TargetQueries } from '../target/session';
import { withTransaction } from '../target/transaction';
import type { PlannedRange } from '../verify/plan-ranges';
import { planRanges, within } from '../verify/plan-ranges';
import { WHOLE } from '../verify/range';
import type { OpenRange } from '../verify/range';
import type { BatchState } from '../../shared/batch-states';
import { isLeftOut } from './skipped';
import { endWith, latestRun, ownRun } from './verified-run';
import type { OwnRun, VerifiedRun } from './verified-run';

export interface NewVerification {
  readonly migration: string;
  readonly final: boolean;
  readonly fingerprint: string;
  readonly sourceIdentity: object;
  readonly targetIdentity: object;
  readonly workflow: string;
  /** Run of the workflow, or a name of its own for each time that one ends a run: a plan that is asked for twice is the same. */
  readonly workflowRun: string;
  /** The keys that are looked at, where not all are. */
  readonly only?: OpenRange;
  /** The run that is to end with it; without, it is of the migration's latest. */
  readonly closing?: OwnRun;
  /** False where ranges of the key are not the same rows on both servers: then there is one range. */
  readonly cuts: boolean;
  /** Names of the checks, in the order of the report. */
  readonly checks: readonly string[];
}

/** Source rows that a range is to have; more where there would be too many ranges for one history. */
const RANGE_ROWS = 50_000;
const MOST_RANGES = 400;

export async function planVerification(
  target: Target,
  wanted: NewVerification,
): Promise<Omit<VerifyPlan, 'concurrency'>> {
  return withTransaction(target, 'verify.plan', async (session) => {
    await session.query('verify.lockPlans', 'SELECT pg_advisory_xact_lock(hashtextextended($1, 7))', [
      `carryover verify ${wanted.migration}`,
    ]);
    const verification = (await findPlanned(session, wanted)) ?? (await insert(session, wanted));
    const counted = await session.query<{ ranges: string }>(
      'verify.countRanges',
      'SELECT count(*) AS ranges FROM carryover.verified_ranges WHERE verification_id = $1',
      [verification],
    );
    return { verification, migration: wanted.migration, ranges: Number(counted.rows[0]!.ranges) };
  });
}

/** The one that this run of the workflow has planned before, whose answer was lost. */
async function findPlanned(session: TargetQueries, { workflowRun }: NewVerification): Promise<string | null> {
  const found = await session.query<{ verification_id: string }>(
    'verify.find',
    'SELECT verification_id FROM carryover.verifications WHERE workflow_run = $1',
    [workflowRun],
  );
  return found.rows[0]?.verification_id ?? null;
}

async function insert(session: TargetQueries, wanted: NewVerification): Promise<string> {
  const { migration, closing } = wanted;
  const run =
    closing === undefined ? await latestRun(session, migration, wanted) : await ownRun(session, closing, wanted);
  const inserted = await session.query<{ verification_id: string }>(
    'verify.insert',
    `INSERT INTO carryover.verifications (migration, run_id, final, fingerprint, source_identity, target_identity,
       workflow, workflow_run, partial, carries)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,
       EXISTS (SELECT FROM carryover.runs r WHERE r.run_id = $10 AND r.mode = 'changed')) RETURNING verification_id`,
    [
      migration,
      run.run_id,
      wanted.final,
      wanted.fingerprint,
      JSON.stringify(wanted.sourceIdentity),
      JSON.stringify(wanted.targetIdentity),
      wanted.workflow,
      wanted.workflowRun,
      wanted.only !== undefined,
      closing?.run ?? null,
    ],
  );
  const id = inserted.rows[0]!.verification_id;
  if (closing !== undefined) await endWith(session, closing.run, id);
  const cut = await rangesOf(session, run);
  const all = wanted.cuts ? cut : [wholeOf(cut)];
  const ranges = wanted.only === undefined ? all : within(all, wanted.only);
  await session.query(
    'verify.insertRanges',
    `INSERT INTO carryover.verified_ranges (verification_id, range, after_key, to_key, fate, first_batch, last_batch)
     SELECT $1, row_number() OVER (ORDER BY r.position), r.after_key, r.to_key, r.fate, r.first_batch, r.last_batch
     FROM jsonb_to_recordset($2::jsonb)
       AS r (position integer, after_key jsonb, to_key jsonb, fate text, first_batch integer, last_batch integer)`,
    [
      id,
      JSON.stringify(
        ranges.map(({ after, to, fate, batches }, position) => {
          const [first, last] = batches ?? [null, null];
          return { position, after_key: after, to_key: to, fate, first_batch: first, last_batch: last };
        }),
      ),
    ],
  );
  await session.query(
    'verify.insertChecks',
    `INSERT INTO carryover.verification_checks (verification_id, position, name)
     SELECT $1, position, name FROM unnest($2::text[]) WITH ORDINALITY AS c (name, position)`,
    [id, wanted.checks],
  );
  return id;
}

/** All ranges as one. */
function wholeOf(ranges: readonly PlannedRange[]): PlannedRange {
  const batches = ranges.flatMap((range) => range.batches ?? []);
  return {
    ...WHOLE,
    fate: 'settled',
    batches: batches.length === 0 ? null : [Math.min(...batches), Math.max(...batches)],
  };
}

async function rangesOf(
  session: TargetQueries,
  { run_id: run, cut_to_end: cutToEnd }: VerifiedRun,
): Promise<PlannedRange[]> {
  const found = await session.query<{
    batch: number;
    to_key: LegacyKey;
    state: BatchState;
    ever_loaded: boolean;
    source: string;
    is_left_out: boolean;
  }>(
    'verify.batches',
    `SELECT batch, to_key, state, ever_loaded, source, ${isLeftOut('b')} AS is_left_out
     FROM carryover.batches b WHERE run_id = $1 ORDER BY batch`,
    [run],
  );
  const batches = found.rows.map((row) => ({
    batch: row.batch,
    to: row.to_key,
    state: row.state,
    loaded: row.ever_loaded || (row.state === 'skipped' && !row.is_left_out),
    leftOut: row.is_left_out,
    rows: Number(row.source),
  }));
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
  return planRanges(batches, cutToEnd, Math.max(RANGE_ROWS, rows / MOST_RANGES));
}

/** Numbers of the ranges, and names of the checks, that are not verified. */
export async function readUnverified(target: TargetQueries, verification: string): Promise<Unverified> {
  const found = await target.query<{ ranges: number[] | null; checks: string[] | null }>(
    'verify.unverified',
    `SELECT (SELECT array_agg(range ORDER BY range) FROM carryover.verified_ranges
             WHERE verification_id = $1 AND state <> 'verified') AS ranges,
            (SELECT array_agg(name ORDER BY position) FROM carryover.verification_checks
             WHERE verification_id = $1 AND state <> 'verified') AS checks`,
    [verification],
  );
  return { ranges: found.rows[0]!.ranges ?? [], checks: found.rows[0]!.checks ?? [] };
}
