/**
 * The one place where errors of drivers and servers become ours, by the tables of sql-error-rules.ts. What leaves here
 * holds no row value: only words that name objects are shown, DETAIL, HINT and CONTEXT never.
 */
import { types } from 'node:util';
import { CarryoverError } from '../shared/errors';
import { MYSQL_RULES, NETWORK_RULES, POSTGRES_RULES, WORD_RULES } from './sql-error-rules';
import type { Rule } from './sql-error-rules';

export type Side = 'source' | 'target';

interface DriverError {
  readonly code?: string;
  readonly errno?: number;
  readonly syscall?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  readonly severity?: string;
  /** PostgreSQL's context: set where a function or trigger raised the error, in words of its own. */
  readonly where?: string;
}

/** A server's or driver's refusal that no table lists. */
const UNKNOWN: Rule = { codes: [], becomes: 'DatabaseError', means: 'no known cause', next: "see the server's log" };

const SETTING: Readonly<Record<Side, string>> = { source: 'CARRYOVER_SOURCE_URL', target: 'CARRYOVER_TARGET_URL' };

const byCode = (...tables: (readonly Rule[])[]): ReadonlyMap<string, Rule> =>
  new Map(tables.flat().flatMap((rule) => rule.codes.map((code) => [code, rule] as const)));

const NETWORK = byCode(NETWORK_RULES);
const SERVER: Readonly<Record<Side, ReadonlyMap<string, Rule>>> = {
  source: byCode(MYSQL_RULES),
  target: byCode(POSTGRES_RULES),
};

const wordRule = (message: string): Rule | undefined =>
  WORD_RULES.find(({ codes }) => codes.some((words) => message.startsWith(words)));

/** Codes of Node for a call that was wrong, or given up: our own code's affair, but for those that the table has. */
const isNodes = (code: string): boolean => /^(ERR_|ABORT_ERR)/.test(code) && !NETWORK.has(code);

/** A file of ours that is missing is no server that is away. */
const isLocalFile = ({ code, syscall }: DriverError): boolean => code === 'ENOENT' && syscall !== 'connect';

/** True for errors that come from a driver or a server, and not from our own code. */
function isDriverError(error: unknown): error is DriverError & Error {
  // Of whatever realm: an error of Node's own is no instance of the Error of a sandbox, such as that of the tests.
  if (!types.isNativeError(error) || error instanceof CarryoverError) return false;
  const { code, errno, severity } = error as DriverError;
  if (typeof code === 'string') return !isNodes(code) && !isLocalFile(error as DriverError);
  return typeof errno === 'number' || severity !== undefined || wordRule(error.message) !== undefined;
}

/** The rule of an error; only one without a code is judged by its words, which may quote a value that reads alike. */
function ruleOf(side: Side, error: DriverError & Error): Rule {
  const { code, errno } = error;
  if (code === undefined && errno === undefined) return wordRule(error.message) ?? UNKNOWN;
  const network = NETWORK.get(code ?? '');
  if (network !== undefined) return network;
  if (side === 'source') return SERVER.source.get(String(errno)) ?? full(error) ?? UNKNOWN;
  const rule = SERVER.target.get(code ?? '') ?? SERVER.target.get(`${code?.slice(0, 2)}*`) ?? UNKNOWN;
  if (isOwnTable(error) && rule.becomes === 'DataRefused') return OWN_TABLE;
  // A function may raise any SQLSTATE: what it could not reach is not the target, and might never come back.
  if (rule.becomes === 'TargetUnavailable' && error.where !== undefined && !code?.startsWith('57P')) return UNKNOWN;
  return rule;
}

/** MySQL's and MariaDB's error 1030 tells a full disk by its number within the words. */
function full({ errno, message }: DriverError & Error): Rule | undefined {
  return errno === 1030 && /\berror 28\b/.test(message) ? SERVER.source.get('1021') : undefined;
}

/** Our own tables refuse what must not happen, whatever the rows: no row is to blame, and none is to be isolated. */
const OWN_TABLE: Rule = {
  codes: [],
  becomes: 'DatabaseError',
  means: 'a table of Carryover refuses what does not add up',
  next: 'it is tried again from the start of the step; else it is a defect',
};

const isOwnTable = ({ schema }: DriverError): boolean => /^(carryover|carryover_stage|pg_temp_\d+)$/.test(schema ?? '');

/** The server's words where they hold no value, else ours. */
function wordsOf(rule: Rule, error: DriverError & Error): string {
  if (error.where !== undefined) return rule.means;
  // Tells a time-out from a person's cancel: words of the server that have no place for a value.
  const cancelled = /^canceling statement due to [a-z -]+$/.test(error.message);
  return rule.speaks === true || cancelled ? error.message : rule.means;
}

/** Turns whatever a driver threw into an error of ours; errors of ours and of our code pass through. */
export function toCarryoverError(side: Side, error: unknown): unknown {
  if (!isDriverError(error)) return error;
  const rule = ruleOf(side, error);
  const code = error.code ?? (error.errno === undefined ? undefined : String(error.errno));
  const next = rule.next.replaceAll('{setting}', SETTING[side]);
  if (rule.becomes === 'Unavailable' || rule.becomes === 'SourceUnavailable' || rule.becomes === 'TargetUnavailable') {
    const type = side === 'source' ? 'SourceUnavailable' : 'TargetUnavailable';
    const found = `the ${side} ${rule.state ?? 'cannot be reached'} (${code ?? 'no code'}): ${rule.means}; ${next}`;
    return new CarryoverError(type, found, code);
  }
  const where = [
    numberOf(side, error),
    error.table && `table ${error.schema === undefined ? '' : `${error.schema}.`}${error.table}`,
    error.column && `column ${error.column}`,
    error.constraint && `constraint ${error.constraint}`,
  ].filter(Boolean);
  return new CarryoverError(
    rule.becomes,
    `the ${side} refused a statement (${where.join(', ')}): ${wordsOf(rule, error)}; ${next}`,
    code,
    error.constraint,
  );
}

function numberOf(side: Side, { code, errno }: DriverError): string {
  if (side === 'target') return code === undefined ? 'no SQLSTATE' : `SQLSTATE ${code}`;
  return [code, errno].filter((part) => part !== undefined).join(' ');
}

/** True where the target refused a value or a row of a statement, so that halving its rows can find which. */
export function mayBeIsolated(error: unknown): boolean {
  const converted = toCarryoverError('target', error);
  return converted instanceof CarryoverError && converted.type === 'DataRefused';
}

/** Awaits a promise and converts what it rejects with. */
export async function classified<T>(side: Side, promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw toCarryoverError(side, error);
  }
}
