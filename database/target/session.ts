/** What the statements of `database/` need of the target: each names its point, and fails with errors of ours only. */
import type { Writable } from 'node:stream';
import type { Pool, PoolClient } from 'pg';
import { from } from 'pg-copy-streams';
import type { CopyStreamQuery } from 'pg-copy-streams';
import type { Passage } from '../interposer';
import type { Point } from '../points';

export interface Answer<R> {
  readonly rows: R[];
  /** Rows that the statement touched; null where it touches none by its nature. */
  readonly rowCount: number | null;
}

export interface TargetQueries {
  /** Runs one statement; values are bound. */
  query<R extends object = Record<string, unknown>>(
    point: Point,
    sql: string,
    values?: readonly unknown[],
  ): Promise<Answer<R>>;
}

/** One connection, from {@link Target.connect} until it is released. */
export interface TargetSession extends TargetQueries {
  /**
   * Runs a COPY FROM STDIN that `fill` feeds. It begins when `fill` opens the sink: one that waits for its first row
   * could fail with nobody there to hear of it.
   *
   * @param fill feeds the sink from the moment it opens it, and ends it, or fails; its own errors pass through
   * @returns what `fill` returned, and the rows that the server took
   */
  copyFrom<T>(
    point: Point,
    sql: string,
    fill: (open: () => Writable) => Promise<T>,
  ): Promise<{ filled: T; rows: number }>;
  /** Gives the connection back; a broken one is closed. */
  release(broken?: boolean): void;
}

export interface Target extends TargetQueries {
  /** @throws CarryoverError `TargetUnavailable` where no connection comes up */
  connect(): Promise<TargetSession>;
  end(): Promise<void>;
}

const queries = (pass: Passage, driver: Pool | PoolClient): TargetQueries => ({
  query: <R extends object>(point: Point, sql: string, values?: readonly unknown[]) =>
    pass<Answer<R>>(point, () => driver.query<R>(sql, values as unknown[] | undefined)),
});

export function targetOver(pool: Pool, pass: Passage, connect: () => Promise<PoolClient>): Target {
  return {
    ...queries(pass, pool),
    connect: async () => sessionOver(await connect(), pass),
    end: () => pool.end(),
  };
}

const sessionOver = (client: PoolClient, pass: Passage): TargetSession => ({
  ...queries(pass, client),
  copyFrom: (point, sql, fill) =>
    pass(point, async () => {
      let sink: CopyStreamQuery | undefined;
      const filled = await fill(() => {
        sink = client.query(from(sql));
        // Whoever fills it hears of its failure while it does. What comes later, of a COPY that was given up, is nobody's
        // failure; unheard, it would end the whole worker.
        sink.on('error', () => undefined);
        return sink;
      });
      return { filled, rows: sink?.rowCount ?? 0 };
    }),
  release: (broken = false) => client.release(broken),
});
