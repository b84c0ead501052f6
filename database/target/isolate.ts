/**
 * A row that the target refuses unforeseen must not take its batch along: the write is halved until the refused rows
 * stand alone. They go to quarantine, a few of them; more than a few are no matter of single rows, and stop the load.
 */
import { CarryoverError } from '../../shared/errors';
import type { TimedMapping } from '../converters/converter';
import type { Attempt } from '../ledger/attempts';
import { mayBeIsolated } from '../sql-errors';
import type { LoadNotes } from './load-notes';
import type { StageTables } from './stage';
import { writeRows } from './write-rows';
import type { Part, Written } from './write-rows';

/** SQLSTATE of refusals for the sake of another row that has the value. */
export const FOR_ANOTHER: readonly string[] = ['23505', '23P01'];

/** The same, or of one that is not there: what refused the row may come, or go, with its neighbours. */
const FOR_A_NEIGHBOUR = [...FOR_ANOTHER, '23503'];

/** So many times the limit may be refused for a neighbour, until all of these have been tried. */
const MOST_TIMES = 10;

/** Rows of a batch that may be isolated: the smaller of 100 and 1 %, but at least 10. */
export const isolationLimit = (staged: number): number => Math.max(10, Math.min(100, Math.floor(staged / 100)));

/**
 * Writes the fit rows of a batch. Those that the target refuses are listed as unfit, with reason `constraint_rejected`.
 *
 * @param staged rows of the batch, by which the limit is drawn
 * @throws CarryoverError `RowsRefused` beyond the limit; what no halving can find passes through
 */
export async function writeIsolating(
  attempt: Attempt,
  mapping: TimedMapping,
  tables: StageTables,
  notes: LoadNotes,
  fresh: boolean,
  staged: number,
): Promise<Written> {
  const { session } = attempt;
  const limit = isolationLimit(staged);
  /** Rows that were refused, by their number in the stage, with why. */
  const aside = new Map<number, CarryoverError>();

  const write = (part: Part): Promise<Written> => writeRows(attempt, mapping, tables, notes, fresh, part);

  const waiting = (): number[] =>
    [...aside].filter(([, { code = '' }]) => FOR_A_NEIGHBOUR.includes(code)).map(([n]) => n);

  /** The part, under a savepoint of its own; the refusal of it where there is one. */
  const attemptPart = async (part: Part): Promise<Written | CarryoverError> => {
    await session.query('load.savepoint', 'SAVEPOINT part');
    try {
      const written = await write(part);
      await session.query('load.release', 'RELEASE SAVEPOINT part');
      return written;
    } catch (error) {
      if (!mayBeIsolated(error) || !(error instanceof CarryoverError)) throw error;
      await session.query('load.rollbackTo', 'ROLLBACK TO SAVEPOINT part');
      await session.query('load.releaseFailed', 'RELEASE SAVEPOINT part');
      return error;
    }
  };

  const setAside = async (n: number, error: CarryoverError): Promise<void> => {
    aside.set(n, error);
    if (aside.size - waiting().length > limit || aside.size > limit * MOST_TIMES)
      throw tooMany(mapping, limit, staged, error);
    await session.query(
      'load.isolate',
      `INSERT INTO ${tables.unfit} (n, reasons, columns) VALUES ($1, ARRAY['constraint_rejected'], ARRAY[$2::text])`,
      [n, error.constraint ?? `SQLSTATE ${error.code ?? 'unknown'}`],
    );
  };

  // What was written of one half stays while the other is tried: a row may be refused for its neighbour's sake.
  const halve = async (part: { from: number; to: number }, error: CarryoverError): Promise<Written> => {
    if (part.from === part.to) {
      await setAside(part.from, error);
      return { inserted: 0, updated: 0 };
    }
    const middle = Math.floor((part.from + part.to) / 2);
    const left = await tried({ from: part.from, to: middle });
    const right = await tried({ from: middle + 1, to: part.to });
    return sumOf(left, right);
  };

  const tried = async (part: { from: number; to: number }): Promise<Written> => {
    const outcome = await attemptPart(part);
    return outcome instanceof CarryoverError ? halve(part, outcome) : outcome;
  };

  const whole = await attemptPart(null);
  if (!(whole instanceof CarryoverError)) return whole;
  const bounds = await session.query<{ from: number; to: number }>(
    'load.bounds',
    `SELECT min(n)::float8 AS from, max(n)::float8 AS to FROM ${tables.rows}`,
  );
  let written = await halve(bounds.rows[0]!, whole);
  // A row may refer to one that was not there yet when it was tried alone: such are tried again, until none comes through.
  for (let saved = true; saved;) {
    saved = false;
    for (const n of waiting()) {
      await session.query(
        'load.takeUp',
        `DELETE FROM ${tables.unfit} WHERE n = $1 AND reasons = '{constraint_rejected}'`,
        [n],
      );
      aside.delete(n);
      const once = await tried({ from: n, to: n });
      saved ||= !aside.has(n);
      written = sumOf(written, once);
    }
  }
  const tooMuch = [...aside.values()][limit];
  if (tooMuch !== undefined) throw tooMany(mapping, limit, staged, tooMuch);
  return written;
}

const sumOf = (one: Written, other: Written): Written => ({
  inserted: one.inserted + other.inserted,
  updated: one.updated + other.updated,
});

function tooMany(mapping: TimedMapping, limit: number, staged: number, error: CarryoverError): CarryoverError {
  const { schema, table } = mapping.target;
  return new CarryoverError(
    'RowsRefused',
    // The server does not name the table where a trigger raises; who mends the rule needs it.
    `the target refused more than ${limit} of the batch's ${staged} rows for ${schema}.${table}, too many for single rows: ` +
      `see to its constraints and triggers, then retryBatch; the last refusal: ${error.message}`,
    error.code,
  );
}
