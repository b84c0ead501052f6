/**
 * The fence around a step of a batch. Every activity attempt draws a token; what it writes for good, it writes in one
 * transaction that holds the batch's row and finds its own token in it. So of two attempts that overlap, only the
 * newer can commit; and the newer first ends the older one's backend.
 */
import type { BatchRef, ValidateResult } from '../../shared/messages';
import type { BatchState } from '../../shared/batch-states';
import { CarryoverError } from '../../shared/errors';
import type { Transaction } from '../points';
import type { LegacyKey } from '../source/expressions';
import { behind, requireEpoch } from './epoch';
import { abortable } from '../target/cancellable';
import type { Target, TargetSession } from '../target/session';
import { inTransaction } from '../target/transaction';

export interface BatchRow {
  readonly state: BatchState;
  readonly afterKey: LegacyKey | null;
  readonly toKey: LegacyKey;
  readonly lowerKey: LegacyKey;
  /** Its keys, one by one; null where it is a range. */
  readonly list: readonly LegacyKey[] | null;
  /** True where it takes rows of a batch that was skipped. */
  readonly takesBack: boolean;
  /** What becomes of keys of its list that the source does not have; null where nothing does. */
  readonly gone: 'report' | 'mark' | 'delete' | null;
  /** True where the run writes anew what another writer changed or deleted. */
  readonly overwrites: boolean;
  readonly extractToken: string | null;
  readonly staged: number | null;
  readonly source: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly quarantined: number;
  readonly excluded: number;
  readonly takenAway: number;
  /** What its last validation found; null where there was none since its load. */
  readonly validated: ValidateResult | null;
}

/** True where nothing of the batch is to be loaded: its load has been committed, or a person has skipped it. */
export const isDone = (batch: BatchRow): boolean => ['loaded', 'validated', 'skipped'].includes(batch.state);

export interface Attempt {
  readonly ref: BatchRef;
  readonly token: string;
  readonly session: TargetSession;
  /** The batch as it was when the attempt began. */
  readonly batch: BatchRow;
  /** Runs `work` in one transaction under the batch's row lock, if this attempt is still the newest. */
  fenced<T>(name: Transaction, work: (batch: BatchRow) => Promise<T>): Promise<T>;
}

interface LedgerBatch {
  readonly state: BatchRow['state'];
  readonly after_key: LegacyKey | null;
  readonly to_key: LegacyKey;
  readonly lower_key: LegacyKey;
  readonly legacy_keys: readonly LegacyKey[] | null;
  readonly takes_back: boolean;
  readonly gone: 'report' | 'mark' | 'delete' | null;
  readonly overwrites: boolean;
  readonly extract_token: string | null;
  readonly staged: string | null;
  readonly source: string;
  readonly inserted: string;
  readonly updated: string;
  readonly unchanged: string;
  readonly quarantined: string;
  readonly excluded: string;
  readonly taken_away: string;
  readonly compared: string | null;
  readonly differences: string | null;
  readonly cause: string | null;
  readonly token: string | null;
  readonly epoch: string;
  readonly fingerprint: string;
  readonly source_identity: object;
}

const SELECT_BATCH = `
SELECT b.state, b.after_key, b.to_key, r.lower_key, b.legacy_keys, b.takes_back IS NOT NULL AS takes_back, CASE WHEN b.gone THEN r.gone_policy END AS gone, r.overwrites, b.extract_token, b.staged, b.source, b.inserted,
       b.updated, b.unchanged, b.quarantined, b.excluded, b.taken_away, b.compared, b.differences, b.cause, b.token, r.epoch, r.fingerprint,
       r.source_identity
FROM carryover.batches b JOIN carryover.runs r USING (run_id)
WHERE b.run_id = $1 AND b.batch = $2`;

const overtaken = (ref: BatchRef): CarryoverError =>
  new CarryoverError(
    'Overtaken',
    `batch ${ref.batch} of run ${ref.run} is worked on by another attempt, which drew its token later`,
  );

/** A batch that was set aside is a person's matter: an attempt that comes late must not begin it again. */
function requireInHand(ref: BatchRef, { state, cause }: LedgerBatch): void {
  if (state !== 'parked' && state !== 'skipped') return;
  const why = cause === null ? '' : ` (${cause})`;
  throw new CarryoverError(
    'BatchSetAside',
    `batch ${ref.batch} of run ${ref.run} is ${state} in the ledger${why}; retryBatch runs it again`,
  );
}

function toBatchRow(row: LedgerBatch): BatchRow {
  return {
    state: row.state,
    afterKey: row.after_key,
    toKey: row.to_key,
    lowerKey: row.lower_key,
    list: row.legacy_keys,
    takesBack: row.takes_back,
    gone: row.gone,
    overwrites: row.overwrites,
    extractToken: row.extract_token,
    staged: row.staged === null ? null : Number(row.staged),
    source: Number(row.source),
    inserted: Number(row.inserted),
    updated: Number(row.updated),
    unchanged: Number(row.unchanged),
    quarantined: Number(row.quarantined),
    excluded: Number(row.excluded),
    takenAway: Number(row.taken_away),
    validated: row.compared === null ? null : { compared: Number(row.compared), differences: Number(row.differences) },
  };
}

/** What this worker works with; a run goes on only with what it began with. */
export interface Hands {
  readonly fingerprint: string;
  readonly sourceIdentity: object;
}

/**
 * @throws CarryoverError `MappingUnknownHere`, which is tried again: another worker may have what the run began with
 */
export function requireSameHands(
  what: string,
  began: { fingerprint: string; source_identity: object },
  hands: Hands,
): void {
  const other = [
    began.fingerprint !== hands.fingerprint && 'mapping',
    sorted(began.source_identity) !== sorted(hands.sourceIdentity) && 'source server or schema',
  ].filter(Boolean);
  if (other.length === 0) return;
  throw new CarryoverError(
    'MappingUnknownHere',
    `this worker has another ${other.join(' and another ')} than ${what} began with: give it what that began ` +
      `with, or let another worker take it`,
  );
}

const sorted = (identity: object): string => JSON.stringify(Object.entries(identity).sort());

/** The batch's line, if its run is still the one's that asks. */
function requireOwn(ref: BatchRef, row: LedgerBatch | undefined): LedgerBatch {
  if (row === undefined) throw behind(`the ledger knows no batch ${ref.batch} of run ${ref.run}`);
  requireEpoch(ref.run, ref.epoch, row.epoch);
  return row;
}

/** Ends the backend of an attempt that did not end by itself: its worker died, or was stopped, in mid-statement. */
const END_OLDER = `
SELECT pg_terminate_backend(a.pid)
FROM carryover.batches b JOIN pg_stat_activity a ON a.pid = b.backend_pid AND a.backend_start = b.backend_start
WHERE b.run_id = $1 AND b.batch = $2 AND a.pid <> pg_backend_pid()`;

const FORGET_BACKEND = `
UPDATE carryover.batches SET backend_pid = NULL, backend_start = NULL
WHERE run_id = $1 AND batch = $2 AND token = $3 AND backend_pid IS NOT NULL`;

const DRAW_TOKEN = `
UPDATE carryover.batches b
SET token = nextval('carryover.attempt_token'), backend_pid = pg_backend_pid(),
    backend_start = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()),
    attempts = attempts + 1, step = $3,
    state = CASE WHEN $3 IN ('extract', 'undo') AND state = 'planned' THEN 'running' ELSE state END
WHERE run_id = $1 AND batch = $2
RETURNING token, backend_pid`;

/**
 * Begins an attempt at a step of a batch and runs `work` with it.
 *
 * @param signal cancels the statement that runs on the server
 * @throws CarryoverError `Superseded` where another owner has the run, `Overtaken` where a newer attempt has the batch,
 *   `BatchSetAside` where a person has to decide about it
 */
export async function withAttempt<T>(
  target: Target,
  ref: BatchRef,
  step: string,
  signal: AbortSignal,
  hands: Hands,
  work: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  const session = await target.connect();
  let cancel: (() => void) | undefined;
  let failed = true;
  try {
    const read = await session.query<LedgerBatch>('attempt.read', SELECT_BATCH, [ref.run, ref.batch]);
    const found = requireOwn(ref, read.rows[0]);
    requireSameHands(`run ${ref.run}`, found, hands);
    const batch = toBatchRow(found);
    // What a validation or a load has recorded is told again, also where the batch was set aside with it.
    if ((step === 'extract' || step === 'undo') && batch.state === 'parked') requireInHand(ref, found);
    await session.query('attempt.endOlder', END_OLDER, [ref.run, ref.batch]);
    // Batches run beside each other: helpers of one would only take the processors of another.
    await session.query('attempt.withoutHelpers', 'SET max_parallel_workers_per_gather = 0');
    const drawn = await session.query<{ token: string; backend_pid: string }>('attempt.drawToken', DRAW_TOKEN, [
      ref.run,
      ref.batch,
      step,
    ]);
    const { token, backend_pid: pid } = drawn.rows[0]!;
    cancel = () => void target.query('attempt.cancel', 'SELECT pg_cancel_backend($1)', [pid]).catch(() => undefined);
    signal.addEventListener('abort', cancel);
    if (signal.aborted) cancel();
    const own = abortable(session, signal);
    const attempt: Attempt = {
      ref,
      token,
      session: own,
      batch,
      fenced: (name, inside) => fenced(own, ref, token, name, inside),
    };
    const result = await work(attempt);
    await session.query('attempt.withHelpers', 'RESET max_parallel_workers_per_gather');
    // The connection goes back to the pool: its backend is no longer this attempt's, and must not be ended as such.
    await session.query('attempt.forgetBackend', FORGET_BACKEND, [ref.run, ref.batch, token]);
    // A cancellation that is still on its way must not meet whoever gets the connection next.
    failed = signal.aborted;
    return result;
  } finally {
    if (cancel !== undefined) signal.removeEventListener('abort', cancel);
    // After a failure the connection goes too, so that its backend can never be mistaken for a later attempt's.
    session.release(failed);
  }
}

function fenced<T>(
  session: TargetSession,
  ref: BatchRef,
  token: string,
  name: Transaction,
  work: (batch: BatchRow) => Promise<T>,
): Promise<T> {
  return inTransaction(session, name, async () => {
    const locked = await session.query<LedgerBatch>(
      'attempt.lock',
      `${SELECT_BATCH} FOR UPDATE OF b FOR KEY SHARE OF r`,
      [ref.run, ref.batch],
    );
    const row = requireOwn(ref, locked.rows[0]);
    if (row.token !== token) throw overtaken(ref);
    requireInHand(ref, row);
    const result = await work(toBatchRow(row));
    await session.query(
      'attempt.letGo',
      'UPDATE carryover.batches SET backend_pid = NULL, backend_start = NULL WHERE run_id = $1 AND batch = $2',
      [ref.run, ref.batch],
    );
    return result;
  });
}
