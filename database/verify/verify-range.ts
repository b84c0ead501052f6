/** Verifies one range of a verification and writes down what it holds; what is written down once is not looked at again. */
import type { TimedMapping } from '../converters/converter';
import { CarryoverError } from '../../shared/errors';
import type { RangeRef, VerifiedRange } from '../../shared/verification';
import { requireSameHands } from '../ledger/attempts';
import type { Hands } from '../ledger/attempts';
import type { Source } from '../source/open-source';
import { withCancellable } from '../target/cancellable';
import type { Target, TargetQueries, TargetSession } from '../target/session';
import { inTransaction } from '../target/transaction';
import { openNotes, tellMissing } from './compare-rows';
import type { Counts, Part } from './compare-rows';
import { lookAt } from './narrow';
import type { Fate } from './plan-ranges';
import type { OpenRange } from './range';

interface RangeLine {
  readonly after_key: OpenRange['after'];
  readonly to_key: OpenRange['to'];
  readonly fate: Fate;
  readonly state: 'not_verified' | 'verified';
  readonly source: string | null;
  readonly rows_read: string | null;
  readonly run_id: string;
  readonly open: boolean;
  readonly fingerprint: string;
  readonly source_identity: object;
}

const SELECT_RANGE = `
SELECT r.after_key, r.to_key, r.fate, r.state, r.source, r.rows_read, v.run_id, v.state = 'open' AS open, v.fingerprint,
       v.source_identity
FROM carryover.verified_ranges r JOIN carryover.verifications v USING (verification_id)
WHERE r.verification_id = $1 AND r.range = $2`;

/**
 * @throws CarryoverError `MappingUnknownHere` where the verification began with another mapping or source, `Superseded`
 *   where it is over
 */
export async function verifyRange(
  target: Target,
  source: Source,
  mapping: TimedMapping,
  hands: Hands,
  ref: RangeRef,
  signal: AbortSignal,
): Promise<VerifiedRange> {
  return withCancellable(target, signal, async (session) => {
    const line = await readLine(session, ref, SELECT_RANGE);
    if (line.state === 'verified') return recorded(line);
    requireOpen(ref, line);
    requireSameHands(`verification ${ref.verification}`, line, hands);
    const part: Part = {
      mapping,
      run: line.run_id,
      fate: line.fate,
      range: { after: line.after_key, to: line.to_key },
    };
    const began = performance.now();
    await openNotes(session);
    const looked = await lookAt(session, source, part, signal);
    await tellMissing(session, part);
    return record(session, ref, part, looked, (performance.now() - began) / 1000);
  });
}

async function readLine(session: TargetQueries, ref: RangeRef, sql: string): Promise<RangeLine> {
  const found = await session.query<RangeLine>('verify.line', sql, [ref.verification, ref.range]);
  const [line] = found.rows;
  if (line !== undefined) return line;
  throw new CarryoverError(
    'LedgerBehind',
    `the ledger knows no range ${ref.range} of verification ${ref.verification}: the target was restored; verify anew`,
  );
}

function requireOpen(ref: RangeRef, { open }: RangeLine): void {
  if (!open) throw new CarryoverError('Superseded', `verification ${ref.verification} is over; another may have begun`);
}

const recorded = ({ source, rows_read: read }: RangeLine): VerifiedRange => ({
  rows: Number(source),
  read: Number(read),
});

/** In one transaction: what was found, and that the range is verified. Of two attempts that overlap, one does it. */
function record(
  session: TargetSession,
  ref: RangeRef,
  { fate }: Part,
  { rows: moved, excluded, loaded, quarantined, dismissed, misplaced, read, content }: Counts,
  seconds: number,
): Promise<VerifiedRange> {
  return inTransaction(session, 'verify', async () => {
    const line = await readLine(session, ref, `${SELECT_RANGE} FOR UPDATE OF r`);
    if (line.state === 'verified') return recorded(line);
    requireOpen(ref, line);
    await session.query(
      'verify.findings',
      `INSERT INTO carryover.findings (verification_id, range, kind, legacy_key, columns, evidence)
       SELECT $1, $2, kind, legacy_key, columns, evidence FROM pg_temp.found ORDER BY legacy_key`,
      [ref.verification, ref.range],
    );
    const undecided = fate === 'settled' ? 0 : Math.max(0, moved - loaded - quarantined - dismissed);
    const rows = moved + excluded;
    await session.query(
      'verify.record',
      `UPDATE carryover.verified_ranges
       SET state = 'verified', verified_at = now(), source = $3, loaded = $4, quarantined = $5, excluded = $6, pending = $7,
           rows_read = $8, seconds = $9, misplaced = $10, content = $11, dismissed = $12
       WHERE verification_id = $1 AND range = $2`,
      [
        ref.verification,
        ref.range,
        rows,
        loaded,
        quarantined,
        excluded + dismissed + (fate === 'excluded' ? undecided : 0),
        fate === 'pending' ? undecided : 0,
        read,
        seconds,
        misplaced,
        content,
        dismissed,
      ],
    );
    return { rows, read };
  });
}
