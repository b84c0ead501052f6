/**
 * Connections to the source (MySQL or MariaDB), under the one safe reading profile: values arrive as bytes, never as
 * JavaScript dates or numbers; the session's zone is UTC and its sql_mode empty, so that the server shows each value
 * as it is stored. The source is only read.
 */
import mysql from 'mysql2';
import type { Connection, ConnectionOptions, Pool, RowDataPacket } from 'mysql2';
import { classified } from '../sql-errors';

/** A value to bind; texts and integers only. */
export type SourceValue = string | number;

export interface Source {
  /** Schema (database) that the URL names. */
  readonly database: string;
  /** Runs a small query; every value comes back as text. */
  query(sql: string, values?: readonly SourceValue[]): Promise<(string | null)[][]>;
  /** A connection of its own for a long read; the caller destroys it. */
  dedicated(): Promise<Connection>;
  close(): Promise<void>;
}

const SESSION = "SET SESSION time_zone = '+00:00', sql_mode = '', net_write_timeout = 3600, net_read_timeout = 3600";

/** Milliseconds until a server that does not answer counts as unreachable. */
const CONNECT_TIMEOUT_MS = 10_000;

function connectionOptions(url: URL): ConnectionOptions {
  return {
    host: url.hostname,
    port: url.port === '' ? 3306 : Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
    charset: 'utf8mb4',
    connectTimeout: CONNECT_TIMEOUT_MS,
    ...(url.searchParams.get('ssl') === 'true' ? { ssl: {} } : {}),
  };
}

const asText = (value: Buffer | null): string | null => (value === null ? null : value.toString('utf8'));

/**
 * @param url mysql://user:password@host:port/database, `?ssl=true` for TLS
 * @param connections most small queries at once
 */
export function openSource(url: string, connections = 4): Source {
  const parsed = new URL(url);
  const options = connectionOptions(parsed);
  const pool: Pool = mysql.createPool({ ...options, connectionLimit: connections });
  pool.on('connection', (connection) => {
    // A session that cannot be set would read under another profile: better none.
    connection.query(SESSION, (error) => error && connection.destroy());
  });

  return {
    database: options.database ?? '',

    query: (sql, values = []) =>
      classified(
        'source',
        new Promise((resolve, reject) => {
          pool.query<RowDataPacket[][]>(
            { sql, values: [...values], rowsAsArray: true, typeCast: false },
            (error, rows) => {
              if (error) reject(error);
              else resolve((rows as unknown as (Buffer | null)[][]).map((row) => row.map(asText)));
            },
          );
        }),
      ),

    dedicated: () =>
      classified(
        'source',
        new Promise((resolve, reject) => {
          const connection = mysql.createConnection(options);
          connection.on('error', () => connection.destroy());
          connection.query(SESSION, (error) => {
            if (error) {
              connection.destroy();
              reject(error);
            } else {
              resolve(connection);
            }
          });
        }),
      ),

    close: () => new Promise((resolve) => pool.end(() => resolve())),
  };
}
