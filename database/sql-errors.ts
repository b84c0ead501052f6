/**
 * The one place where errors of drivers and servers become ours. What leaves here holds no row value: the messages
 * of a server about a value (SQLSTATE classes 22 and 23, P0001, and most of MySQL's) are replaced, DETAIL and CONTEXT
 * are dropped.
 */
import { CarryoverError } from '../shared/errors';

export type Side = 'source' | 'target';

interface DriverError {
  readonly code?: string;
  readonly errno?: number;
  readonly sqlState?: string;
  readonly message?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  readonly severity?: string;
  /** PostgreSQL's context: set where a function or trigger raised the error, in words of its own. */
  readonly where?: string;
}

const NETWORK = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN',
  'PROTOCOL_CONNECTION_LOST', 'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR', 'ECONNABORTED', 'ENOENT',
]); // prettier-ignore

/** PostgreSQL: connection lost, shutting down, starting up, too many connections. */
const PG_UNAVAILABLE = /^(08...|57P0[1-5]|53300)$/;
/** PostgreSQL: serialization failure, deadlock, lock not available, statement cancelled. */
const PG_AGAIN = /^(40001|40P01|55P03|57014)$/;
/** MySQL: shutdown in progress, too many connections, connection killed, query interrupted by shutdown. */
const MY_UNAVAILABLE = new Set([1040, 1053, 1077, 1203, 1226, 1927, 2006, 2013, 4031]);

/** Server messages that name objects only, and help: undefined table, column, schema; privilege; disk full. */
const PG_SPEAKS_FREELY = /^(42...|3D000|3F000|28...|53...|0A000|25006)$/;
const MY_SPEAKS_FREELY = new Set([1044, 1045, 1049, 1054, 1142, 1143, 1146, 1021, 1227]);

/** What node-postgres says, without a code, when its connection is gone or did not come up in time. */
const DRIVER_LOST = /^Connection terminated|timeout exceeded|timeout expired|Client has encountered a connection error/;

const nameOf = (side: Side): string => (side === 'source' ? 'the source' : 'the target');

/** True for errors that come from a driver or a server, and not from our own code. */
function isDriverError(error: unknown): error is DriverError & Error {
  if (!(error instanceof Error) || error instanceof CarryoverError) return false;
  const { code, errno, severity } = error as DriverError;
  return code !== undefined || errno !== undefined || severity !== undefined || DRIVER_LOST.test(error.message);
}

/** Turns whatever a driver threw into an error of ours; errors of ours and of our code pass through. */
export function toCarryoverError(side: Side, error: unknown): unknown {
  if (!isDriverError(error)) return error;
  const code = error.code ?? String(error.errno ?? '');
  const unavailable = side === 'source' ? 'SourceUnavailable' : 'TargetUnavailable';
  const lost =
    NETWORK.has(code) ||
    PG_UNAVAILABLE.test(code) ||
    (error.errno !== undefined && MY_UNAVAILABLE.has(error.errno)) ||
    // Only where there is no code: the words of an error that has one may quote a value that reads alike.
    (code === '' && DRIVER_LOST.test(error.message));
  if (lost) {
    return new CarryoverError(
      unavailable,
      `${nameOf(side)} cannot be reached (${code || 'connection lost'}): is the server up, and are address and port right?`,
      code === '' ? undefined : code,
    );
  }
  const mysql = side === 'source';
  const where = [
    error.table && `table ${error.schema === undefined ? '' : `${error.schema}.`}${error.table}`,
    error.column && `column ${error.column}`,
    error.constraint && `constraint ${error.constraint}`,
  ].filter(Boolean);
  const freely = mysql
    ? error.errno !== undefined && MY_SPEAKS_FREELY.has(error.errno)
    : PG_SPEAKS_FREELY.test(code) && error.where === undefined;
  const number = mysql ? `${code}${error.errno === undefined ? '' : ` ${error.errno}`}` : `SQLSTATE ${code}`;
  const text = freely ? `: ${error.message}` : '';
  const at = where.length > 0 ? `, ${where.join(', ')}` : '';
  const again = !mysql && PG_AGAIN.test(code) ? '; it is tried again' : '';
  return new CarryoverError(
    'DatabaseError',
    `${nameOf(side)} refused a statement (${number}${at})${text}${again}`,
    code,
  );
}

/** Awaits a promise and converts what it rejects with. */
export async function classified<T>(side: Side, promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw toCarryoverError(side, error);
  }
}
