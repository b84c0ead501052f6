/**
 * Connections to the source (MySQL or MariaDB), under the one safe reading profile: values arrive as bytes, never as
 * JavaScript dates or numbers; the session's zone is UTC and its sql_mode empty, so that the server shows each value
 * as it is stored. The source is only read.
 */
import mysql from 'mysql2';
import type { Connection, ConnectionOptions, Pool, PoolConnection } from 'mysql2';
import { passage } from '../interposer';
import type { Interposer } from '../interposer';
import { KEEP_ALIVE_MS, STATEMENT_LIMIT_MS } from '../limits';
import { classified } from '../sql-errors';
import { OpenSession } from './session';
import type { SourceQueries, SourceSession } from './session';

export interface Source extends SourceQueries {
  /** Schema (database) that the URL names. */
  readonly database: string;
  /**
   * A connection of its own for a long read; the caller destroys it.
   *
   * @param signal ends what runs on it, here and on the server
   */
  dedicated(signal?: AbortSignal): Promise<SourceSession>;
  close(): Promise<void>;
}

/**
 * The statement's limit has another name and unit on each server: the first comment is read by MariaDB alone, the second
 * by MySQL from 5.7.8 on (MariaDB passes over MySQL's versions from 5.7 on).
 */
const SESSION =
  "SET SESSION time_zone = '+00:00', sql_mode = '', net_write_timeout = 3600, net_read_timeout = 3600 " +
  `/*M!100101 , max_statement_time = ${STATEMENT_LIMIT_MS / 1000} */ ` +
  `/*!50708 , max_execution_time = ${STATEMENT_LIMIT_MS} */`;

/** Milliseconds until a server that does not answer counts as unreachable. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Milliseconds without a byte, while rows are asked for, after which a read counts as lost. */
const SILENCE_MS = 120_000;

function connectionOptions(url: URL): ConnectionOptions {
  return {
    host: url.hostname,
    port: url.port === '' ? 3306 : Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
    charset: 'utf8mb4',
    connectTimeout: CONNECT_TIMEOUT_MS,
    enableKeepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    ...(url.searchParams.get('ssl') === 'true' ? { ssl: {} } : {}),
  };
}

const borrow = (pool: Pool): Promise<PoolConnection> =>
  new Promise((resolve, reject) => {
    pool.getConnection((error, connection) => (error ? reject(error) : resolve(connection)));
  });

/**
 * @param url mysql://user:password@host:port/database, `?ssl=true` for TLS
 * @param connections most small queries at once
 * @param interposer called at each statement's point; production has none
 * @param silenceMs milliseconds without a byte after which a streaming read counts as lost
 */
export function openSource(url: string, connections = 4, interposer?: Interposer, silenceMs = SILENCE_MS): Source {
  const options = connectionOptions(new URL(url));
  const pool = mysql.createPool({ ...options, connectionLimit: connections });
  const pass = passage('source', interposer);
  const prepared = new WeakSet<Connection>();

  const kill = (thread: number): void => {
    // It may have ended by itself, or the server be gone: whoever aborted a read does not wait for this, nor fail by it.
    void source.query('source.kill', `KILL QUERY ${thread}`).catch(() => undefined);
  };
  const open = (connection: Connection, signal?: AbortSignal): OpenSession =>
    new OpenSession(connection, { pass, kill, silenceMs, signal });

  /** A session that cannot be set would read under another profile: better none. */
  const prepare = async (session: OpenSession, connection: Connection): Promise<void> => {
    if (prepared.has(connection)) return;
    try {
      await session.query('source.session', SESSION);
      prepared.add(connection);
    } catch (error) {
      session.destroy();
      throw error;
    }
  };

  const source: Source = {
    database: options.database ?? '',

    query: async (point, sql, values, signal) => {
      const connection = await classified('source', borrow(pool));
      const session = open(connection, signal);
      try {
        await prepare(session, connection);
        return await session.query(point, sql, values);
      } finally {
        session.leave();
        // One that is over has left the pool by itself.
        if (!session.isOver) connection.release();
      }
    },

    dedicated: async (signal) => {
      const connection = mysql.createConnection(options);
      const session = open(connection, signal);
      await prepare(session, connection);
      return session;
    },

    close: () => new Promise((resolve) => pool.end(() => resolve())),
  };
  return source;
}
