/**
 * A person leaves rows in quarantine out, or takes that back. From then on, and in the same transaction, they count as excluded
 * by decision, or as quarantined again: as a line of the migration's latest run, whose own lines are history.
 */
import { CarryoverError, listProblems } from '../../shared/errors';
import type { RowChoice } from '../../shared/quarantine-input';
import type { Decider } from '../ledger/accept-findings';
import { recordDecision } from '../ledger/audit';
import { lockStarts } from '../ledger/run-row';
import type { Target, TargetQueries } from '../target/session';
import { withTransaction } from '../target/transaction';

/** What a decision makes of a row: its state, and what it counted as and counts as. */
const CHANGES = {
  dismiss: { from: 'open', to: 'dismissed', was: 'quarantined', now: 'excluded', nothing: 'Nothing was dismissed:' },
  restore: { from: 'dismissed', to: 'open', was: 'excluded', now: 'quarantined', nothing: 'Nothing was restored:' },
} as const;

export type RowDecision = keyof typeof CHANGES;

/**
 * Carries a decision out; one that was carried out before changes nothing, and is told in the same words.
 *
 * @returns what was done, in words
 * @throws CarryoverError `InputRefused` where a part of it cannot be done: then nothing is
 */
export async function decideRows(
  target: Target,
  verb: RowDecision,
  choice: RowChoice,
  { workflow, workflowRun, who }: Decider,
): Promise<string> {
  const { migration, why, by } = choice;
  const decision = `${verb} ${workflowRun}`;
  return withTransaction(target, 'dismiss', async (session) => {
    // No run of the migration begins meanwhile: it would have to know which rows it leaves out.
    await lockStarts(session, migration);
    const before = await findDecided(session, workflow, decision);
    if (before !== null) return say(verb, migration, before);
    const { run, base } = await requireQuiet(session, verb, migration);
    const wanted = await readRows(session, verb, choice);
    const details = {
      rows: wanted.length,
      ...(choice.reasons === undefined ? {} : { reasons: choice.reasons.join(', ') }),
      ...(choice.rows === undefined ? {} : { numbers: shorten(choice.rows) }),
      ...(wanted.some(({ purged }) => purged) ? { purged: wanted.filter(({ purged }) => purged).length } : {}),
    };
    await recordDecision(session, { verb, who, by, reason: why, migration, run, details, workflow, decision });
    const audited = await session.query<{ audit_id: string }>(
      'dismiss.audited',
      'SELECT audit_id FROM carryover.audit WHERE workflow = $1 AND decision = $2',
      [workflow, decision],
    );
    const numbers = wanted.map(({ number }) => number);
    await settle(session, verb, run, base, numbers);
    const { to } = CHANGES[verb];
    await session.query(
      'dismiss.state',
      'UPDATE carryover.quarantine SET state = $2, dismissal = $3 WHERE number = ANY ($1::bigint[])',
      [numbers, to, to === 'dismissed' ? audited.rows[0]!.audit_id : null],
    );
    return say(verb, migration, details);
  });
}

interface Decided {
  readonly rows: number;
  /** Rows whose values are gone. */
  readonly purged?: number;
}

async function findDecided(session: TargetQueries, workflow: string, decision: string): Promise<Decided | null> {
  const found = await session.query<{ details: Decided }>(
    'dismiss.decided',
    'SELECT details FROM carryover.audit WHERE workflow = $1 AND decision = $2',
    [workflow, decision],
  );
  return found.rows[0]?.details ?? null;
}

/** @returns the migration's latest run, and the full run that it stands on */
async function requireQuiet(
  session: TargetQueries,
  verb: RowDecision,
  migration: string,
): Promise<{ run: string; base: string }> {
  const found = await session.query<{ run_id: string; base: string; state: string; base_state: string }>(
    'dismiss.runs',
    `SELECT r.run_id, b.run_id AS base, r.state, b.state AS base_state
     FROM carryover.runs r JOIN carryover.runs b ON b.run_id = coalesce(r.base_run, r.run_id)
     WHERE r.migration = $1 ORDER BY r.run_id DESC LIMIT 1`,
    [migration],
  );
  const [latest] = found.rows;
  const why =
    latest === undefined
      ? `${migration} has not been migrated: it has no row in quarantine`
      : latest.state === 'open'
        ? `run ${latest.run_id} of ${migration} is open, and decides about its rows itself: wait for its end, or ` +
          `abandon it where nobody goes on with it`
        : latest.base_state !== 'finished'
          ? `run ${latest.base} of ${migration} is ${latest.base_state}, so not every row was looked at. Start migrate`
          : null;
  if (why !== null) throw new CarryoverError('InputRefused', `${CHANGES[verb].nothing} ${why}.`);
  return { run: latest!.run_id, base: latest!.base };
}

interface Wanted {
  readonly number: string;
  readonly purged: boolean;
}

async function readRows(session: TargetQueries, verb: RowDecision, choice: RowChoice): Promise<Wanted[]> {
  const { migration, rows: numbers, reasons } = choice;
  const { from, nothing } = CHANGES[verb];
  const found = await session.query<Wanted & { state: string }>(
    'dismiss.rows',
    `SELECT number, state, source_row IS NULL AS purged FROM carryover.quarantine
     WHERE migration = $1 AND ($2::bigint[] IS NULL AND state = $4 OR number = ANY ($2))
       AND ($3::text[] IS NULL OR reason = ANY ($3)) ORDER BY number FOR UPDATE`,
    [migration, numbers ?? null, reasons ?? null, from],
  );
  const known = new Set(found.rows.map(({ number }) => number));
  const unknown = (numbers ?? []).filter((number) => !known.has(number));
  const others = found.rows.filter(({ state }) => state !== from);
  const which = reasons === undefined ? '' : ` for ${reasons.join(' or ')}`;
  const problems = [
    ...(unknown.length > 0
      ? [
          `the quarantine of ${migration} has no row ${shorten(unknown)}; \`carryover quarantine list ${migration}\` does`,
        ]
      : []),
    ...[...new Set(others.map(({ state }) => state))].map(
      (state) =>
        `${shorten(others.filter((row) => row.state === state).map(({ number }) => number))}: ` +
        `${state === 'dismissed' ? 'dismissed already' : `${state}, and not ${from}`}`,
    ),
    ...(numbers === undefined && found.rows.length === 0 ? [`no row of ${migration} is ${from}${which}`] : []),
  ];
  if (problems.length > 0) throw new CarryoverError('InputRefused', listProblems(nothing, problems));
  return found.rows;
}

/**
 * Notes what the rows count as from now on, where they count at all: a row that was gone from the source before the full run counts
 * as nothing, and stays so.
 */
async function settle(
  session: TargetQueries,
  verb: RowDecision,
  run: string,
  base: string,
  numbers: readonly string[],
): Promise<void> {
  const { was, now } = CHANGES[verb];
  await session.query(
    'dismiss.standing',
    `INSERT INTO carryover.settled_keys (run_id, batch, legacy_key, base_run, base_batch, was, now)
     SELECT $1, NULL, q.legacy_key, $2, coalesce(s.base_batch, h.batch, d.batch), $4, $5
     FROM carryover.quarantine q
     LEFT JOIN LATERAL (SELECT x.now, x.base_batch FROM carryover.settled_keys x
       WHERE x.base_run = $2 AND x.legacy_key = q.legacy_key ORDER BY x.run_id DESC, x.settled_at DESC LIMIT 1) s ON true
     LEFT JOIN carryover.quarantine_occurrences h ON h.run_id = $2 AND h.legacy_key = q.legacy_key
     LEFT JOIN carryover.dismissal_occurrences d ON d.run_id = $2 AND d.legacy_key = q.legacy_key
     WHERE q.number = ANY ($3::bigint[])
       AND coalesce(s.now, CASE WHEN h.batch IS NOT NULL THEN 'quarantined' WHEN d.batch IS NOT NULL THEN 'excluded' END) = $4
     ON CONFLICT (run_id, coalesce(batch, 0), legacy_key) DO UPDATE SET now = excluded.now, settled_at = now()`,
    [run, base, numbers, was, now],
  );
}

/** The first twenty, and how many more. */
function shorten(numbers: readonly string[]): string {
  const more = numbers.length - 20;
  return `${numbers.slice(0, 20).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function say(verb: RowDecision, migration: string, { rows, purged = 0 }: Decided): string {
  const what = `${rows} ${rows === 1 ? 'row' : 'rows'} of ${migration}`;
  if (verb === 'dismiss') {
    return (
      `${what} ${rows === 1 ? 'is' : 'are'} dismissed: excluded by decision, as long as the source has them as they are; ` +
      `restore takes it back`
    );
  }
  const values =
    purged === 0 ? '' : `; the values of ${purged} are purged, and a replay reads them from the source anew`;
  return `${what} ${rows === 1 ? 'is' : 'are'} in quarantine again${values}`;
}
