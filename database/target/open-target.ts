/**
 * Connections to the target (PostgreSQL). Sessions are pinned, so that a value reads as the same text everywhere, and
 * bounded, so that a stopped process cannot hold a batch for ever.
 */
import pg from 'pg';
import { passage } from '../interposer';
import type { Interposer } from '../interposer';
import { KEEP_ALIVE_MS, STATEMENT_LIMIT_MS } from '../limits';
import { classified } from '../sql-errors';
import { targetOver } from './session';
import type { Target } from './session';

/** Milliseconds; each below the start-to-close timeout of the activities, so that no statement outlives its attempt. */
const LIMITS = {
  statement_timeout: STATEMENT_LIMIT_MS,
  lock_timeout: 30_000,
  idle_in_transaction_session_timeout: 60_000,
} as const;

const PINNED =
  '-c TimeZone=UTC -c DateStyle=ISO,YMD -c IntervalStyle=postgres -c extra_float_digits=1 -c bytea_output=hex ' +
  '-c standard_conforming_strings=on -c client_min_messages=error ' +
  // Compiling a batch's long expressions takes longer than evaluating them for its rows.
  '-c jit=off ' +
  // Lookups are probed by key: at the server's usual price of a random page, a large one would be read whole instead.
  '-c random_page_cost=1.1';

/**
 * @param url postgres://user:password@host:port/database
 * @param connections most connections at once
 * @param interposer called at each statement's point; production has none
 */
export function openTarget(url: string, connections = 12, interposer?: Interposer): Target {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 10_000,
    application_name: 'carryover',
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    options: PINNED,
    ...LIMITS,
  });
  // An idle connection that the server ends is no error of anybody: the next checkout opens a new one.
  pool.on('error', () => undefined);
  // Neither is one that is lost in use: its statement fails. Without a listener the event would end the whole worker.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return targetOver(pool, passage('target', interposer), () => classified('target', pool.connect()));
}
