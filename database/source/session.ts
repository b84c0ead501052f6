/**
 * One connection to the source. A read that is aborted ends on the server too, and a connection that is lost, or falls
 * silent, is an error and not a hang: the driver tells a waiting or streaming statement nothing.
 */
import { PassThrough } from 'node:stream';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Socket } from 'node:net';
import type { Connection, Query, RowDataPacket } from 'mysql2';
import type { Passage } from '../interposer';
import type { Point } from '../points';

/** A value to bind; texts and integers only. */
export type SourceValue = string | number;

/** Values as text. */
export type SourceRow = (string | null)[];

export interface SourceQueries {
  /**
   * Runs a small query; every value comes back as text.
   *
   * @param signal ends the query, here and on the server
   */
  query(point: Point, sql: string, values?: readonly SourceValue[], signal?: AbortSignal): Promise<SourceRow[]>;
}

/** Makes chunks of bytes of rows as they come off the wire. */
export interface RowEncoding {
  /** Takes a row; returns a chunk whenever one is full. */
  add(row: readonly (Buffer | null)[]): Buffer | null;
  /** What is left at the end. */
  flush(): Buffer | null;
}

/** A connection of its own for long reads; the caller destroys it. */
export interface SourceSession {
  query(point: Point, sql: string, values?: readonly SourceValue[]): Promise<SourceRow[]>;
  /** Streams the rows of a query, encoded; the stream fails with errors of ours only. */
  stream(point: Point, sql: string, values: readonly SourceValue[], encoding: RowEncoding): Readable;
  /** Drops the connection, and so whatever still runs on it. */
  destroy(): void;
}

export interface SessionParts {
  readonly pass: Passage;
  /** Ends the statement that a connection runs, from another one. */
  readonly kill: (thread: number) => void;
  /** Milliseconds without a byte after which a streaming read counts as lost. */
  readonly silenceMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Looks at silence so often within its limit, so that a process that was stopped for a while calls nobody lost. */
const LOOKS = 4;

/** Bytes that wait for a slower sink. */
const BUFFER = 256 * 1024;

const asText = (value: Buffer | null): string | null => (value === null ? null : value.toString('utf8'));

const lost = (code: string): Error => Object.assign(new Error('connection lost'), { code });

/** Without a code: it is no error of a driver, and must not be taken for one. */
const cancelled = (): Error => new Error('the read was cancelled');

/** Lets a stream run into a sink, which is ended; an abort also ends a sink that takes nothing more. */
export async function pour(rows: Readable, sink: Writable, signal: AbortSignal): Promise<void> {
  try {
    await pipeline(rows, sink, { signal });
  } catch (error) {
    throw signal.aborted ? cancelled() : error;
  }
}

/** The driver does not type its socket. */
const socketOf = (connection: Connection): Socket => (connection as unknown as { stream: Socket }).stream;

export class OpenSession implements SourceSession {
  private readonly waiting = new Set<(error: Error) => void>();
  private ended: Error | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly parts: SessionParts,
  ) {
    connection.on('error', this.onError);
    connection.on('end', this.onEnd);
    parts.signal?.addEventListener('abort', this.onAbort);
    if (parts.signal?.aborted) this.onAbort();
  }

  /** True where the connection is of no further use. */
  get isOver(): boolean {
    return this.ended !== undefined;
  }

  query(point: Point, sql: string, values: readonly SourceValue[] = []): Promise<SourceRow[]> {
    return this.parts.pass(point, () =>
      this.exchange<SourceRow[]>((resolve, reject) => {
        const options = { sql, values: [...values], rowsAsArray: true, typeCast: false };
        this.connection.query<RowDataPacket[][]>(options, (error, rows) => {
          if (error) reject(error);
          else if (!Array.isArray(rows)) resolve([]);
          else resolve((rows as unknown as (Buffer | null)[][]).map((row) => row.map(asText)));
        });
      }),
    );
  }

  stream(point: Point, sql: string, values: readonly SourceValue[], encoding: RowEncoding): Readable {
    const out = new PassThrough({ highWaterMark: BUFFER });
    this.parts
      .pass(point, () =>
        this.exchange<void>((resolve, reject) => this.pump(sql, values, encoding, out, resolve, reject)),
      )
      .then(
        () => out.end(encoding.flush() ?? undefined),
        (error: Error) => out.destroy(error),
      );
    return out;
  }

  destroy(): void {
    this.fail(lost('PROTOCOL_CONNECTION_LOST'));
    this.leave();
  }

  /** Stops listening; the connection may go back to its pool. */
  leave(): void {
    this.connection.off('error', this.onError);
    this.connection.off('end', this.onEnd);
    this.parts.signal?.removeEventListener('abort', this.onAbort);
    // Errors of a connection that is let go are nobody's; without a listener they would end the process.
    if (this.isOver) this.connection.on('error', () => undefined);
  }

  /** Hands rows on as the driver parses them, without a turn of the event loop for each. */
  private pump(
    sql: string,
    values: readonly SourceValue[],
    encoding: RowEncoding,
    out: PassThrough,
    resolve: () => void,
    reject: (error: Error) => void,
  ): void {
    const { connection } = this;
    const query: Query = connection.query({ sql, values: [...values], rowsAsArray: true, typeCast: false });
    const watch = this.watchSilence();
    query.on('result', (row) => {
      if (out.destroyed) return;
      try {
        const chunk = encoding.add(row as unknown as (Buffer | null)[]);
        if (chunk === null || out.write(chunk)) return;
        connection.pause();
        out.once('drain', () => connection.resume());
      } catch (error) {
        reject(error as Error);
      }
    });
    query.on('error', reject);
    query.on('end', () => {
      clearInterval(watch);
      resolve();
    });
    out.once('close', () => clearInterval(watch));
  }

  /** While the sink holds the rows up, silence says nothing of the server. */
  private watchSilence(): NodeJS.Timeout {
    let bytes = -1;
    let looks = 0;
    return setInterval(() => {
      const socket = socketOf(this.connection);
      const quiet = socket.bytesRead === bytes && !socket.isPaused();
      bytes = socket.bytesRead;
      looks = quiet ? looks + 1 : 0;
      if (looks >= LOOKS) this.fail(lost('ETIMEDOUT'));
    }, this.parts.silenceMs / LOOKS);
  }

  /** One statement of the driver, which also ends where the connection does. */
  private async exchange<T>(start: (resolve: (value: T) => void, reject: (error: Error) => void) => void): Promise<T> {
    let reject: ((error: Error) => void) | undefined;
    try {
      return await new Promise<T>((resolve, fail) => {
        if (this.ended !== undefined) throw this.ended;
        reject = fail;
        this.waiting.add(fail);
        start(resolve, fail);
      });
    } finally {
      if (reject !== undefined) this.waiting.delete(reject);
    }
  }

  private readonly onError = (error: Error): void => this.fail(error);
  private readonly onEnd = (): void => this.fail(lost('PROTOCOL_CONNECTION_LOST'));

  private readonly onAbort = (): void => {
    // A server notices a dropped connection only when it next sends a row, which may be long after a sort or a count.
    const { threadId } = this.connection as { threadId: number | null };
    if (this.waiting.size > 0 && threadId !== null) this.parts.kill(threadId);
    this.fail(cancelled());
  };

  private fail(error: Error): void {
    if (this.ended !== undefined) return;
    this.ended = error;
    // The socket goes at once: the driver would only say goodbye, and a server that waits for a reader would not hear it.
    this.connection.destroy();
    socketOf(this.connection).destroy();
    for (const tell of this.waiting) tell(error);
  }
}
